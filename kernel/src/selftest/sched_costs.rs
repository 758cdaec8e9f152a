//! What locks, switches and threads cost.

use arch::cpu::CpuId;
use arch::{CpuSet, clock};
use sched::{Thread, WaitQueue};
use sync::ranks::{TestOuter, TestSpinInner, WaitQueue as Inner};
use sync::{IrqLock, Mutex, SpinLock};

use super::{Verdict, check};

static SPIN: SpinLock<u32, TestSpinInner> = SpinLock::new(0);
static IRQ: IrqLock<u32, Inner> = IrqLock::new(0);
static SLEEPING: Mutex<u32, TestOuter> = Mutex::new(0);
static QUEUE: WaitQueue = WaitQueue::new();

/// Measures, logs, and compares with bounds where the figures are exact: a nanosecond is an instruction then.
pub fn costs() -> Verdict {
    let boot = CpuSet::of(CpuId::BOOT);
    sched::current().set_affinity(boot).map_err(|_| "set_affinity failed")?;
    let figures = [
        ("nothing", measure(|| {}), 5),
        ("clock", measure(read_clock), 20),
        ("spin lock", measure(|| *SPIN.lock() += 1), 25),
        ("irq lock", measure(|| *IRQ.lock() += 1), 30),
        ("mutex", measure(|| *SLEEPING.lock() += 1), 40),
        ("wake without waiters", measure(|| QUEUE.wake_one()), 10),
        ("yield alone", measure(sched::yield_now), 20),
        ("yield to another, there and back", yield_to_another()?, 860),
        ("thread made, run and joined", thread_of_its_own()?, 3500),
    ];
    sched::current().set_affinity(CpuSet::full()).map_err(|_| "set_affinity failed")?;
    let mut verdict = Ok(());
    for (name, ns, most) in figures {
        log::info!("{name}: {ns} ns");
        if super::is_exact() && ns > most && !cfg!(debug_assertions) {
            log::error!("{name}: more than {most} ns");
            verdict = check(false, "an operation has grown");
        }
    }
    verdict
}

const ROUNDS: u64 = 1000;

fn measure(operation: impl Fn()) -> u64 {
    operation();
    let start = clock::now_ns();
    (0..ROUNDS).for_each(|_| operation());
    (clock::now_ns() - start) / ROUNDS
}

fn read_clock() {
    core::hint::black_box(clock::now_ns());
}

fn spawn_here(body: impl FnOnce() + Send + 'static) -> Result<alloc::sync::Arc<Thread>, &'static str> {
    let boot = CpuSet::of(CpuId::BOOT);
    Thread::builder("test").affinity(boot).spawn(body).map_err(|_| "no memory")
}

fn yield_to_another() -> Result<u64, &'static str> {
    let other = spawn_here(|| (0..20 * ROUNDS).for_each(|_| sched::yield_now()))?;
    let cost = measure(sched::yield_now);
    other.join();
    Ok(cost)
}

fn thread_of_its_own() -> Result<u64, &'static str> {
    spawn_here(|| {})?.join();
    let start = clock::now_ns();
    for _ in 0..ROUNDS / 10 {
        spawn_here(|| {})?.join();
    }
    Ok((clock::now_ns() - start) / (ROUNDS / 10))
}
