//! Time: the TSC as a monotonic clock, and the date at boot.

/// Nanoseconds since boot; never goes back, on any CPU.
#[inline]
pub fn now_ns() -> u64 {
    todo!()
}

/// Ticks of the TSC in a second.
pub fn tsc_hz() -> u64 {
    todo!()
}

/// Nanoseconds between 1970 and the moment when [`now_ns`] was 0, from the CMOS clock.
pub fn wall_clock_at_boot_ns() -> u64 {
    todo!()
}
