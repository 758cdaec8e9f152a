//! What processes and threads have used.

use abi::types::{Rusage, Timeval};
use sched::Thread;

/// Resources used so far. Times are in nanoseconds and 64 bits wide: they do not wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResourceUse {
    /// Time in user mode.
    pub user_ns: u64,
    /// Time in the kernel.
    pub system_ns: u64,
    /// Switches because it waited.
    pub voluntary_switches: u64,
    /// Switches because it was preempted.
    pub involuntary_switches: u64,
    /// Faults served from memory.
    pub minor_faults: u64,
    /// The most pages that were resident.
    pub peak_resident: u64,
}

impl ResourceUse {
    /// What a thread has used.
    pub fn of_thread(thread: &Thread) -> Self {
        let user_ns = thread.user_time_ns();
        let (voluntary_switches, involuntary_switches) = thread.switches();
        Self {
            user_ns,
            system_ns: thread.cpu_time_ns().saturating_sub(user_ns),
            voluntary_switches,
            involuntary_switches,
            ..Self::default()
        }
    }

    /// Adds what another has used.
    pub fn add(&mut self, other: &Self) {
        self.user_ns += other.user_ns;
        self.system_ns += other.system_ns;
        self.voluntary_switches += other.voluntary_switches;
        self.involuntary_switches += other.involuntary_switches;
        self.minor_faults += other.minor_faults;
        self.peak_resident = self.peak_resident.max(other.peak_resident);
    }

    /// As `getrusage` tells it.
    pub fn to_rusage(&self) -> Rusage {
        Rusage {
            user: timeval(self.user_ns),
            system: timeval(self.system_ns),
            max_resident: (self.peak_resident * 4) as i64,
            minor_faults: self.minor_faults as i64,
            voluntary_switches: self.voluntary_switches as i64,
            involuntary_switches: self.involuntary_switches as i64,
            ..Rusage::default()
        }
    }
}

fn timeval(ns: u64) -> Timeval {
    Timeval { seconds: (ns / 1_000_000_000) as i64, microseconds: (ns / 1000 % 1_000_000) as i64 }
}
