//! Time: the TSC as a monotonic clock, and the date at boot.
//!
//! The TSC's rate comes from CPUID where it is told, else from the HPET or the ACPI PM timer, once.
//! Each CPU adds an offset of its own, found at its start ([`crate::smp`]), so that all agree.

use core::arch::asm;
use core::mem::offset_of;
use core::sync::atomic::{AtomicI32, AtomicU64, Ordering};

use raw_cpuid::CpuId;

use crate::local::Local;
use crate::{local, reference, rtc, vdso};

const NANOSECONDS: u64 = 1_000_000_000;

static HZ: AtomicU64 = AtomicU64::new(0);
/// Nanoseconds in a TSC tick, times 2^32.
static NS_PER_TICK: AtomicU64 = AtomicU64::new(0);
/// TSC ticks in a nanosecond, times 2^32.
static TICKS_PER_NS: AtomicU64 = AtomicU64::new(0);
static WALL_AT_BOOT: AtomicU64 = AtomicU64::new(0);
static TAI_OFFSET: AtomicI32 = AtomicI32::new(0);

/// Nanoseconds since boot; never goes back, on any CPU. 0 before the clock is calibrated.
#[inline]
pub fn now_ns() -> u64 {
    scale(now_ticks(), NS_PER_TICK.load(Ordering::Relaxed))
}

/// The same in ticks of the TSC.
#[inline(always)]
pub fn now_ticks() -> u64 {
    let offset: u64;
    // SAFETY: GS points to this CPU's block in kernel mode; this only reads.
    unsafe {
        asm!("mov {}, gs:[{}]", out(reg) offset, const offset_of!(Local, tsc_offset),
            options(nostack, preserves_flags, readonly));
    }
    read_tsc().wrapping_add(offset)
}

/// Nanoseconds in a tick, times 2^32.
pub(crate) fn ns_per_tick() -> u64 {
    NS_PER_TICK.load(Ordering::Relaxed)
}

/// The time-stamp counter of this CPU, as it is.
#[inline]
pub fn read_tsc() -> u64 {
    // SAFETY: every 64-bit processor has the counter.
    unsafe { core::arch::x86_64::_rdtsc() }
}

/// The duration of so many ticks of the TSC.
#[inline]
pub fn ticks_to_ns(ticks: u64) -> u64 {
    scale(ticks, NS_PER_TICK.load(Ordering::Relaxed))
}

/// Ticks of the TSC in a second.
pub fn tsc_hz() -> u64 {
    HZ.load(Ordering::Relaxed)
}

/// Nanoseconds between 1970 and the moment when [`now_ns`] was 0, from the CMOS clock.
pub fn wall_clock_at_boot_ns() -> u64 {
    WALL_AT_BOOT.load(Ordering::Relaxed)
}

/// By how many seconds atomic time is ahead of the date.
pub fn tai_offset_seconds() -> i32 {
    TAI_OFFSET.load(Ordering::Relaxed)
}

/// Sets the date: what [`wall_clock_at_boot_ns`] and [`tai_offset_seconds`] say from now on. [`now_ns`] goes on as it
/// was.
pub fn set_wall_clock(since_1970_ns: u64, tai_offset_seconds: i32) {
    WALL_AT_BOOT.store(since_1970_ns, Ordering::Relaxed);
    TAI_OFFSET.store(tai_offset_seconds, Ordering::Relaxed);
    vdso::publish();
}

/// What programs compute the clocks from: nanoseconds in a TSC tick times 2^32, and the nanoseconds between 1970 and the
/// boot by UTC and by atomic time.
pub(crate) fn parameters() -> (u64, u64, u64) {
    let utc = wall_clock_at_boot_ns();
    let tai = utc.saturating_add_signed(i64::from(tai_offset_seconds()) * NANOSECONDS as i64);
    (NS_PER_TICK.load(Ordering::Relaxed), utc, tai)
}

/// Waits; for delays of microseconds that hardware asks for.
pub fn spin_for_ns(duration_ns: u64) {
    let end = now_ns() + duration_ns;
    while now_ns() < end {
        core::hint::spin_loop();
    }
}

/// This CPU's TSC when [`now_ns`] is `time_ns`, rounded up.
pub(crate) fn tsc_at(time_ns: u64) -> u64 {
    // SAFETY: this CPU's block; the field is set before the clock is used.
    let offset = unsafe { (*local::this()).tsc_offset };
    scale(time_ns, TICKS_PER_NS.load(Ordering::Relaxed)).saturating_add(1).wrapping_sub(offset)
}

/// Calibrates the clock and starts it at 0, on the boot processor.
pub(crate) fn init() {
    let (hz, source) = match told_hz() {
        Some(hz) => (hz, "CPUID"),
        None => reference::measure_tsc_hz(),
    };
    HZ.store(hz, Ordering::Relaxed);
    NS_PER_TICK.store(ratio(NANOSECONDS, hz), Ordering::Relaxed);
    TICKS_PER_NS.store(ratio(hz, NANOSECONDS), Ordering::Relaxed);
    // SAFETY: the boot processor's block, before anything else runs.
    unsafe { (*local::this()).tsc_offset = read_tsc().wrapping_neg() };
    WALL_AT_BOOT.store(rtc::read_seconds().wrapping_mul(NANOSECONDS), Ordering::Relaxed);
    log::info!("TSC: {} kHz by {source}", hz / 1000);
}

fn told_hz() -> Option<u64> {
    let cpuid = CpuId::new();
    let by_crystal = cpuid.get_tsc_info().and_then(|info| info.tsc_frequency());
    let by_hypervisor = || cpuid.get_hypervisor_info()?.tsc_frequency().map(|khz| u64::from(khz) * 1000);
    by_crystal.or_else(by_hypervisor).filter(|hz| *hz != 0)
}

fn ratio(numerator: u64, denominator: u64) -> u64 {
    ((u128::from(numerator) << 32) / u128::from(denominator.max(1))) as u64
}

#[inline]
fn scale(value: u64, factor: u64) -> u64 {
    ((u128::from(value) * u128::from(factor)) >> 32) as u64
}
