//! Clocks of known rate, to measure the TSC by: the HPET, else the ACPI PM timer.

use crate::port::Port;
use crate::{PhysAddr, acpi, clock, phys_to_virt};

const PM_TIMER_HZ: u64 = 3_579_545;
const FEMTOSECONDS: u64 = 1_000_000_000_000_000;
/// HPET registers (IA-PC HPET specification 1.0a, section 2.3).
const HPET_CAPABILITIES: usize = 0x00;
const HPET_CONFIGURATION: usize = 0x10;
const HPET_COUNTER: usize = 0xf0;
/// How long to measure.
const PERIOD_NS: u64 = 10_000_000;
/// Assumed where there is no reference at all: time will be wrong, but will pass.
const GUESS_HZ: u64 = 1_000_000_000;

/// A counter that wraps at `mask`.
struct Reference {
    source: Source,
    hz: u64,
    mask: u32,
    name: &'static str,
}

enum Source {
    Hpet(*const u32),
    PmTimer(Port<u32>),
}

impl Reference {
    fn find() -> Option<Self> {
        let info = acpi::info()?;
        info.hpet.and_then(Self::hpet).or_else(|| info.pm_timer.map(Self::pm_timer))
    }

    fn hpet(address: u64) -> Option<Self> {
        let base = phys_to_virt(PhysAddr::new_truncate(address));
        let capabilities = base.wrapping_add(HPET_CAPABILITIES).cast::<u64>();
        // SAFETY: ACPI names these registers; the direct map holds them.
        let period_fs = unsafe { capabilities.read_volatile() } >> 32;
        if period_fs == 0 || period_fs > 100_000_000 {
            return None;
        }
        let configuration = base.wrapping_add(HPET_CONFIGURATION).cast::<u64>();
        // SAFETY: as above.
        let old = unsafe { configuration.read_volatile() };
        // SAFETY: as above; bit 0 lets the counter run.
        unsafe { configuration.write_volatile(old | 1) };
        let source = Source::Hpet(base.wrapping_add(HPET_COUNTER).cast());
        Some(Self { source, hz: FEMTOSECONDS / period_fs, mask: u32::MAX, name: "HPET" })
    }

    fn pm_timer(port: u16) -> Self {
        // SAFETY: ACPI names this port; it can only be read.
        let port = unsafe { Port::new(port) };
        Self { source: Source::PmTimer(port), hz: PM_TIMER_HZ, mask: 0x00ff_ffff, name: "PM timer" }
    }

    fn read(&self) -> u32 {
        match &self.source {
            // SAFETY: as in `hpet`.
            Source::Hpet(counter) => unsafe { counter.read_volatile() },
            Source::PmTimer(port) => port.read(),
        }
    }

    /// TSC and counter at nearly one moment: of several tries the one that took least.
    fn sample(&self) -> (u64, u32) {
        let attempt = |_| {
            let before = clock::read_tsc();
            let count = self.read();
            let after = clock::read_tsc();
            (after - before, before + (after - before) / 2, count)
        };
        let (_, tsc, count) = (0..8).map(attempt).min_by_key(|(span, ..)| *span).unwrap_or((0, 0, 0));
        (tsc, count)
    }
}

/// The TSC's rate, and by what it was measured.
pub(crate) fn measure_tsc_hz() -> (u64, &'static str) {
    let Some(reference) = Reference::find() else { return (GUESS_HZ, "guess") };
    let (tsc, count) = reference.sample();
    let wanted = (PERIOD_NS * reference.hz / 1_000_000_000) as u32;
    while reference.read().wrapping_sub(count) & reference.mask < wanted {
        core::hint::spin_loop();
    }
    let (end_tsc, end_count) = reference.sample();
    let ticks = end_count.wrapping_sub(count) & reference.mask;
    let hz = u128::from(end_tsc - tsc) * u128::from(reference.hz) / u128::from(ticks.max(1));
    (hz as u64, reference.name)
}
