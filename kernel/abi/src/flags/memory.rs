//! Flags of memory mappings.

use bitflags::bitflags;
use linux_raw_sys::general;

bitflags! {
    /// What a mapping allows: PROT_*.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Protection: u32 {
        /// Reading.
        const READ = general::PROT_READ as u32;
        /// Writing.
        const WRITE = general::PROT_WRITE as u32;
        /// Executing.
        const EXECUTE = general::PROT_EXEC as u32;
        /// mprotect: extend to the start of a growing mapping.
        const GROWS_DOWN = general::PROT_GROWSDOWN as u32;
        /// mprotect: extend to the end of a growing mapping.
        const GROWS_UP = general::PROT_GROWSUP as u32;
    }
}

bitflags! {
    /// MAP_* flags of `mmap`; the low two bits are the sharing type.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MapFlags: u32 {
        /// Writes are seen by all who map the object.
        const SHARED = general::MAP_SHARED as u32;
        /// Writes stay with this address space.
        const PRIVATE = general::MAP_PRIVATE as u32;
        /// Exactly at the address, replacing what is there.
        const FIXED = general::MAP_FIXED as u32;
        /// Zeroed memory, no file.
        const ANONYMOUS = general::MAP_ANONYMOUS as u32;
        /// In the low 2 GiB.
        const BELOW_4G = general::MAP_32BIT as u32;
        /// A stack.
        const GROWS_DOWN = general::MAP_GROWSDOWN as u32;
        /// Ignored, as on Linux.
        const DENY_WRITE = general::MAP_DENYWRITE as u32;
        /// Ignored, as on Linux.
        const EXECUTABLE = general::MAP_EXECUTABLE as u32;
        /// Keep resident.
        const LOCKED = general::MAP_LOCKED as u32;
        /// Do not account.
        const NO_RESERVE = general::MAP_NORESERVE as u32;
        /// Fault everything in now.
        const POPULATE = general::MAP_POPULATE as u32;
        /// With POPULATE: do not wait.
        const NONBLOCK = general::MAP_NONBLOCK as u32;
        /// A hint.
        const STACK = general::MAP_STACK as u32;
        /// Huge pages.
        const HUGE_TLB = general::MAP_HUGETLB as u32;
        /// Synchronous device mapping.
        const SYNC = general::MAP_SYNC as u32;
        /// Exactly at the address, or EEXIST.
        const FIXED_NO_REPLACE = general::MAP_FIXED_NOREPLACE as u32;
    }
}

bitflags! {
    /// Flags of `mremap`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RemapFlags: u32 {
        /// It may change address.
        const MAY_MOVE = general::MREMAP_MAYMOVE as u32;
        /// Move to the given address.
        const FIXED = general::MREMAP_FIXED as u32;
        /// Leave the old range mapped, empty.
        const DONT_UNMAP = general::MREMAP_DONTUNMAP as u32;
    }
}

bitflags! {
    /// Flags of `msync`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SyncFlags: u32 {
        /// Start writing back.
        const ASYNC = general::MS_ASYNC as u32;
        /// Drop other copies.
        const INVALIDATE = general::MS_INVALIDATE as u32;
        /// Wait for it.
        const SYNC = general::MS_SYNC as u32;
    }
}

bitflags! {
    /// Flags of `memfd_create`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MemfdFlags: u32 {
        /// The slot is closed by exec.
        const CLOSE_ON_EXEC = general::MFD_CLOEXEC as u32;
        /// Seals may be added.
        const ALLOW_SEALING = general::MFD_ALLOW_SEALING as u32;
        /// Huge pages.
        const HUGE_TLB = general::MFD_HUGETLB as u32;
        /// Not executable, sealed so.
        const NO_EXEC_SEAL = general::MFD_NOEXEC_SEAL as u32;
        /// Executable.
        const EXEC = general::MFD_EXEC as u32;
    }
}
