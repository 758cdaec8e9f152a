//! What each CPU keeps at hand so that the common allocation takes no lock: frames, heap blocks, kernel stacks.
//!
//! A CPU's caches are used by that CPU alone, with interrupts off, through cells. The boot CPU's are static; the
//! others'
//! are made at their first allocation.
#![allow(unsafe_code)]

use crate::frame::cache::FrameCache;
use crate::frame::depot;
use crate::heap::magazine::{self, Magazines};
use crate::heap::size_class;
use crate::stack::StackCache;
use arch::cpu::{self, CpuId, MAX_CPUS};
use arch::local::{self, Slot};
use arch::{PAGE_SIZE, PhysAddr, phys_to_virt};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

/// One CPU's caches.
pub(crate) struct CpuCaches {
    pub(crate) frames: FrameCache,
    /// Empty page tables.
    pub(crate) tables: FrameCache,
    /// Roots with nothing but the kernel half.
    pub(crate) roots: FrameCache,
    pub(crate) magazines: Magazines,
    pub(crate) stacks: StackCache,
    /// A block laid aside for the very next allocation; see [`crate::alloc`].
    pub(crate) stash: Cell<Option<(NonNull<u8>, Layout)>>,
    /// The next allocation was promised to succeed: it is not made to fail.
    pub(crate) is_promised: Cell<bool>,
}

impl CpuCaches {
    const fn new() -> Self {
        Self {
            frames: FrameCache::new(),
            tables: FrameCache::new(),
            roots: FrameCache::new(),
            magazines: Magazines::new(),
            stacks: StackCache::new(),
            stash: Cell::new(None),
            is_promised: Cell::new(false),
        }
    }
}

struct Static(CpuCaches);

// SAFETY: the cells in it are used by the boot CPU alone, with interrupts off (`with`).
unsafe impl Sync for Static {}

static BOOT_CPU: Static = Static(CpuCaches::new());

/// Every CPU's caches, for counting.
static ALL: [AtomicPtr<CpuCaches>; MAX_CPUS] = [const { AtomicPtr::new(ptr::null_mut()) }; MAX_CPUS];

/// Gives `f` the caches of this CPU; interrupts are off meanwhile.
#[inline(always)]
pub(crate) fn with<R>(f: impl FnOnce(&CpuCaches) -> R) -> R {
    let _irq = sync::irq_off();
    let mut caches = local::load(Slot::Magazines) as *const CpuCaches;
    if caches.is_null() {
        caches = install();
    }
    // SAFETY: this CPU's own caches, never freed; with interrupts off nothing else uses their cells.
    f(unsafe { &*caches })
}

/// As [`with`] for fast paths: nothing where this CPU has no caches yet.
#[inline(always)]
pub(crate) fn try_with<R>(f: impl FnOnce(&CpuCaches) -> Option<R>) -> Option<R> {
    let _irq = sync::irq_off();
    let caches = local::load(Slot::Magazines) as *const CpuCaches;
    // SAFETY: as in `with`.
    f(unsafe { caches.as_ref() }?)
}

/// Makes this CPU's caches. Interrupts are off.
#[cold]
fn install() -> *const CpuCaches {
    let cpu = cpu::current();
    let caches = if cpu == CpuId::BOOT {
        ptr::from_ref(&BOOT_CPU.0)
    } else {
        let order = size_of::<CpuCaches>().div_ceil(PAGE_SIZE).next_power_of_two().ilog2() as u8;
        let Some(block) = depot::take(order) else { panic!("no memory for the caches of {cpu}") };
        let caches = phys_to_virt(PhysAddr::new(u64::from(block.get()) << 12)).cast::<CpuCaches>();
        // SAFETY: the block is large enough, page-aligned, in the direct map and ours.
        unsafe { caches.write(CpuCaches::new()) };
        caches
    };
    ALL[cpu.index()].store(caches.cast_mut(), Ordering::Release);
    local::store(Slot::Magazines, caches as usize);
    caches
}

fn all() -> impl Iterator<Item = *const CpuCaches> {
    ALL.iter().map(|caches| caches.load(Ordering::Acquire).cast_const()).filter(|caches| !caches.is_null())
}

/// How many frames each CPU's caches hold.
pub(crate) fn frame_counts() -> impl Iterator<Item = usize> {
    all().map(|caches| {
        // SAFETY: caches are never freed.
        let frames = unsafe { &raw const (*caches).frames.len };
        // SAFETY: as above.
        let tables = unsafe { &raw const (*caches).tables.len };
        // SAFETY: as above.
        let roots = unsafe { &raw const (*caches).roots.len };
        // SAFETY: as above; these parts are atomic and so shared.
        [frames, tables, roots].into_iter().map(|len| unsafe { &*len }.load(Ordering::Relaxed)).sum()
    })
}

/// How many kernel stacks each CPU keeps.
pub(crate) fn stack_counts() -> impl Iterator<Item = usize> {
    all().map(|caches| {
        // SAFETY: caches are never freed.
        let len = unsafe { &raw const (*caches).stacks.len };
        // SAFETY: as above; this part is atomic and so shared.
        unsafe { &*len }.load(Ordering::Relaxed)
    })
}

/// Heap blocks handed out less those taken back, for each CPU and class.
pub(crate) fn balances() -> impl Iterator<Item = [isize; size_class::COUNT]> {
    all().map(|caches| {
        // SAFETY: caches are never freed.
        let magazines = unsafe { &raw const (*caches).magazines };
        // SAFETY: as above.
        unsafe { magazine::balances(magazines) }
    })
}
