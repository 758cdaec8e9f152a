//! The system as a whole.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Names of the system: `struct new_utsname`; each is NUL-terminated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Utsname {
    /// `Linux`, since that is the interface.
    pub system: [u8; 65],
    /// Host name.
    pub node: [u8; 65],
    /// Release.
    pub release: [u8; 65],
    /// Version.
    pub version: [u8; 65],
    /// `x86_64`.
    pub machine: [u8; 65],
    /// NIS domain.
    pub domain: [u8; 65],
}

/// Figures of the system: `struct sysinfo`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sysinfo {
    /// Seconds since boot.
    pub uptime: i64,
    /// Load averages times 65536.
    pub loads: [u64; 3],
    /// Memory, in units.
    pub total_ram: u64,
    /// Free memory.
    pub free_ram: u64,
    /// Shared memory.
    pub shared_ram: u64,
    /// Buffers.
    pub buffer_ram: u64,
    /// Zero.
    pub total_swap: u64,
    /// Zero.
    pub free_swap: u64,
    /// Number of processes.
    pub processes: u16,
    /// Zero.
    pub padding: [u16; 3],
    /// Zero.
    pub total_high: u64,
    /// Zero.
    pub free_high: u64,
    /// Bytes of a unit.
    pub unit: u32,
    /// Zero.
    pub padding_end: u32,
}
