//! The registers of user mode, as the entry assembly stores them.

/// All integer registers of a thread in user mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the processor's own")]
pub struct Registers {
    /// Kept in the processor while the thread runs; see
    /// [`UserContext::capture_segments`](super::UserContext::capture_segments).
    pub fs_base: u64,
    /// As `fs_base`.
    pub gs_base: u64,
    pub r15: u64,
    pub r14: u64,
    pub r13: u64,
    pub r12: u64,
    pub rbp: u64,
    pub rbx: u64,
    pub r11: u64,
    pub r10: u64,
    pub r9: u64,
    pub r8: u64,
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    /// Vector of the last trap; 256 for a system call.
    pub vector: u64,
    /// The number of the last system call (`orig_rax`), or [`NO_CALL`](super::NO_CALL); in a trap's own frame the error code.
    pub error_code: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}
