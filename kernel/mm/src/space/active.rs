//! Which space each CPU has loaded.
//!
//! The per-CPU word holds a pointer to the space, with bit 0 set while the CPU runs a thread that has no user memory
//! (it is
//! *lazy*), and is null when the kernel's own root is loaded. The pointer stays valid: while a thread that uses the
//! space
//! runs, by the thread's own reference; afterwards, because a space that ends first expels everyone
//! ([`crate::shootdown::expel`]).
#![allow(unsafe_code)]

use super::AddressSpace;
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
fn loaded() -> *const AddressSpace {
    (local::load(Slot::AddressSpace) & !LAZY) as *const AddressSpace
}

/// Calls `f` with the current thread's space; `None` for a thread without user memory. The thread must not change its
/// space within `f`.
#[inline]
pub fn with_current<R>(f: impl FnOnce(Option<&AddressSpace>) -> R) -> R {
    // One read of one per-CPU word: it holds this thread's space on whichever CPU that happens.
    let word = local::load(Slot::AddressSpace);
    if word == 0 || word & LAZY != 0 {
        return f(None);
    }
    // SAFETY: the running thread holds a reference to its space, and keeps it while `f` runs.
    f(Some(unsafe { &*(word as *const AddressSpace) }))
}

/// The root that this CPU has loaded, 0 if it is the kernel's own. The caller is pinned.
#[inline]
pub(crate) fn loaded_root() -> u64 {
    let space = loaded();
    if space.is_null() {
        return 0;
    }
    // SAFETY: a loaded space lives until this CPU has left it.
    unsafe { (*space).presence.root.as_u64() }
}

/// Loads a space. Interrupts are off.
#[inline]
pub(super) fn load(space: &AddressSpace) {
    let old = loaded();
    if core::ptr::eq(old, space) {
        return local::store(Slot::AddressSpace, old as usize);
    }
    let me = cpu::current();
    space.presence.cpus.set(me, Ordering::SeqCst);
    // SAFETY: the root has the kernel half (`with_layout`) and lives until this CPU has left the space.
    unsafe { paging::activate(space.presence.root) };
    local::store(Slot::AddressSpace, core::ptr::from_ref(space) as usize);
    if !old.is_null() {
        // SAFETY: as in `loaded_root`; this CPU's bit, cleared by this very call, keeps it alive.
        unsafe { &(*old).presence.cpus }.clear(me, Ordering::SeqCst);
    }
}

/// The running thread has no user memory from now on: its space stays loaded until another is needed or it ends.
/// Interrupts are off.
#[inline]
pub fn enter_lazy() {
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
    let space = loaded();
    // SAFETY: the kernel's own root maps the kernel and is never freed.
    unsafe { paging::activate(paging::kernel_root()) };
    local::store(Slot::AddressSpace, 0);
    // SAFETY: as in `load`.
    unsafe { &(*space).presence.cpus }.clear(cpu::current(), Ordering::SeqCst);
}
