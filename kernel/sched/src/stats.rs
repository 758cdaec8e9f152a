//! What the CPUs have done, for `/proc/stat` and `/proc/loadavg`.

use arch::cpu::CpuId;

/// One CPU's account, nanoseconds and counts since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuStats {
    /// Time in user mode at nice 0 or less.
    pub user_ns: u64,
    /// Time in user mode at nice above 0.
    pub nice_ns: u64,
    /// Time in the kernel.
    pub system_ns: u64,
    /// Time with nothing to run.
    pub idle_ns: u64,
    /// Context switches.
    pub switches: u64,
    /// Threads that run or want to run here, now.
    pub runnable: u32,
}

/// The account of one CPU, up to now.
pub fn cpu(_cpu: CpuId) -> CpuStats {
    todo!()
}

/// The load averages over 1, 5 and 15 minutes, in units of 1/2048.
pub fn load_average() -> [u64; 3] {
    todo!()
}

/// Threads that run or want to run, all CPUs together; and threads that exist.
pub fn threads() -> (u32, u32) {
    todo!()
}

/// Threads made since boot.
pub fn threads_created() -> u64 {
    todo!()
}
