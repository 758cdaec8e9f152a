//! File modes: type and permission bits.

use bitflags::bitflags;
use linux_raw_sys::general;

bitflags! {
    /// The permission bits of a file: set-id, sticky, and read, write, execute for owner, group and others.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Mode: u32 {
        /// Set the user id on execution.
        const SET_UID = general::S_ISUID;
        /// Set the group id on execution; on a directory, children inherit the group.
        const SET_GID = general::S_ISGID;
        /// On a directory: only owners may unlink.
        const STICKY = general::S_ISVTX;
        /// The owner reads.
        const OWNER_READ = general::S_IRUSR;
        /// The owner writes.
        const OWNER_WRITE = general::S_IWUSR;
        /// The owner executes or searches.
        const OWNER_EXECUTE = general::S_IXUSR;
        /// The group reads.
        const GROUP_READ = general::S_IRGRP;
        /// The group writes.
        const GROUP_WRITE = general::S_IWGRP;
        /// The group executes or searches.
        const GROUP_EXECUTE = general::S_IXGRP;
        /// Others read.
        const OTHER_READ = general::S_IROTH;
        /// Others write.
        const OTHER_WRITE = general::S_IWOTH;
        /// Others execute or search.
        const OTHER_EXECUTE = general::S_IXOTH;
    }
}

impl Mode {
    /// The twelve bits of `raw`, the rest dropped as `chmod` does.
    pub const fn from_raw(raw: u32) -> Self {
        Self::from_bits_truncate(raw)
    }

    /// This mode without the bits of a umask.
    pub const fn masked(self, umask: Mode) -> Self {
        Self::from_bits_truncate(self.bits() & !umask.bits())
    }

    /// Whether anybody may execute.
    pub const fn is_executable(self) -> bool {
        self.bits() & 0o111 != 0
    }
}
