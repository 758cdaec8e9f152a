//! Tracing: what a tracer sees of a thread that has stopped.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What PTRACE_GET_SYSCALL_INFO tells: `struct ptrace_syscall_info`. How much of it counts depends on the kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SyscallInfo {
    /// 0 not at a call, 1 before one, 2 after one.
    pub kind: u8,
    /// Zero.
    pub padding: [u8; 3],
    /// The machine, as the audit has it.
    pub machine: u32,
    /// Instruction pointer.
    pub instruction_pointer: u64,
    /// Stack pointer.
    pub stack_pointer: u64,
    /// Before: the number and the six arguments. After: the result, and in the lowest byte whether it is an error.
    pub words: [u64; 7],
}

/// Which of the pending signals PTRACE_PEEKSIGINFO tells of: `struct __ptrace_peeksiginfo_args`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct PeekSiginfo {
    /// How many to leave out.
    pub offset: u64,
    /// Bit 0: those of the process, not those of the thread.
    pub flags: u32,
    /// How many at most.
    pub count: i32,
}
