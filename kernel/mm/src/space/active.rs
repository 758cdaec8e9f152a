//! Which space each CPU has loaded.
//!
//! The per-CPU word holds a pointer to the space's [`Presence`], with bit 0 set while the CPU runs a thread that has no user
//! memory (it is *lazy*), and is null when the kernel's own root is loaded. The pointer stays valid: a space that
//! ends first expels everyone ([`crate::shootdown::expel`]).
#![allow(unsafe_code)]

use arch::local::{self, Slot};
use arch::{AtomicCpuSet, PhysAddr, cpu, paging};
use core::sync::atomic::Ordering;

const LAZY: usize = 1;

/// What a CPU needs to know of a space it has loaded.
pub(crate) struct Presence {
    /// The root of its page tables.
    pub(crate) root: PhysAddr,
    /// The CPUs that have it loaded.
    pub(crate) cpus: AtomicCpuSet,
}

impl Presence {
    pub(crate) const fn new(root: PhysAddr) -> Self {
        Self { root, cpus: AtomicCpuSet::empty() }
    }
}

/// What is loaded on this CPU, lazily or not. The caller is pinned.
#[inline(always)]
fn loaded() -> *const Presence {
    (local::load(Slot::AddressSpace) & !LAZY) as *const Presence
}

/// The presence that the running thread uses; null for a thread without user memory.
#[inline(always)]
pub(crate) fn current() -> *const Presence {
    let word = local::load(Slot::AddressSpace);
    if word & LAZY == 0 { word as *const Presence } else { core::ptr::null() }
}

/// The root that this CPU has loaded, 0 if it is the kernel's own. The caller is pinned.
#[inline]
pub(crate) fn loaded_root() -> u64 {
    let presence = loaded();
    if presence.is_null() {
        return 0;
    }
    // SAFETY: a loaded space's presence lives until this CPU has left it.
    unsafe { (*presence).root.as_u64() }
}

/// Loads a space. Interrupts are off.
#[inline]
pub(crate) fn load(presence: &Presence) {
    let old = loaded();
    if core::ptr::eq(old, presence) {
        local::store(Slot::AddressSpace, old as usize);
        return;
    }
    let me = cpu::current();
    presence.cpus.set(me, Ordering::SeqCst);
    // SAFETY: the root has the kernel half (`AddressSpace::new`) and lives until this CPU has left the space.
    unsafe { paging::activate(presence.root) };
    local::store(Slot::AddressSpace, core::ptr::from_ref(presence) as usize);
    if !old.is_null() {
        // SAFETY: as in `loaded_root`; this CPU's bit, cleared last, keeps it alive.
        unsafe { &(*old).cpus }.clear(me, Ordering::SeqCst);
    }
}

/// The running thread has no user memory from now on. Interrupts are off.
#[inline]
pub(crate) fn enter_lazy() {
    let word = local::load(Slot::AddressSpace);
    if word != 0 {
        local::store(Slot::AddressSpace, word | LAZY);
    }
}

/// Loads the kernel's own root in place of `root`, if that is loaded.
pub(crate) fn leave(root: PhysAddr) {
    let _irq = sync::irq_off();
    if loaded_root() == root.as_u64() {
        leave_loaded();
    }
}

/// Leaves the loaded space if the CPU is lazy. Interrupts are off.
pub(crate) fn leave_if_lazy() -> bool {
    let is_lazy = local::load(Slot::AddressSpace) & LAZY != 0;
    if is_lazy {
        leave_loaded();
    }
    is_lazy
}

fn leave_loaded() {
    let presence = loaded();
    // SAFETY: the kernel's own root maps the kernel and is never freed.
    unsafe { paging::activate(paging::kernel_root()) };
    local::store(Slot::AddressSpace, 0);
    // SAFETY: as in `load`.
    unsafe { &(*presence).cpus }.clear(cpu::current(), Ordering::SeqCst);
}
