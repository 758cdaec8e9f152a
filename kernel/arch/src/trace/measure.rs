//! How long interrupts and preemption stay off, and how locks are used. All of it cold: it runs while measuring is on.

use core::arch::{asm, naked_asm};
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

/// What the guards of locks call: a function that keeps all registers, so that a guard costs its callers no spilling
/// while nothing is measured. `class` is that of a lock, or [`NO_LOCK`].
macro_rules! keeping_registers {
    ($($(#[$doc:meta])* $name:ident calls $body:ident;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name(class: usize) {
            /// # Safety
            /// Keeps every register but RDI, the argument; the stack is aligned as for any call.
            #[unsafe(naked)]
            unsafe extern "C" fn stub() {
                naked_asm!(
                    "push rbp", "mov rbp, rsp",
                    "push rax", "push rcx", "push rdx", "push rsi", "push r8", "push r9", "push r10", "push r11",
                    "call {body}",
                    "pop r11", "pop r10", "pop r9", "pop r8", "pop rsi", "pop rdx", "pop rcx", "pop rax",
                    "pop rbp", "ret",
                    body = sym $body,
                )
            }
            // SAFETY: the stub's contract; kernel code has no vector registers to keep.
            unsafe { asm!("call {stub}", stub = sym stub, inout("rdi") class => _) }
        }
    )*};
}

/// No lock's class.
pub const NO_LOCK: usize = usize::MAX;

keeping_registers! {
    /// Interrupts have just been turned off.
    interrupts_went_off calls begin_irq_off;
    /// Interrupts are about to be turned on.
    interrupts_came_on calls end_irq_off;
    /// Preemption has just been turned off; only the outermost region counts.
    preemption_went_off calls begin_preempt_off;
    /// Preemption is about to be turned on, if this is the outermost region.
    preemption_came_on calls end_preempt_off;
    /// A lock of this class is about to be taken.
    note_lock calls count_lock;
}

extern "C" fn begin_irq_off(class: usize) {
    if let Some(block) = this_block() {
        open(&block.irq_off, 1);
    }
    count_lock(class);
}

extern "C" fn end_irq_off(_: usize) {
    if let Some(block) = this_block() {
        close(&block.irq_off);
    }
}

extern "C" fn begin_preempt_off(class: usize) {
    if preempt::count() == 1
        && let Some(block) = this_block()
    {
        open(&block.preempt_off, 1);
    }
    count_lock(class);
}

extern "C" fn end_preempt_off(_: usize) {
    if preempt::count() == 1
        && let Some(block) = this_block()
    {
        close(&block.preempt_off);
    }
}

extern "C" fn count_lock(class: usize) {
    interrupts::without(|| {
        if let Some(block) = this_block()
            && let Some(place) = block.locks.get(class)
        {
            add(&place.taken, 1);
        }
    });
}

/// The handler of an interrupt begins; none interrupts it.
#[cold]
#[inline(never)]
pub(crate) fn interrupt_begins(vector: u8) {
    event(Kind::InterruptEnter, vector, 0, 0);
    if super::is_measuring()
        && let Some(block) = this_block()
    {
        open(&block.irq_off, 0);
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

/// The CPU is about to halt with interrupts on: what was open is no region of code.
#[cold]
#[inline(never)]
pub fn forget_open_regions() {
    if let Some(block) = this_block() {
        block.irq_off.start.store(0, Relaxed);
        block.preempt_off.start.store(0, Relaxed);
    }
}

/// Notes the time and the callers, without the first few.
#[inline(always)]
fn open(measure: &Measure, skipped: usize) {
    let mut callers = debug::backtrace(debug::frame_pointer()).skip(skipped);
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
