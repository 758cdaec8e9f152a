//! Threads, wake-ups, timers and affinity on all processors.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use arch::cpu::{self, CpuId};
use arch::{CpuSet, clock};
use sched::timer::{Timer, sleep_until};
use sched::{Interruptible, Thread, Wait, WaitError, WaitQueue};
use sync::Mutex;
use sync::ranks::TestOuter;

use super::{Verdict, check};

const MILLISECOND: u64 = 1_000_000;
const PATIENCE_NS: u64 = 30_000 * MILLISECOND;
const NO_MEMORY: &str = "no memory";

fn spawn(body: impl FnOnce() + Send + 'static) -> Result<Arc<Thread>, &'static str> {
    Thread::builder("test").spawn(body).map_err(|_| NO_MEMORY)
}

fn spawn_on(cpus: CpuSet, body: impl FnOnce() + Send + 'static) -> Result<Arc<Thread>, &'static str> {
    Thread::builder("test").affinity(cpus).spawn(body).map_err(|_| NO_MEMORY)
}

fn sleep(ns: u64) {
    let _ = sleep_until(clock::now_ns() + ns, Interruptible::No);
}

fn last_cpu() -> CpuId {
    cpu::online().iter().last().unwrap_or(CpuId::BOOT)
}

/// A turn that two threads pass to and fro.
struct Table {
    turn: AtomicU32,
    changed: WaitQueue,
}

impl Table {
    fn play(&self, side: u32, rounds: u32) {
        for _ in 0..rounds {
            let mine = || (self.turn.load(Ordering::Acquire) == side).then_some(());
            let _ = self.changed.wait_until(Wait::UNINTERRUPTIBLE, mine);
            self.turn.store(1 - side, Ordering::Release);
            self.changed.wake_all();
        }
    }
}

fn ping_pong(first: CpuSet, second: CpuSet, rounds: u32) -> Result<u64, &'static str> {
    let table = Arc::new(Table { turn: AtomicU32::new(0), changed: WaitQueue::new() });
    let start = clock::now_ns();
    let mut threads = Vec::new();
    for (side, cpus) in [(0, first), (1, second)] {
        let table = table.clone();
        threads.push(spawn_on(cpus, move || table.play(side, rounds))?);
    }
    threads.iter().for_each(|thread| thread.join());
    Ok((clock::now_ns() - start) / u64::from(rounds))
}

/// Two threads on one processor, and on two.
pub fn ping_pong_ends() -> Verdict {
    let boot = CpuSet::of(CpuId::BOOT);
    log::info!("same cpu: {} ns a round", ping_pong(boot, boot, 2000)?);
    log::info!("two cpus: {} ns a round", ping_pong(boot, CpuSet::of(last_cpu()), 2000)?);
    log::info!("any cpu: {} ns a round", ping_pong(CpuSet::full(), CpuSet::full(), 2000)?);
    Ok(())
}

/// Twice as many busy threads as processors: each processor is used.
pub fn all_processors_are_used() -> Verdict {
    let count = cpu::online().count();
    let stop = Arc::new(AtomicBool::new(false));
    let used: Arc<Vec<AtomicU64>> = Arc::new((0..count).map(|_| AtomicU64::new(0)).collect());
    let threads: Result<Vec<_>, _> = (0..64.max(count))
        .map(|_| {
            let (stop, used) = (stop.clone(), used.clone());
            spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let pin = sync::preempt_off();
                    used[sync::current_cpu().index()].fetch_add(1, Ordering::Relaxed);
                    drop(pin);
                }
            })
        })
        .collect();
    let threads = threads?;
    sleep(500 * MILLISECOND);
    stop.store(true, Ordering::Relaxed);
    threads.iter().for_each(|thread| thread.join());
    for (index, used) in used.iter().enumerate() {
        log::info!("cpu{index}: {}", used.load(Ordering::Relaxed));
    }
    check(used.iter().all(|used| used.load(Ordering::Relaxed) > 0), "a processor was never used")
}

/// As many busy threads as processors run on distinct ones soon, and stay.
pub fn busy_threads_spread() -> Verdict {
    let count = cpu::online().count();
    let stop = Arc::new(AtomicBool::new(false));
    let threads: Result<Vec<_>, _> = (0..count)
        .map(|_| {
            let stop = stop.clone();
            spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    cpu::relax();
                }
            })
        })
        .collect();
    let threads = threads?;
    sleep(300 * MILLISECOND);
    let occupied: CpuSet = threads.iter().map(|thread| thread.cpu()).collect();
    stop.store(true, Ordering::Relaxed);
    threads.iter().for_each(|thread| thread.join());
    log::info!("{} threads on {occupied:?}", threads.len());
    check(occupied.count() == count, "threads share a processor while another idles")
}

