//! What the CPUs have done, for `/proc/stat` and `/proc/loadavg`.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use arch::clock::{now_ns, ticks_to_ns};
use arch::cpu::CpuId;
use arch::interrupt_counts;
use mm::OutOfMemory;
use sync::ranks::LoadAverageState;
use sync::{IrqLock, Once};

use crate::algorithm::load_average::{INTERVAL_NS, LoadAverage};
use crate::cpu::{ACTIVE, Cpu, all};
use crate::timer::Timer;

static CREATED: AtomicU64 = AtomicU64::new(0);
static EXISTING: AtomicU32 = AtomicU32::new(0);
static LOAD_AVERAGE: IrqLock<LoadAverage, LoadAverageState> = IrqLock::new(LoadAverage([0; 3]));
static SAMPLER: Once<Timer> = Once::new();

/// One CPU's account, nanoseconds and counts since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuStats {
    /// Time in user mode at nice 0 or less.
    pub user_ns: u64,
    /// Time in user mode at nice above 0.
    pub nice_ns: u64,
    /// Time in the kernel.
    pub system_ns: u64,
    /// Time with nothing to run.
    pub idle_ns: u64,
    /// Time in interrupts' handlers, which is in none of the others.
    pub interrupt_ns: u64,
    /// Context switches.
    pub switches: u64,
    /// Those to the idle thread.
    pub idle_switches: u64,
    /// How often a thread let others run.
    pub yields: u64,
    /// Threads that this CPU woke.
    pub wakes: u64,
    /// Those of them that were to run on it.
    pub local_wakes: u64,
    /// How long threads that ran here had waited for it, together.
    pub wait_ns: u64,
    /// Threads that run or want to run here, now.
    pub runnable: u32,
}

/// The account of one CPU, up to now.
pub fn cpu(cpu: CpuId) -> CpuStats {
    if !ACTIVE.contains(cpu, Ordering::Relaxed) {
        return CpuStats::default();
    }
    let cpu = Cpu::of(cpu);
    let now = {
        let mut queue = cpu.queue.lock();
        let (now, _) = queue.charge(cpu);
        queue.settle(cpu);
        now
    };
    let account = &cpu.account;
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (user_ns, nice_ns, idle_ns) = (read(&account.user_ns), read(&account.nice_ns), read(&account.idle_ns));
    let interrupt_ns = ticks_to_ns(interrupt_counts::ticks(cpu.id));
    let elapsed_ns = now.saturating_sub(read(&account.started_ns));
    CpuStats {
        user_ns,
        nice_ns,
        system_ns: elapsed_ns.saturating_sub(user_ns + nice_ns + idle_ns + interrupt_ns),
        idle_ns,
        interrupt_ns,
        switches: read(&account.switches),
        idle_switches: read(&account.idle_switches),
        yields: read(&account.yields),
        wakes: read(&account.wakes),
        local_wakes: read(&account.local_wakes),
        wait_ns: read(&account.wait_ns),
        runnable: cpu.load().count(),
    }
}

/// The load averages over 1, 5 and 15 minutes, in units of 1/2048.
pub fn load_average() -> [u64; 3] {
    LOAD_AVERAGE.lock().0
}

/// Threads that run or want to run, all CPUs together; and threads that exist.
pub fn threads() -> (u32, u32) {
    (all().iter().map(|cpu| cpu.load().count()).sum(), EXISTING.load(Ordering::Relaxed))
}

/// Threads made since boot.
pub fn threads_created() -> u64 {
    CREATED.load(Ordering::Relaxed)
}

/// A thread starts.
pub(crate) fn note_start() {
    CREATED.fetch_add(1, Ordering::Relaxed);
    EXISTING.fetch_add(1, Ordering::Relaxed);
}

/// A thread has ended and been cleared away.
pub(crate) fn note_end() {
    EXISTING.fetch_sub(1, Ordering::Relaxed);
}

/// Makes what sampling needs.
pub(crate) fn init() -> Result<(), OutOfMemory> {
    let timer = Timer::new(|| {
        LOAD_AVERAGE.lock().add(u64::from(threads().0));
        start_sampling();
    })?;
    SAMPLER.call_once(|| timer);
    Ok(())
}

/// Has the next sample taken in due time, on this CPU.
pub(crate) fn start_sampling() {
    if let Some(timer) = SAMPLER.get() {
        timer.arm_at(now_ns() + INTERVAL_NS);
    }
}
