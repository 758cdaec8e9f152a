//! Processes: limits, use, creation.

use super::time::Timeval;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A limit: `struct rlimit64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Rlimit {
    /// What is enforced; `u64::MAX` is no limit.
    pub soft: u64,
    /// How far the soft limit may be raised.
    pub hard: u64,
}

/// What was used: `struct rusage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Rusage {
    /// User time.
    pub user: Timeval,
    /// System time.
    pub system: Timeval,
    /// Most resident memory, KiB.
    pub max_resident: i64,
    /// Zero.
    pub shared_text: i64,
    /// Zero.
    pub unshared_data: i64,
    /// Zero.
    pub unshared_stack: i64,
    /// Faults served from memory.
    pub minor_faults: i64,
    /// Faults that waited.
    pub major_faults: i64,
    /// Zero.
    pub swaps: i64,
    /// Blocks read.
    pub blocks_in: i64,
    /// Blocks written.
    pub blocks_out: i64,
    /// Zero.
    pub messages_sent: i64,
    /// Zero.
    pub messages_received: i64,
    /// Zero.
    pub signals: i64,
    /// Switches because it waited.
    pub voluntary_switches: i64,
    /// Switches because it was preempted.
    pub involuntary_switches: i64,
}

/// The argument of `clone3`: `struct clone_args`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CloneArgs {
    /// CLONE_* flags.
    pub flags: u64,
    /// Where to store the process descriptor.
    pub pidfd: u64,
    /// Where the child's id is, in the child.
    pub child_tid: u64,
    /// Where to store the child's id, in the parent.
    pub parent_tid: u64,
    /// Signal sent to the parent at the end.
    pub exit_signal: u64,
    /// Lowest address of the child's stack.
    pub stack: u64,
    /// Its size.
    pub stack_size: u64,
    /// The child's thread pointer.
    pub tls: u64,
    /// Address of chosen ids; not supported.
    pub set_tid: u64,
    /// How many.
    pub set_tid_size: u64,
    /// Not supported.
    pub cgroup: u64,
}

/// `struct sched_param`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SchedParam {
    /// Real-time priority, 1 to 99, or 0.
    pub priority: i32,
}

/// `struct sched_attr`, first version with utilisation clamps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SchedAttr {
    /// Size of the structure.
    pub size: u32,
    /// SCHED_*.
    pub policy: u32,
    /// SCHED_FLAG_*.
    pub flags: u64,
    /// Nice value.
    pub nice: i32,
    /// Real-time priority.
    pub priority: u32,
    /// Deadline class: budget, ns.
    pub runtime: u64,
    /// Deadline class: deadline, ns.
    pub deadline: u64,
    /// Deadline class: period, ns.
    pub period: u64,
    /// Hint.
    pub utilization_min: u32,
    /// Hint.
    pub utilization_max: u32,
}

/// Where a thread keeps its robust futexes: `struct robust_list_head`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RobustListHead {
    /// First entry.
    pub next: u64,
    /// From an entry to its futex word.
    pub futex_offset: i64,
    /// An entry being changed.
    pub pending: u64,
}

/// One of several futexes to wait on: `struct futex_waitv`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FutexWaitv {
    /// What the word is to be.
    pub value: u64,
    /// Where it is.
    pub address: u64,
    /// Its size, and whether it is private.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
}

/// `struct __user_cap_header_struct`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CapUserHeader {
    /// _LINUX_CAPABILITY_VERSION_3.
    pub version: u32,
    /// Whose.
    pub pid: i32,
}

/// `struct __user_cap_data_struct`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct CapUserData {
    /// Effective.
    pub effective: u32,
    /// Permitted.
    pub permitted: u32,
    /// Inheritable.
    pub inheritable: u32,
}