/// A thread is where its affinity says as soon as the call returns: the thread itself, a busy, a sleeping and a
/// queued one.
pub fn affinity_moves() -> Verdict {
    let stop = Arc::new(AtomicBool::new(false));
    let busy = |stop: Arc<AtomicBool>| {
        move || {
            while !stop.load(Ordering::Relaxed) {
                cpu::relax();
            }
        }
    };
    let mut threads = Vec::new();
    for _ in 0..3 {
        threads.push(spawn_on(CpuSet::of(CpuId::BOOT), busy(stop.clone()))?);
    }
    for _ in 0..5 {
        for cpu in cpu::online().iter() {
            for thread in &threads {
                thread.set_affinity(CpuSet::of(cpu)).map_err(|_| "set_affinity failed")?;
                check(thread.cpu() == cpu, "the thread has not moved")?;
            }
            sched::current().set_affinity(CpuSet::of(cpu)).map_err(|_| "set_affinity failed")?;
            check(sync::current_cpu() == cpu, "I have not moved")?;
        }
    }
    let sleeper = spawn(|| sleep(500 * MILLISECOND))?;
    sleeper.set_affinity(CpuSet::of(last_cpu())).map_err(|_| "set_affinity failed")?;
    sleeper.join();
    check(sleeper.cpu() == last_cpu(), "the sleeper woke up elsewhere")?;
    check(sched::current().set_affinity(CpuSet::empty()).is_err(), "an empty set was taken")?;
    sched::current().set_affinity(CpuSet::full()).map_err(|_| "set_affinity failed")?;
    stop.store(true, Ordering::Relaxed);
    threads.iter().for_each(|thread| thread.join());
    Ok(())
}

/// Timers fire in the order of their deadlines and never early; cancelled ones do not.
pub fn timers_fire_in_order() -> Verdict {
    static FIRED: AtomicUsize = AtomicUsize::new(0);
    static WRONG: AtomicUsize = AtomicUsize::new(0);
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    const COUNT: usize = 200;
    sched::current().set_affinity(CpuSet::of(last_cpu())).map_err(|_| "set_affinity failed")?;
    let base = clock::now_ns() + 50 * MILLISECOND;
    let mut timers = Vec::new();
    for index in 0..COUNT {
        // Armed in a scattered order.
        let rank = index * 77 % COUNT;
        let deadline = base + rank as u64 * 100_000;
        let timer = Timer::new(move || {
            FIRED.fetch_add(1, Ordering::Relaxed);
            let expected = NEXT.swap(rank + 1, Ordering::Relaxed);
            if clock::now_ns() < deadline || expected > rank || rank % 10 == 3 {
                WRONG.fetch_add(1, Ordering::Relaxed);
            }
        })
        .map_err(|_| NO_MEMORY)?;
        timer.arm_at(deadline);
        timers.push((rank, timer));
    }
    for (_, timer) in timers.iter().filter(|(rank, _)| rank % 10 == 3) {
        check(timer.cancel(), "an armed timer was not armed")?;
    }
    sleep(200 * MILLISECOND);
    sched::current().set_affinity(CpuSet::full()).map_err(|_| "set_affinity failed")?;
    check(FIRED.load(Ordering::Relaxed) == COUNT - COUNT / 10, "not all timers fired once")?;
    check(WRONG.load(Ordering::Relaxed) == 0, "timers fired early, out of order or though cancelled")
}

/// Sleeps are not shorter than asked for; waits end at their deadlines and by interruption.
pub fn sleeps_end_on_time() -> Verdict {
    let mut overshoot = Vec::new();
    for _ in 0..50 {
        let deadline = clock::now_ns() + MILLISECOND;
        sleep_until(deadline, Interruptible::No).map_err(|_| "an uninterruptible sleep was interrupted")?;
        let now = clock::now_ns();
        check(now >= deadline, "a sleep was too short")?;
        overshoot.push(now - deadline);
    }
    overshoot.sort_unstable();
    log::info!("overshoot: median {} ns, worst {} ns", overshoot[25], overshoot[49]);
    static NEVER: WaitQueue = WaitQueue::new();
    let how = Wait::INTERRUPTIBLE.until(clock::now_ns() + MILLISECOND);
    check(NEVER.wait_until(how, || None::<()>) == Err(WaitError::TimedOut), "a wait did not time out")?;
    let sleeper = spawn(|| {
        let end = NEVER.wait_until(Wait::INTERRUPTIBLE, || None::<()>);
        if end != Err(WaitError::Interrupted) {
            log::error!("the wait ended with {end:?}");
        }
    })?;
    sleep(5 * MILLISECOND);
    check(sleeper.state_char() == 'S', "the sleeper does not sleep")?;
    sleeper.set_attention(sched::attention::SIGNAL);
    sleeper.join();
    Ok(())
}

