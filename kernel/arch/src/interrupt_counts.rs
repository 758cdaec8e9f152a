//! How many interrupts each processor took, by kind. Devices' lines are counted by their drivers.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::cpu::{self, CpuId, MAX_CPUS};

/// The kinds that every processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its timer.
    Timer,
    /// Another processor has work for it.
    Reschedule,
    /// Another processor has it forget translations.
    Shootdown,
    /// Its APIC complains.
    Error,
}

const KINDS: usize = 4;

/// One processor's, on a cache line of its own.
#[repr(align(64))]
struct Counts([AtomicU64; KINDS]);

static COUNTS: [Counts; MAX_CPUS] = [const { Counts([const { AtomicU64::new(0) }; KINDS]) }; MAX_CPUS];

/// This processor takes one. Interrupts are off.
#[inline]
pub(crate) fn note(kind: Kind) {
    let count = &COUNTS[cpu::current().index()].0[kind as usize];
    // Nobody else writes it.
    count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
}

/// How many a processor took since boot.
pub fn count(cpu: CpuId, kind: Kind) -> u64 {
    COUNTS[cpu.index()].0[kind as usize].load(Ordering::Relaxed)
}
