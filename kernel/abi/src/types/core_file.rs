//! Registers and notes as ELF core files, and tracers, have them on x86-64.

use super::time::Timeval;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A thread's registers: `struct user_regs_struct`, `elf_gregset_t`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
#[allow(missing_docs, reason = "the names are the processor's")]
pub struct UserRegisters {
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
    /// The number of the system call that the thread is in; -1 for none.
    pub orig_rax: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
    pub fs_base: u64,
    pub gs_base: u64,
    pub ds: u64,
    pub es: u64,
    pub fs: u64,
    pub gs: u64,
}

/// The note NT_PRSTATUS: a thread.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ThreadStatus {
    /// The signal that ended the process.
    pub signal: i32,
    /// Its code.
    pub code: i32,
    /// Its error number.
    pub errno: i32,
    /// The signal, again.
    pub current_signal: i16,
    /// Zero.
    pub padding: i16,
    /// Signals pending.
    pub pending: u64,
    /// Signals blocked.
    pub blocked: u64,
    /// The thread.
    pub id: i32,
    /// The parent process.
    pub parent: i32,
    /// The process group.
    pub group: i32,
    /// The session.
    pub session: i32,
    /// Time in user mode.
    pub user: Timeval,
    /// Time in the kernel.
    pub system: Timeval,
    /// The same of children that were waited for.
    pub children_user: Timeval,
    /// As above.
    pub children_system: Timeval,
    /// The registers.
    pub registers: UserRegisters,
    /// Whether a note with vector registers follows.
    pub has_vector_state: i32,
    /// Zero.
    pub end_padding: i32,
}

/// The note NT_PRPSINFO: a process.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ProcessInfo {
    /// A number for the state.
    pub state: u8,
    /// Its letter.
    pub letter: u8,
    /// Whether it is a zombie.
    pub zombie: u8,
    /// The nice value.
    pub nice: i8,
    /// Zero.
    pub padding: u32,
    /// Flags.
    pub flags: u64,
    /// Real user.
    pub uid: u32,
    /// Real group.
    pub gid: u32,
    /// The process.
    pub id: i32,
    /// Its parent.
    pub parent: i32,
    /// Its group.
    pub group: i32,
    /// Its session.
    pub session: i32,
    /// What it is called.
    pub name: [u8; 16],
    /// The start of its arguments, with spaces between them.
    pub arguments: [u8; 80],
}

/// The head of an ELF64 file.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ElfHeader {
    /// Magic, class, byte order, version.
    pub identity: [u8; 16],
    /// What kind of file it is.
    pub kind: u16,
    /// The processor.
    pub machine: u16,
    /// 1.
    pub version: u32,
    /// Where a program starts.
    pub entry: u64,
    /// Where the program headers are.
    pub segments: u64,
    /// Where the section headers are.
    pub sections: u64,
    /// Zero.
    pub flags: u32,
    /// Bytes of this header.
    pub header_size: u16,
    /// Bytes of a program header.
    pub segment_size: u16,
    /// How many there are.
    pub segment_count: u16,
    /// Bytes of a section header.
    pub section_size: u16,
    /// How many there are.
    pub section_count: u16,
    /// The section with the names.
    pub names: u16,
}

/// A program header of an ELF64 file.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ElfSegment {
    /// PT_LOAD, PT_NOTE.
    pub kind: u32,
    /// PF_*.
    pub flags: u32,
    /// Where its bytes are in the file.
    pub offset: u64,
    /// Where they were in memory.
    pub address: u64,
    /// Zero.
    pub physical: u64,
    /// Bytes in the file.
    pub file_size: u64,
    /// Bytes in memory.
    pub memory_size: u64,
    /// A power of two.
    pub alignment: u64,
}
