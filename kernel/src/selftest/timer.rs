//! The clock and the timer.

use core::sync::atomic::{AtomicU64, Ordering};

use arch::apic::timer;
use arch::{clock, cpu};

use super::{Verdict, check};

static FIRED_AT: AtomicU64 = AtomicU64::new(0);
/// Generous: a loaded host may leave an emulated processor alone for that long.
const WORST_NS: u64 = 200_000_000;

/// Called by the timer hook.
pub fn fired() {
    FIRED_AT.store(clock::now_ns(), Ordering::Release);
}

/// Deadlines from now to beyond what the counter holds at once.
pub fn accuracy() -> Verdict {
    for delay_ns in [0, 1_000, 50_000, 1_000_000, 20_000_000, 5_000_000_000] {
        FIRED_AT.store(0, Ordering::Release);
        let deadline = clock::now_ns() + delay_ns;
        timer::arm(deadline);
        loop {
            // Off between check and halt, so that the interrupt cannot come unnoticed in between.
            arch::interrupts::turn_off();
            if FIRED_AT.load(Ordering::Acquire) != 0 {
                break;
            }
            cpu::halt_until_interrupt();
        }
        arch::interrupts::enable();
        let fired = FIRED_AT.load(Ordering::Acquire);
        check(fired >= deadline, "the timer fired early")?;
        log::info!("{delay_ns} ns: {} ns late", fired - deadline);
        check(fired - deadline < WORST_NS, "the timer fired late")?;
    }
    FIRED_AT.store(0, Ordering::Release);
    timer::arm(clock::now_ns() + 5_000_000);
    timer::disarm();
    clock::spin_for_ns(10_000_000);
    check(FIRED_AT.load(Ordering::Acquire) == 0, "a disarmed timer fired")
}

/// The way for machines that tell nothing agrees with what this one tells.
pub fn measured_rate() -> Verdict {
    let measured = timer::measure_hz();
    log::info!("measured {measured} Hz");
    check((800_000_000..1_200_000_000).contains(&measured), "the measured rate is far off")
}

/// No processor's clock is behind what another has shown before.
pub fn clocks_agree() -> Verdict {
    static LATEST: AtomicU64 = AtomicU64::new(0);
    static BACKWARD: AtomicU64 = AtomicU64::new(0);
    let check_here = || {
        let shown = LATEST.load(Ordering::Acquire);
        let now = clock::now_ns();
        BACKWARD.fetch_max(shown.saturating_sub(now), Ordering::AcqRel);
        LATEST.fetch_max(now, Ordering::AcqRel);
    };
    super::ipi::on_every_processor(check_here)?;
    let backward = BACKWARD.load(Ordering::Acquire);
    log::info!("worst disagreement {backward} ns");
    check(backward == 0, "a clock is behind another")
}
