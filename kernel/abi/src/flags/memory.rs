//! Flags of memory mappings.

use bitflags::bitflags;
use linux_raw_sys::general;

bitflags! {
    /// What a mapping allows: PROT_*.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Protection: u32 {
        /// Reading.
        const READ = general::PROT_READ;
        /// Writing.
        const WRITE = general::PROT_WRITE;
        /// Executing.
        const EXECUTE = general::PROT_EXEC;
        /// mprotect: extend to the start of a growing mapping.
        const GROWS_DOWN = general::PROT_GROWSDOWN;
        /// mprotect: extend to the end of a growing mapping.
        const GROWS_UP = general::PROT_GROWSUP;
    }
}

bitflags! {
    /// MAP_* flags of `mmap`; the low two bits are the sharing type.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MapFlags: u32 {
        /// Writes are seen by all who map the object.
        const SHARED = general::MAP_SHARED;
        /// Writes stay with this address space.
        const PRIVATE = general::MAP_PRIVATE;
        /// Exactly at the address, replacing what is there.
        const FIXED = general::MAP_FIXED;
        /// Zeroed memory, no file.
        const ANONYMOUS = general::MAP_ANONYMOUS;
        /// In the low 2 GiB.
        const BELOW_4G = general::MAP_32BIT;
        /// A stack.
        const GROWS_DOWN = general::MAP_GROWSDOWN;
        /// Ignored, as on Linux.
        const DENY_WRITE = general::MAP_DENYWRITE;
        /// Ignored, as on Linux.
        const EXECUTABLE = general::MAP_EXECUTABLE;
        /// Keep resident.
        const LOCKED = general::MAP_LOCKED;
        /// Do not account.
        const NO_RESERVE = general::MAP_NORESERVE;
        /// Fault everything in now.
        const POPULATE = general::MAP_POPULATE;
        /// With POPULATE: do not wait.
        const NONBLOCK = general::MAP_NONBLOCK;
        /// A hint.
        const STACK = general::MAP_STACK;
        /// Huge pages.
        const HUGE_TLB = general::MAP_HUGETLB;
        /// Synchronous device mapping.
        const SYNC = general::MAP_SYNC;
        /// Exactly at the address, or EEXIST.
        const FIXED_NO_REPLACE = general::MAP_FIXED_NOREPLACE;
    }
}

bitflags! {
    /// Flags of `mremap`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RemapFlags: u32 {
        /// It may change address.
        const MAY_MOVE = general::MREMAP_MAYMOVE;
        /// Move to the given address.
        const FIXED = general::MREMAP_FIXED;
        /// Leave the old range mapped, empty.
        const DONT_UNMAP = general::MREMAP_DONTUNMAP;
    }
}

bitflags! {
    /// Flags of `msync`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SyncFlags: u32 {
        /// Start writing back.
        const ASYNC = general::MS_ASYNC;
        /// Drop other copies.
        const INVALIDATE = general::MS_INVALIDATE;
        /// Wait for it.
        const SYNC = general::MS_SYNC;
    }
}

bitflags! {
    /// Flags of `memfd_create`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MemfdFlags: u32 {
        /// The slot is closed by exec.
        const CLOSE_ON_EXEC = general::MFD_CLOEXEC;
        /// Seals may be added.
        const ALLOW_SEALING = general::MFD_ALLOW_SEALING;
        /// Huge pages.
        const HUGE_TLB = general::MFD_HUGETLB;
        /// Not executable, sealed so.
        const NO_EXEC_SEAL = general::MFD_NOEXEC_SEAL;
        /// Executable.
        const EXEC = general::MFD_EXEC;
    }
}
