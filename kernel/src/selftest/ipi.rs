//! Inter-processor interrupts.

use core::sync::atomic::{AtomicUsize, Ordering};

use arch::apic::{Ipi, send_ipi, send_ipi_set};
use arch::stop::{self, Role};
use arch::{CpuSet, clock, cpu, layout};

use super::{Verdict, check};

static RECEIVED: AtomicUsize = AtomicUsize::new(0);
const PATIENCE_NS: u64 = 20_000_000_000;

/// Called by the reschedule hook.
pub fn count_reschedule() {
    let work = WORK.try_lock().and_then(|work| *work);
    if let Some(work) = work {
        work();
    }
    RECEIVED.fetch_add(1, Ordering::AcqRel);
}

/// One to each processor alone, this one too; then one to all others at once.
pub fn round_trip() -> Verdict {
    let start = clock::now_ns();
    for cpu in cpu::online().iter() {
        let before = RECEIVED.load(Ordering::Acquire);
        send_ipi(cpu, Ipi::Reschedule);
        wait_until(before + 1)?;
    }
    let elapsed = clock::now_ns() - start;
    log::info!("{} ns a round trip", elapsed / cpu::online().count() as u64);
    let mut others = cpu::online();
    others.clear(cpu::current());
    let before = RECEIVED.load(Ordering::Acquire);
    send_ipi_set(&others, Ipi::Reschedule);
    wait_until(before + others.count())
}

fn wait_until(count: usize) -> Verdict {
    let start = clock::now_ns();
    while RECEIVED.load(Ordering::Acquire) < count && clock::now_ns() - start < PATIENCE_NS {
        cpu::relax();
    }
    check(RECEIVED.load(Ordering::Acquire) >= count, "an interrupt was lost")
}

static WORK: spin::Mutex<Option<fn()>> = spin::Mutex::new(None);

/// Runs `work` in the reschedule interrupt of every processor, several times.
pub fn on_every_processor(work: fn()) -> Verdict {
    *WORK.lock() = Some(work);
    let result = (0..10).try_for_each(|_| round_trip());
    *WORK.lock() = None;
    result
}

/// Processors that hang with interrupts off are stopped for a panic all the same, and tell where they
/// were.
pub fn hanging_processors_are_stopped() -> Verdict {
    static HANGING: AtomicUsize = AtomicUsize::new(0);
    fn hang() {
        HANGING.fetch_add(1, Ordering::AcqRel);
        loop {
            cpu::relax();
        }
    }
    *WORK.lock() = Some(hang);
    let others = cpu::online().difference(&CpuSet::of(cpu::current()));
    send_ipi_set(&others, Ipi::Reschedule);
    let start = clock::now_ns();
    while HANGING.load(Ordering::Acquire) < others.count() && clock::now_ns() - start < PATIENCE_NS {
        cpu::relax();
    }
    check(stop::begin_panic() == Role::Reporter, "not the first to panic")?;
    stop::stop_others();
    check(stop::stopped().count() == others.count(), "a processor did not stop")?;
    check(stop::stopped().all(|stopped| stopped.rip >= layout::KERNEL_BASE), "a place is not in the kernel")
}
