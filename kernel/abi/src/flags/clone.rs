//! Flags of process creation and of waiting.

use bitflags::bitflags;
use linux_raw_sys::general;

bitflags! {
    /// CLONE_* flags of `clone` and `clone3`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct CloneFlags: u64 {
        /// Share the address space.
        const VM = general::CLONE_VM as u64;
        /// Share root, working directory and umask.
        const FS = general::CLONE_FS as u64;
        /// Share the table.
        const FILES = general::CLONE_FILES as u64;
        /// Share signal dispositions.
        const SIGHAND = general::CLONE_SIGHAND as u64;
        /// Return a process descriptor.
        const PIDFD = general::CLONE_PIDFD as u64;
        /// Trace the child too.
        const PTRACE = general::CLONE_PTRACE as u64;
        /// The parent waits until the child releases its memory.
        const VFORK = general::CLONE_VFORK as u64;
        /// The child's parent is the caller's.
        const PARENT = general::CLONE_PARENT as u64;
        /// A thread of the same process.
        const THREAD = general::CLONE_THREAD as u64;
        /// A namespace of its own.
        const NEW_MOUNTS = general::CLONE_NEWNS as u64;
        /// Share semaphore undo values.
        const SYSV_SEM = general::CLONE_SYSVSEM as u64;
        /// Set the thread pointer.
        const SET_TLS = general::CLONE_SETTLS as u64;
        /// Store the id in the parent's memory.
        const PARENT_SET_TID = general::CLONE_PARENT_SETTID as u64;
        /// Clear the id and wake its futex at exit.
        const CHILD_CLEAR_TID = general::CLONE_CHILD_CLEARTID as u64;
        /// Ignored.
        const DETACHED = general::CLONE_DETACHED as u64;
        /// May not be traced by inheritance.
        const UNTRACED = general::CLONE_UNTRACED as u64;
        /// Store the id in the child's memory.
        const CHILD_SET_TID = general::CLONE_CHILD_SETTID as u64;
        /// Not supported.
        const NEW_CGROUP = general::CLONE_NEWCGROUP as u64;
        /// Not supported.
        const NEW_UTS = general::CLONE_NEWUTS as u64;
        /// Not supported.
        const NEW_IPC = general::CLONE_NEWIPC as u64;
        /// Not supported.
        const NEW_USER = general::CLONE_NEWUSER as u64;
        /// Not supported.
        const NEW_PID = general::CLONE_NEWPID as u64;
        /// Not supported.
        const NEW_NET = general::CLONE_NEWNET as u64;
        /// Share the I/O context.
        const IO = general::CLONE_IO as u64;
        /// Start with default dispositions.
        const CLEAR_SIGHAND = general::CLONE_CLEAR_SIGHAND;
        /// Not supported.
        const INTO_CGROUP = general::CLONE_INTO_CGROUP;
    }
}

bitflags! {
    /// Options of `wait4` and `waitid`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct WaitFlags: u32 {
        /// Do not wait.
        const NO_HANG = general::WNOHANG;
        /// Report stopped children (WUNTRACED, WSTOPPED).
        const STOPPED = general::WUNTRACED;
        /// waitid: report ended children.
        const EXITED = general::WEXITED;
        /// Report continued children.
        const CONTINUED = general::WCONTINUED;
        /// Leave the child waitable.
        const NO_REAP = general::WNOWAIT;
        /// Only this thread's own children.
        const NO_THREAD = general::__WNOTHREAD;
        /// All kinds of child.
        const ALL = general::__WALL;
        /// Only children that report another signal than SIGCHLD.
        const CLONE = general::__WCLONE;
    }
}
