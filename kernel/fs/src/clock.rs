//! The time that files are stamped with.

use abi::types::Timespec;

/// The present in UTC.
pub fn now() -> Timespec {
    let total = arch::clock::wall_clock_at_boot_ns() + arch::clock::now_ns();
    Timespec { seconds: (total / 1_000_000_000) as i64, nanoseconds: (total % 1_000_000_000) as i64 }
}
