//! Options of tracing.

use bitflags::bitflags;
use linux_raw_sys::ptrace;

bitflags! {
    /// PTRACE_O_* options: at what, beside signals, a thread stops for its tracer.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TraceOptions: u32 {
        /// Mark stops at system calls, so that they are told from SIGTRAP.
        const MARK_CALLS = ptrace::PTRACE_O_TRACESYSGOOD;
        /// Stop at `fork`, and trace the child.
        const FORK = ptrace::PTRACE_O_TRACEFORK;
        /// Stop at `vfork`, and trace the child.
        const VFORK = ptrace::PTRACE_O_TRACEVFORK;
        /// Stop at `clone`, and trace the child.
        const CLONE = ptrace::PTRACE_O_TRACECLONE;
        /// Stop after `exec`.
        const EXEC = ptrace::PTRACE_O_TRACEEXEC;
        /// Stop when a child by `vfork` has given the memory back.
        const VFORK_DONE = ptrace::PTRACE_O_TRACEVFORKDONE;
        /// Stop before the end.
        const EXIT = ptrace::PTRACE_O_TRACEEXIT;
        /// Stop where a filter of system calls says so: there are none.
        const SECCOMP = ptrace::PTRACE_O_TRACESECCOMP;
        /// The thread's process ends with its tracer.
        const EXIT_KILL = ptrace::PTRACE_O_EXITKILL;
    }
}
