//! The local APIC: inter-processor interrupts and the timer of each CPU.

use crate::CpuSet;
use crate::cpu::CpuId;

pub mod timer;

/// What one CPU asks of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipi {
    /// Look at the run queue.
    Reschedule,
    /// Flush translations.
    Shootdown,
    /// Halt for good.
    Stop,
}

/// Sends `ipi` to `cpu`, which may be this one.
pub fn send_ipi(_cpu: CpuId, _ipi: Ipi) {
    todo!()
}

/// Sends `ipi` to every member of `cpus`.
pub fn send_ipi_set(_cpus: &CpuSet, _ipi: Ipi) {
    todo!()
}
