//! What objects without a file have in common.

use abi::OpenFlags;
use abi::types::Stat;
use core::sync::atomic::{AtomicU32, Ordering};

/// Device number that they report; no file system has it.
const DEVICE: u64 = 0xf;

/// The attributes of an object that has none.
pub fn stat() -> Stat {
    Stat { device: DEVICE, inode: 1, links: 1, mode: 0o600, block_size: 4096, ..Stat::default() }
}

/// Replaces those of the kept flags that may change.
pub fn change_flags(kept: &AtomicU32, flags: OpenFlags) {
    let changed = (flags & OpenFlags::CHANGEABLE).bits();
    let _ = kept
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(now & !OpenFlags::CHANGEABLE.bits() | changed));
}
