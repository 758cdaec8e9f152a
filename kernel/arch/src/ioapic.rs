//! Device interrupt lines.

use crate::cpu::CpuId;

/// An interrupt line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A legacy ISA interrupt, 0–15, subject to the MADT's source overrides.
    Isa(u8),
    /// A global system interrupt, level-triggered and active low, as PCI has them.
    Gsi(u32),
}

/// No IOAPIC serves this line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchLine;

/// Delivers `line` as `vector` (from [`crate::vector::alloc`]) to `cpu`, and unmasks it.
pub fn route(_line: Line, _vector: u8, _cpu: CpuId) -> Result<(), NoSuchLine> {
    todo!()
}

/// Stops `line`.
pub fn mask(_line: Line) -> Result<(), NoSuchLine> {
    todo!()
}
