//! Flag words as types.

mod clone;
mod memory;
mod message;
mod mode;
mod open;
mod trace;

pub use clone::{CloneFlags, WaitFlags};
pub use memory::{MapFlags, MemfdFlags, Protection, RemapFlags, SyncFlags};
pub use message::MessageFlags;
pub use mode::Mode;
pub use open::{AccessMode, AtFlags, OpenFlags, RenameFlags, ResolveFlags};
pub use trace::TraceOptions;

use linux_raw_sys::general;

impl OpenFlags {
    /// The flags that `fcntl(F_SETFL)` may change.
    pub const CHANGEABLE: Self =
        Self::APPEND.union(Self::NONBLOCK).union(Self::ASYNC).union(Self::DIRECT).union(Self::NO_ATIME);

    /// The flags that describe an act of opening and are not kept by the open file.
    pub const OPENING_ONLY: Self = Self::CREATE
        .union(Self::EXCLUSIVE)
        .union(Self::NO_CONTROLLING_TTY)
        .union(Self::TRUNCATE)
        .union(Self::CLOSE_ON_EXEC);

    const ACCESS_MODE: u32 = general::O_ACCMODE;

    /// Whether the access mode includes reading.
    pub const fn can_read(self) -> bool {
        !self.contains(Self::PATH) && matches!(self.bits() & Self::ACCESS_MODE, 0 | 2)
    }

    /// Whether the access mode includes writing.
    pub const fn can_write(self) -> bool {
        !self.contains(Self::PATH) && matches!(self.bits() & Self::ACCESS_MODE, 1 | 2)
    }

    /// What `fcntl(F_GETFL)` reports and the open file keeps.
    pub const fn kept(self) -> Self {
        self.difference(Self::OPENING_ONLY)
    }
}

impl AtFlags {
    /// `faccessat2`: use the effective ids. Linux gave it the bit of `AT_REMOVEDIR`.
    pub const EFFECTIVE_ACCESS: Self = Self::REMOVE_DIRECTORY;
}

impl MapFlags {
    /// The sharing type: 1 shared, 2 private, 3 shared with unknown flags refused.
    pub const fn sharing_type(self) -> u32 {
        self.bits() & general::MAP_TYPE
    }
}