/// Wake-ups that race with falling asleep, from all processors: a lost one would leave the test hanging.
pub fn no_wake_up_is_lost() -> Verdict {
    struct Cell {
        tokens: AtomicU32,
        changed: WaitQueue,
    }
    const ROUNDS: u32 = 3000;
    let pairs = cpu::online().count();
    let ring: Arc<Vec<Cell>> =
        Arc::new((0..pairs).map(|_| Cell { tokens: AtomicU32::new(0), changed: WaitQueue::new() }).collect());
    let mut threads = Vec::new();
    for index in 0..pairs {
        let ring = ring.clone();
        threads.push(spawn(move || {
            for _ in 0..ROUNDS {
                let take = |old: u32| old.checked_sub(1);
                let mine = &ring[index];
                let _ = mine.changed.wait_until(Wait::UNINTERRUPTIBLE, || {
                    mine.tokens.fetch_update(Ordering::AcqRel, Ordering::Relaxed, take).ok()
                });
                let next = &ring[(index + 1) % ring.len()];
                next.tokens.fetch_add(1, Ordering::AcqRel);
                next.changed.wake_one();
            }
        })?);
    }
    // Several tokens travel at once, so sleepers and wakers meet at all moments.
    for cell in ring.iter().step_by(2) {
        cell.tokens.fetch_add(1, Ordering::AcqRel);
        cell.changed.wake_one();
    }
    finish_in_time(&threads)
}

/// Fails, rather than hangs, when a thread does not end.
fn finish_in_time(threads: &[Arc<Thread>]) -> Verdict {
    let deadline = clock::now_ns() + PATIENCE_NS;
    for thread in threads {
        while !thread.has_ended() && clock::now_ns() < deadline {
            sleep(MILLISECOND);
        }
        if !thread.has_ended() {
            log::error!("thread {:?}: state {}, {}", thread.id(), thread.state_char(), thread.cpu());
            return Err("a wake-up was lost");
        }
    }
    Ok(())
}

/// A contended sleeping mutex excludes, and lets everybody through.
pub fn mutexes_exclude() -> Verdict {
    const ROUNDS: u64 = 500;
    let shared = Arc::new(Mutex::<_, TestOuter>::new(0_u64));
    let mut threads = Vec::new();
    for _ in 0..16 {
        let shared = shared.clone();
        threads.push(spawn(move || {
            for round in 0..ROUNDS {
                let mut value = shared.lock();
                let seen = *value;
                if round % 50 == 0 {
                    sched::yield_now();
                }
                *value = seen + 1;
            }
        })?);
    }
    finish_in_time(&threads)?;
    check(*shared.lock() == 16 * ROUNDS, "updates were lost")
}

/// Threads come and go without anything left behind.
pub fn threads_leave_nothing() -> Verdict {
    let churn = |count: usize| -> Verdict {
        for _ in 0..count / 16 {
            let mut batch = Vec::new();
            for index in 0..16 {
                batch.push(spawn(move || {
                    if index % 3 == 0 {
                        sched::yield_now();
                    }
                })?);
            }
            batch.iter().for_each(|thread| thread.join());
        }
        // The workers bury what has ended.
        sleep(20 * MILLISECOND);
        Ok(())
    };
    churn(640)?;
    let (before, threads_before) = (super::memory::used().0, sched::stats::threads().1);
    churn(1600)?;
    let (after, threads_after) = (super::memory::used().0, sched::stats::threads().1);
    log::info!("frames in use: {before} before, {after} after; threads {threads_before}, {threads_after}");
    check(threads_before == threads_after, "threads were left behind")?;
    // Page tables of the area of stacks stay: a few, however many threads there were.
    check(after.saturating_sub(before) < 16, "frames were left behind")
}

/// CPU time is charged to who runs, exactly.
pub fn time_is_accounted() -> Verdict {
    let start = Arc::new(WaitQueue::new());
    let stop = Arc::new(AtomicU32::new(WAITING));
    let cpus = CpuSet::of(last_cpu());
    let mut threads = Vec::new();
    for nice in [0, 0, 5] {
        let (start, stop) = (start.clone(), stop.clone());
        let builder = Thread::builder("hog").affinity(cpus).nice(sched::Nice::clamped(nice));
        let thread = builder.spawn(move || {
            let has_begun = || (stop.load(Ordering::Acquire) != WAITING).then_some(());
            let _ = start.wait_until(Wait::UNINTERRUPTIBLE, has_begun);
            while stop.load(Ordering::Relaxed) == RUNNING {
                core::hint::black_box(());
            }
        });
        threads.push(thread.map_err(|_| NO_MEMORY)?);
    }
    // All begin together: who came first would have had the processor alone until the others were made.
    sleep(10 * MILLISECOND);
    stop.store(RUNNING, Ordering::Release);
    start.wake_all();
    sleep(300 * MILLISECOND);
    stop.store(STOPPED, Ordering::Relaxed);
    threads.iter().for_each(|thread| thread.join());
    let times: Vec<u64> = threads.iter().map(|thread| thread.cpu_time_ns()).collect();
    log::info!("cpu times {times:?}");
    // Where time passes while the machine is not given the host's processors, whoever runs at that moment is charged.
    if !super::is_exact() {
        return Ok(());
    }
    check(times[0].abs_diff(times[1]) <= times[0] / 50, "equals did not get equal shares")?;
    // Weights 1024 and 335: a ratio of 3.06.
    check((29..33).contains(&(times[0] * 10 / times[2].max(1))), "nice 5 did not get a third")
}

/// What hogs are told.
const WAITING: u32 = 0;
const RUNNING: u32 = 1;
const STOPPED: u32 = 2;
