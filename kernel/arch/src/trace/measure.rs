//! How long interrupts and preemption stay off, and how locks are used. All of it cold: it runs while measuring is on.

use core::sync::atomic::Ordering::Relaxed;

use abi::trace::{CALLERS, LockUse, Measure};

use super::{Kind, MAX_CLASSES, add, block, event, this_block};
use crate::cpu::{self, CpuId};
use crate::{clock, debug, interrupts, preempt};

/// One long region, for who reads it on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LongRegion {
    /// How long, in nanoseconds.
    pub ns: u64,
    /// Who opened it: return addresses, the innermost first.
    pub callers: [u64; CALLERS],
}

/// What one CPU, or all together, did with the locks of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockCounts {
    /// How often one was taken.
    pub taken: u64,
    /// How often it was not free.
    pub waited: u64,
    /// How long that took, nanoseconds: together.
    pub wait_ns: u64,
    /// And at most.
    pub longest_ns: u64,
}

/// Interrupts have just been turned off, by the caller of the caller.
#[cold]
#[inline(never)]
pub fn interrupts_went_off() {
    if let Some(block) = this_block() {
        open(&block.irq_off);
    }
}

/// Interrupts are about to be turned on.
#[cold]
#[inline(never)]
pub fn interrupts_came_on() {
    if let Some(block) = this_block() {
        close(&block.irq_off);
    }
}

/// The handler of an interrupt begins; none interrupts it.
#[cold]
#[inline(never)]
pub(crate) fn interrupt_begins(vector: u8) {
    event(Kind::InterruptEnter, vector, 0, 0);
    if super::is_measuring()
        && let Some(block) = this_block()
    {
        open(&block.irq_off);
    }
}

/// It ends.
#[cold]
#[inline(never)]
pub(crate) fn interrupt_ends(vector: u8) {
    if super::is_measuring()
        && let Some(block) = this_block()
    {
        close(&block.irq_off);
    }
    event(Kind::InterruptExit, vector, 0, 0);
}

/// Preemption has just been turned off; only the outermost region counts.
#[cold]
#[inline(never)]
pub fn preemption_went_off() {
    if preempt::count() == 1
        && let Some(block) = this_block()
    {
        open(&block.preempt_off);
    }
}

/// Preemption is about to be turned on, if this is the outermost region.
#[cold]
#[inline(never)]
pub fn preemption_came_on() {
    if preempt::count() == 1
        && let Some(block) = this_block()
    {
        close(&block.preempt_off);
    }
}

/// The CPU is about to halt with interrupts on: what was open is no region of code.
#[cold]
#[inline(never)]
pub fn forget_open_regions() {
    if let Some(block) = this_block() {
        block.irq_off.start.store(0, Relaxed);
        block.preempt_off.start.store(0, Relaxed);
    }
}

/// Notes the time and the callers. Frame 0 is who turned something off.
#[inline(always)]
fn open(measure: &Measure) {
    let mut callers = debug::backtrace(debug::frame_pointer());
    for place in &measure.callers {
        place.store(callers.next().unwrap_or(0), Relaxed);
    }
    measure.start.store(clock::now_ticks(), Relaxed);
}

/// Keeps the region if it is one of the longest.
fn close(measure: &Measure) {
    let start = measure.start.swap(0, Relaxed);
    if start == 0 {
        return;
    }
    let ticks = clock::now_ticks().wrapping_sub(start);
    let caller = measure.callers[0].load(Relaxed);
    let of_same_caller = measure.longest.iter().find(|region| region.callers[0].load(Relaxed) == caller);
    let shortest = || measure.longest.iter().min_by_key(|region| region.ticks.load(Relaxed));
    let Some(place) = of_same_caller.or_else(shortest) else { return };
    // A region that seems to have begun in the future came from a CPU whose clock differs by a little.
    if ticks <= place.ticks.load(Relaxed) || ticks > i64::MAX as u64 {
        return;
    }
    place.ticks.store(ticks, Relaxed);
    place.start.store(start, Relaxed);
    for (to, from) in place.callers.iter().zip(&measure.callers) {
        to.store(from.load(Relaxed), Relaxed);
    }
}

/// A lock of class `class` has been taken at once.
#[cold]
#[inline(never)]
pub fn note_lock(class: usize) {
    interrupts::without(|| {
        if let Some(block) = this_block()
            && let Some(place) = block.locks.get(class)
        {
            add(&place.taken, 1);
        }
    });
}

/// A lock of class `class` is not free; what [`note_wait`] wants to know.
#[cold]
#[inline(never)]
pub fn waits_for(class: usize, thread: u64) -> u64 {
    let caller = debug::backtrace(debug::frame_pointer()).nth(1).unwrap_or(0);
    event(Kind::LockWait, class as u8, thread, caller);
    clock::now_ticks()
}

/// The lock that was waited for since `since` has been taken.
#[cold]
#[inline(never)]
pub fn note_wait(class: usize, thread: u64, since: u64) {
    event(Kind::LockTaken, class as u8, thread, 0);
    interrupts::without(|| {
        if let Some(block) = this_block()
            && let Some(place) = block.locks.get(class)
        {
            let ticks = clock::now_ticks().saturating_sub(since);
            add(&place.waited, 1);
            add(&place.wait_ticks, ticks);
            place.longest_ticks.store(place.longest_ticks.load(Relaxed).max(ticks), Relaxed);
        }
    });
}

/// The longest regions of a CPU without interrupts, in no order.
pub fn longest_irq_off(cpu: CpuId) -> impl Iterator<Item = LongRegion> {
    block(cpu).into_iter().flat_map(|block| longest(&block.irq_off))
}

/// The longest regions of a CPU without preemption, in no order.
pub fn longest_preempt_off(cpu: CpuId) -> impl Iterator<Item = LongRegion> {
    block(cpu).into_iter().flat_map(|block| longest(&block.preempt_off))
}

fn longest(measure: &'static Measure) -> impl Iterator<Item = LongRegion> {
    let regions = measure.longest.iter().map(|region| LongRegion {
        ns: clock::ticks_to_ns(region.ticks.load(Relaxed)),
        callers: core::array::from_fn(|at| region.callers[at].load(Relaxed)),
    });
    regions.filter(|region| region.ns != 0)
}

/// What all CPUs together did with the locks of a class.
pub fn locks_of(class: usize) -> LockCounts {
    let uses = cpu::present().iter().filter_map(block).filter_map(|block| block.locks.get(class));
    uses.fold(LockCounts::default(), |sum, place: &LockUse| LockCounts {
        taken: sum.taken + place.taken.load(Relaxed),
        waited: sum.waited + place.waited.load(Relaxed),
        wait_ns: sum.wait_ns + clock::ticks_to_ns(place.wait_ticks.load(Relaxed)),
        longest_ns: sum.longest_ns.max(clock::ticks_to_ns(place.longest_ticks.load(Relaxed))),
    })
}

const _: () = assert!(MAX_CLASSES <= 256, "a class fits into an event's detail");
