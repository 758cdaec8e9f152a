//! Priority inheritance of kernel mutexes.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arch::cpu::CpuId;
use arch::{CpuSet, clock};
use sched::timer::sleep_until;
use sched::{Interruptible, Policy, RealTimePriority, Thread};
use sync::Mutex;
use sync::ranks::TestOuter;

use super::{Verdict, check};

const MILLISECOND: u64 = 1_000_000;

fn spawn(priority: i32, body: impl FnOnce() + Send + 'static) -> Result<Arc<Thread>, &'static str> {
    let priority = RealTimePriority::new(priority).ok_or("no such priority")?;
    let builder = Thread::builder("test").affinity(CpuSet::of(CpuId::BOOT)).policy(Policy::Fifo(priority));
    builder.spawn(body).map_err(|_| "no memory")
}

fn spin(ns: u64) {
    let end = clock::now_ns() + ns;
    while clock::now_ns() < end {
        core::hint::spin_loop();
    }
}

fn sleep(ns: u64) {
    let _ = sleep_until(clock::now_ns() + ns, Interruptible::No);
}

/// Three threads on one processor: the one in the middle does not run while the most urgent waits for the least.
pub fn mutexes_lend_urgency() -> Verdict {
    static LOCK: Mutex<u64, TestOuter> = Mutex::new(0);
    static IS_HELD: AtomicBool = AtomicBool::new(false);
    static IS_DONE: AtomicBool = AtomicBool::new(false);
    static HOG_RAN: AtomicU64 = AtomicU64::new(0);
    static SEEN: AtomicU64 = AtomicU64::new(u64::MAX);
    let low = spawn(10, || {
        let mut held = LOCK.lock();
        IS_HELD.store(true, Ordering::Relaxed);
        // The others come meanwhile.
        spin(40 * MILLISECOND);
        *held += 1;
    })?;
    let high = spawn(90, || {
        while !IS_HELD.load(Ordering::Relaxed) {
            sleep(MILLISECOND);
        }
        let held = LOCK.lock();
        SEEN.store(HOG_RAN.load(Ordering::Relaxed) + (*held - 1), Ordering::Relaxed);
        IS_DONE.store(true, Ordering::Relaxed);
    })?;
    let hog = spawn(50, || {
        sleep(10 * MILLISECOND);
        let end = clock::now_ns() + 2000 * MILLISECOND;
        while !IS_DONE.load(Ordering::Relaxed) && clock::now_ns() < end {
            HOG_RAN.fetch_add(1, Ordering::Relaxed);
        }
    })?;
    for thread in [&low, &high, &hog] {
        thread.join();
    }
    let seen = SEEN.load(Ordering::Relaxed);
    if seen != 0 {
        log::error!("the hog went round {seen} times while the most urgent waited");
    }
    check(seen == 0, "a mutex's owner did not inherit")?;
    check(!low.has_lenders() && !high.is_lending(), "urgency was not given back")
}
