//! Signal handlers and what they are given.

use crate::SignalSet;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A disposition as `rt_sigaction` takes it: `struct kernel_sigaction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sigaction {
    /// SIG_DFL 0, SIG_IGN 1, or the handler's address.
    pub handler: u64,
    /// SA_* flags.
    pub flags: u64,
    /// Where the handler returns to.
    pub restorer: u64,
    /// Blocked while it runs.
    pub mask: SignalSet,
}

/// The signal stack: `stack_t`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sigaltstack {
    /// Lowest address.
    pub base: u64,
    /// SS_* flags.
    pub flags: i32,
    /// Zero.
    pub padding: u32,
    /// Bytes.
    pub size: u64,
}

/// What is known about a signal: `siginfo_t`, 128 bytes. The last 112 are a union: see the constructors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Siginfo {
    /// Signal number.
    pub signal: i32,
    /// An error number, mostly zero.
    pub errno: i32,
    /// SI_* or a code of the signal's own.
    pub code: i32,
    /// Zero.
    pub padding: u32,
    /// The union's words.
    pub fields: [u64; 14],
}

/// The registers in a signal frame: `struct sigcontext`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sigcontext {
    /// Register R8.
    pub r8: u64,
    /// Register R9.
    pub r9: u64,
    /// Register R10.
    pub r10: u64,
    /// Register R11.
    pub r11: u64,
    /// Register R12.
    pub r12: u64,
    /// Register R13.
    pub r13: u64,
    /// Register R14.
    pub r14: u64,
    /// Register R15.
    pub r15: u64,
    /// Register RDI.
    pub rdi: u64,
    /// Register RSI.
    pub rsi: u64,
    /// Register RBP.
    pub rbp: u64,
    /// Register RBX.
    pub rbx: u64,
    /// Register RDX.
    pub rdx: u64,
    /// Register RAX.
    pub rax: u64,
    /// Register RCX.
    pub rcx: u64,
    /// Register RSP.
    pub rsp: u64,
    /// Register RIP.
    pub rip: u64,
    /// Register RFLAGS.
    pub rflags: u64,
    /// Code segment.
    pub cs: u16,
    /// Unused.
    pub gs: u16,
    /// Unused.
    pub fs: u16,
    /// Stack segment.
    pub ss: u16,
    /// The fault's error code.
    pub error_code: u64,
    /// The fault's vector.
    pub trap_number: u64,
    /// First word of the blocked set.
    pub old_mask: u64,
    /// The fault's address.
    pub cr2: u64,
    /// Address of the XSAVE area; 0 for none.
    pub fp_state: u64,
    /// Zero.
    pub reserved: [u64; 8],
}

/// `ucontext_t`: what a handler's third argument points to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Ucontext {
    /// UC_* flags.
    pub flags: u64,
    /// Zero.
    pub link: u64,
    /// The signal stack.
    pub stack: Sigaltstack,
    /// The registers.
    pub registers: Sigcontext,
    /// The blocked set to restore.
    pub mask: SignalSet,
}

/// How a timer tells that it expired: `struct sigevent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sigevent {
    /// The caller's.
    pub value: u64,
    /// Signal number.
    pub signal: i32,
    /// SIGEV_*.
    pub notify: i32,
    /// For SIGEV_THREAD_ID: which thread.
    pub thread: i32,
    /// Zero.
    pub padding: [u32; 11],
}
