//! Device numbers of file systems that have no device: `st_dev` of their nodes.

use core::sync::atomic::{AtomicU64, Ordering};

/// A number that no other file system has: major 0, as for every file system without a device.
pub fn allocate() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    crate::special::device_number(0, NEXT.fetch_add(1, Ordering::Relaxed) as u32)
}
