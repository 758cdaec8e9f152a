//! How many interrupts each processor took, by kind, and how long their handlers ran. Devices' lines are counted by their
//! drivers.

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
struct Counts {
    kinds: [AtomicU64; KINDS],
    /// Ticks in handlers.
    ticks: AtomicU64,
}

static COUNTS: [Counts; MAX_CPUS] =
    [const { Counts { kinds: [const { AtomicU64::new(0) }; KINDS], ticks: AtomicU64::new(0) } }; MAX_CPUS];

/// This processor takes one. Interrupts are off.
#[inline]
pub(crate) fn note(kind: Kind) {
    add(&COUNTS[cpu::current().index()].kinds[kind as usize], 1);
}

/// A handler of this processor ran for so many ticks. Interrupts are off.
#[inline]
pub(crate) fn note_time(ticks: u64) {
    add(&COUNTS[cpu::current().index()].ticks, ticks);
}

/// Nobody else writes it.
#[inline]
fn add(counter: &AtomicU64, amount: u64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

/// How long a processor's handlers ran since boot, in ticks of the TSC.
pub fn ticks(cpu: CpuId) -> u64 {
    COUNTS[cpu.index()].ticks.load(Ordering::Relaxed)
}

/// How many a processor took since boot.
pub fn count(cpu: CpuId, kind: Kind) -> u64 {
    COUNTS[cpu.index()].kinds[kind as usize].load(Ordering::Relaxed)
}
