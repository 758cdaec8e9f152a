//! What an address space tells about itself.

use super::request::{Label, Sharing};
use abi::Protection;
use heap_crate::vec::Vec;

/// One line of /proc/PID/maps.
#[derive(Clone, Debug)]
pub struct RegionInfo {
    /// First address.
    pub start: u64,
    /// First address above.
    pub end: u64,
    /// What it allows.
    pub protection: Protection,
    /// Who sees writes.
    pub sharing: Sharing,
    /// Byte offset in the object.
    pub offset: u64,
    /// Device and inode numbers of the object.
    pub inode: (u64, u64),
    /// The object's path.
    pub path: Option<Vec<u8>>,
    /// The bracketed name.
    pub label: Label,
}

/// Counters, in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Mapped.
    pub virtual_pages: usize,
    /// Present in page tables.
    pub resident: usize,
    /// Present and not private anonymous.
    pub shared: usize,
    /// Mapped executable.
    pub text: usize,
    /// Mapped private and writable.
    pub data: usize,
    /// Stack regions.
    pub stack: usize,
    /// The most that was ever present.
    pub peak_resident: usize,
}

/// Where waiters on one futex word meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FutexKey {
    /// A word of private memory: the space and the address.
    Private(u64, u64),
    /// A word of shared memory: the pager and the byte offset.
    Shared(u64, u64),
}
