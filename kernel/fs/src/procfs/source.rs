//! What procfs asks of the floor of processes, which lies beside this one.

use super::status::Status;
use abi::Result;
use abi::types::{Rlimit, Utsname};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::cpu::CpuId;
use mm::AddressSpace;
use object::{Location, Namespace, Owner, Roots, Table};

/// All processes, and the system that they run on.
pub trait ProcessSource: Send + Sync {
    /// The process ids that exist, ascending.
    fn pids(&self) -> Result<Vec<i32>>;

    /// The process with this id.
    fn find(&self, pid: i32) -> Option<Arc<dyn ProcessView>>;

    /// Process and thread id of the caller; `None` for kernel threads.
    fn current(&self) -> Option<(i32, i32)>;

    /// The process id given out last.
    fn last_pid(&self) -> i32;

    /// The mounts.
    fn namespace(&self) -> &Namespace;

    /// The names of the system, as `uname` tells them.
    fn names(&self) -> Utsname;

    /// Sets the host name, if the caller may. EPERM, EINVAL.
    fn set_host_name(&self, name: &[u8]) -> Result<()>;

    /// The pattern of the names of core files.
    fn core_pattern(&self) -> Result<Vec<u8>>;

    /// Sets it, if the caller may. EPERM, EINVAL.
    fn set_core_pattern(&self, pattern: &[u8]) -> Result<()>;

    /// A line for each socket.
    fn sockets(&self) -> Result<Vec<u8>>;

    /// The kernel's command line.
    fn command_line(&self) -> &str;

    /// Refuses a caller who may not watch the whole machine. ENOTCAPABLE, ECAPMODE, EPERM.
    fn demand_watching(&self) -> Result<()>;

    /// Calls `visit` for each interrupt line of a device: its number, the processor that takes it, how many came.
    fn device_interrupts(&self, visit: &mut dyn FnMut(u8, CpuId, u64));
}

/// One process. What has gone with its end is `None`, empty or ESRCH.
pub trait ProcessView: Send + Sync {
    /// The process id.
    fn pid(&self) -> i32;

    /// Effective user and group: to whom its files here belong.
    fn owner(&self) -> Owner;

    /// A reading of the process as a whole.
    fn status(&self) -> Result<Status>;

    /// The ids of its threads, ascending.
    fn thread_ids(&self) -> Result<Vec<i32>>;

    /// A reading of one thread. ESRCH.
    fn thread_status(&self, tid: i32) -> Result<Status>;

    /// Its arguments, each with its NUL.
    fn arguments(&self) -> Result<Vec<u8>>;

    /// Its environment at exec, each entry with its NUL.
    fn environment(&self) -> Result<Vec<u8>>;

    /// The auxiliary vector at exec, as it lay on the stack.
    fn auxiliary_vector(&self) -> Result<Vec<u8>>;

    /// The program that it runs.
    fn executable(&self) -> Option<Location>;

    /// Its root and working directory.
    fn roots(&self) -> Option<Arc<Roots>>;

    /// Its table.
    fn table(&self) -> Option<Arc<Table>>;

    /// Its memory.
    fn address_space(&self) -> Option<Arc<AddressSpace>>;

    /// Its limits, by RLIMIT_* number.
    fn limits(&self) -> Result<Vec<Rlimit>>;

    /// The record of its last denial as a line; empty if it had none.
    fn denial(&self) -> Result<Vec<u8>>;

    /// How many allocations a thread has to go until the one that it asked to fail. ESRCH.
    fn failure_left(&self, tid: i32) -> Result<u32>;

    /// Asks that the `n`-th allocation of a thread's next call fail. ESRCH.
    fn fail_nth(&self, tid: i32, n: u32) -> Result<()>;

    /// Sets the short name of a thread. ESRCH.
    fn set_thread_name(&self, tid: i32, name: &[u8]) -> Result<()>;
}
