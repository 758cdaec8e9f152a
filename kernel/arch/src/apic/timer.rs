//! The one-shot timer of each CPU.
//!
//! Its rate comes from CPUID where a hypervisor or the processor tells it; otherwise one-shots are
//! timed by the TSC, once. The current-count register is never read (QEMU aborts on that under
//! `-icount`). An error of the rate does no harm: an interrupt that comes early re-arms the timer.

use core::sync::atomic::{AtomicU64, Ordering};

use raw_cpuid::CpuId;
use x86_64::registers::model_specific::Msr;

use super::{Register, write};
use crate::hooks::hooks;
use crate::{clock, cpu, features, interrupts, local};

const TSC_DEADLINE: u32 = 0x6e0;
const NANOSECONDS: u64 = 1_000_000_000;
/// QEMU's and KVM's APIC bus, unless they say otherwise.
const HYPERVISOR_HZ: u64 = 1_000_000_000;

/// Timer ticks in a nanosecond, times 2^32.
static TICKS_PER_NS: AtomicU64 = AtomicU64::new(0);
/// TSC at the calibration's interrupt; [`IDLE`] outside a calibration, 0 while one waits.
static CALIBRATION: AtomicU64 = AtomicU64::new(IDLE);
const IDLE: u64 = u64::MAX;

/// Has [`crate::Hooks::timer`] called on this CPU once [`crate::clock::now_ns`] has reached
/// `deadline_ns`, never earlier; a past deadline fires at once. Replaces an earlier deadline.
pub fn arm(deadline_ns: u64) {
    interrupts::without(|| {
        // SAFETY: this CPU's block; interrupts are off, so nothing else touches the field.
        unsafe { (*local::this()).timer_deadline = deadline_ns };
        program(deadline_ns);
    });
}

/// Forgets the deadline of this CPU.
pub fn disarm() {
    interrupts::without(|| {
        // SAFETY: as in `arm`.
        unsafe { (*local::this()).timer_deadline = u64::MAX };
        match features::has_tsc_deadline() {
            true => write_deadline(0),
            false => write(Register::InitialCount, 0),
        }
    });
}

/// The timer's interrupt.
pub(crate) fn expired() {
    if CALIBRATION.load(Ordering::Relaxed) == 0 {
        CALIBRATION.store(clock::read_tsc(), Ordering::Release);
        return;
    }
    // SAFETY: as in `arm`: handlers run with interrupts off.
    let deadline = unsafe { (*local::this()).timer_deadline };
    if deadline == u64::MAX {
        return;
    }
    if clock::now_ns() < deadline {
        return program(deadline);
    }
    // SAFETY: as above.
    unsafe { (*local::this()).timer_deadline = u64::MAX };
    if let Some(hooks) = hooks() {
        (hooks.timer)();
    }
}

fn program(deadline_ns: u64) {
    if features::has_tsc_deadline() {
        return write_deadline(clock::tsc_at(deadline_ns).max(1));
    }
    let delay = deadline_ns.saturating_sub(clock::now_ns());
    let ticks = (u128::from(delay) * u128::from(TICKS_PER_NS.load(Ordering::Relaxed))) >> 32;
    // Rounded up, at least one: a count of zero would stop the timer.
    write(Register::InitialCount, ticks.saturating_add(1).min(u32::MAX.into()) as u32);
}

fn write_deadline(tsc: u64) {
    let mut msr = Msr::new(TSC_DEADLINE);
    // SAFETY: the register exists where the feature does.
    unsafe { msr.write(tsc) };
}

/// Finds the timer's rate, on the boot processor, with the clock running. Interrupts are on in
/// between where the rate must be measured.
pub(crate) fn calibrate() {
    if features::has_tsc_deadline() {
        return;
    }
    let (rate, source) = match told_hz() {
        Some(rate) => (rate, "told by CPUID"),
        None => (measure_hz(), "measured"),
    };
    TICKS_PER_NS.store(((u128::from(rate) << 32) / u128::from(NANOSECONDS)) as u64, Ordering::Relaxed);
    log::info!("APIC timer: {} kHz, {source}", rate / 1000);
}

fn told_hz() -> Option<u64> {
    let cpuid = CpuId::new();
    let hypervisor = cpuid.get_hypervisor_info()?;
    if let Some(khz) = hypervisor.apic_frequency().filter(|khz| *khz != 0) {
        return Some(u64::from(khz) * 1000);
    }
    match hypervisor.identify() {
        raw_cpuid::Hypervisor::QEMU | raw_cpuid::Hypervisor::KVM => Some(HYPERVISOR_HZ),
        _ => None,
    }
}

/// Times two one-shots of different length. The difference of the two holds no interrupt latency; of
/// several tries the shortest had the least disturbance.
pub fn measure_hz() -> u64 {
    const SHORT: u32 = 100_000;
    const LONG: u32 = 1_100_000;
    let fastest = |count: u32| (0..3).map(|_| time_one_shot(count)).min().unwrap_or(1);
    let elapsed = fastest(LONG).saturating_sub(fastest(SHORT)).max(1);
    (u128::from(LONG - SHORT) * u128::from(clock::tsc_hz()) / u128::from(elapsed)) as u64
}

/// TSC ticks until a one-shot of `count` interrupts.
fn time_one_shot(count: u32) -> u64 {
    let saved = interrupts::disable();
    CALIBRATION.store(0, Ordering::Relaxed);
    let start = clock::read_tsc();
    write(Register::InitialCount, count);
    while CALIBRATION.load(Ordering::Acquire) == 0 {
        cpu::halt_until_interrupt();
        let _ = interrupts::disable();
    }
    let end = CALIBRATION.swap(IDLE, Ordering::Relaxed);
    interrupts::restore(saved);
    end - start
}
