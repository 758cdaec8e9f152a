//! The trace: what an event costs, and that what is measured is so.

use alloc::sync::Arc;
use arch::cpu::CpuId;
use arch::trace::LockCounts;
use arch::{CpuSet, clock};
use sched::Thread;
use sync::ranks::TestOuter;
use sync::trace::{self, EVENTS, Kind, MEASURES};
use sync::{LockClass, Mutex, irq_off, lock_counts, preempt_off};

use super::{Verdict, check, is_exact};

const ROUNDS: u64 = 1000;
/// How long regions are made, nanoseconds.
const LONG_NS: u64 = 3_000_000;

/// Off, an event is a branch that is not taken; on, fewer than thirty instructions more.
pub fn costs() -> Verdict {
    check(trace::is_installed(), "the command line must say trace=ready")?;
    sched::current().set_affinity(CpuSet::of(CpuId::BOOT)).map_err(|_| "set_affinity failed")?;
    let nothing = measure(|_| {});
    let off = measure(ten_events);
    let before = trace::block(CpuId::BOOT).map_or(0, |block| block.counts().0);
    trace::start(EVENTS);
    let on = measure(ten_events);
    trace::stop(EVENTS);
    let after = trace::block(CpuId::BOOT).map_or(0, |block| block.counts().0);
    log::info!("a loop: {nothing} ns; with ten events: {off} ns off, {on} ns on");
    check(after - before >= 10 * ROUNDS, "events were not recorded")?;
    check(!is_exact() || on - off < 10 * 30, "an event costs too much")?;
    check(!is_exact() || off - nothing <= 10 * 4, "no event costs too much")
}

/// So many that the loop around them hardly counts.
#[inline(never)]
fn ten_events(data: u64) {
    macro_rules! events {
        ($($number:literal)*) => {
            $(trace::event(Kind::CallExit, $number, 1, data);)*
        };
    }
    events!(0 1 2 3 4 5 6 7 8 9);
}

fn measure(operation: impl Fn(u64)) -> u64 {
    let start = clock::now_ns();
    for round in 0..ROUNDS {
        operation(core::hint::black_box(round));
    }
    (clock::now_ns() - start).div_ceil(ROUNDS)
}

/// The longest regions without interrupts and without preemption are known with their lengths.
pub fn regions() -> Verdict {
    check(trace::is_installed(), "the command line must say trace=ready")?;
    trace::start(MEASURES);
    without_interrupts();
    without_preemption();
    trace::stop(MEASURES);
    let cpus = || arch::cpu::online().iter();
    let irq_off = cpus().flat_map(trace::longest_irq_off).map(|region| region.ns).max();
    let preempt_off = cpus().flat_map(trace::longest_preempt_off).map(|region| region.ns).max();
    log::info!("longest: {irq_off:?} ns without interrupts, {preempt_off:?} ns without preemption");
    check(irq_off.is_some_and(|ns| ns >= LONG_NS), "a region without interrupts was missed")?;
    check(preempt_off.is_some_and(|ns| ns >= LONG_NS), "a region without preemption was missed")
}

#[inline(never)]
fn without_interrupts() {
    let _off = irq_off();
    clock::spin_for_ns(LONG_NS);
}

#[inline(never)]
fn without_preemption() {
    let _off = preempt_off();
    clock::spin_for_ns(LONG_NS);
}

/// A lock that is taken, and one that is waited for, count.
pub fn locks() -> Verdict {
    check(trace::is_installed(), "the command line must say trace=ready")?;
    let lock = Arc::new(Mutex::<u32, TestOuter>::new(0));
    let before = counts();
    trace::start(MEASURES);
    let held = lock.lock();
    let other = {
        let lock = Arc::clone(&lock);
        Thread::builder("waits").spawn(move || *lock.lock() += 1).map_err(|_| "no memory")?
    };
    // It sleeps for the lock, uninterruptibly, and for nothing else.
    while other.state_char() != 'D' {
        sched::yield_now();
    }
    drop(held);
    other.join();
    trace::stop(MEASURES);
    let after = counts();
    log::info!("{before:?}, then {after:?}");
    check(after.taken >= before.taken + 2, "a lock was not counted")?;
    check(after.waited == before.waited + 1, "a wait was not counted")?;
    check(after.wait_ns > before.wait_ns && after.longest_ns > 0, "a wait took no time")
}

fn counts() -> LockCounts {
    lock_counts().find(|(name, _)| *name == TestOuter::NAME).map_or_else(LockCounts::default, |(_, counts)| counts)
}
