//! Structures as they lie in user memory.
//!
//! Every one is plain data without implicit padding: each bit pattern is a value, each byte has a name, and so
//! copying one out cannot leak what lay in the kernel before. Sizes and offsets are checked against `linux-raw-sys`.

mod capability;
mod core_file;
mod file;
mod io;
#[cfg(test)]
mod layout_tests;
mod process;
mod signals;
mod system;
mod terminal;
mod time;
mod trace;

pub use capability::{NarrowItem, SpawnArguments, SpawnSlot};
pub use core_file::{ElfHeader, ElfSegment, ProcessInfo, ThreadStatus, UserRegisters};
pub use file::{DirentHeader, Flock, OpenHow, OwnerEx, Stat, Statfs, Statx, StatxTimestamp};
pub use io::{Cmsghdr, EpollEvent, FdSet, Iovec, Mmsghdr, Msghdr, Pollfd, SelectMask, SocketAddress, Ucred};
pub use process::{
    CapUserData, CapUserHeader, CloneArgs, FutexWaitv, Rlimit, RobustListHead, Rusage, SchedAttr, SchedParam,
};
pub use signals::{Sigaction, Sigaltstack, Sigcontext, Sigevent, Siginfo, Ucontext};
pub use system::{Sysinfo, Utsname};
pub use terminal::{Termio, Termios, Termios2, Winsize};
pub use time::{Itimerspec, Itimerval, Timespec, Timeval, Timex, Timezone, Tms, Utimbuf};
pub use trace::{PeekSiginfo, SyscallInfo};
