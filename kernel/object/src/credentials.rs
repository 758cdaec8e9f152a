//! Who a process acts for, and what the permission bits of a file allow them.

use abi::{AccessMode, Mode};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// User and group ids of a process. Immutable: a change makes a new value and swaps it in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Real user.
    pub uid: u32,
    /// Effective user.
    pub euid: u32,
    /// Saved user.
    pub suid: u32,
    /// User for file access.
    pub fsuid: u32,
    /// Real group.
    pub gid: u32,
    /// Effective group.
    pub egid: u32,
    /// Saved group.
    pub sgid: u32,
    /// Group for file access.
    pub fsgid: u32,
    /// Supplementary groups, sorted.
    pub groups: Arc<Vec<u32>>,
}

/// What a permission check looks at.
#[derive(Clone, Copy, Debug)]
pub struct Permissions {
    /// Permission bits.
    pub mode: Mode,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Credentials {
    /// The superuser's.
    pub fn root() -> Self {
        Self { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, groups: Arc::default() }
    }

    /// These credentials with the real ids as those for file access: what `access` asks about.
    pub fn as_real(&self) -> Self {
        Self { fsuid: self.uid, fsgid: self.gid, ..self.clone() }
    }

    /// Whether permission bits do not bind.
    pub const fn is_privileged(&self) -> bool {
        self.fsuid == 0
    }

    /// Whether this group is among theirs.
    pub fn is_in_group(&self, gid: u32) -> bool {
        self.fsgid == gid || self.groups.binary_search(&gid).is_ok()
    }

    /// Whether they may change what only the owner may.
    pub const fn owns(&self, permissions: &Permissions) -> bool {
        self.is_privileged() || self.fsuid == permissions.uid
    }

    /// Whether the permission bits allow all of `access`. The privileged may do everything but execute a file that
    /// nobody may execute.
    pub fn may(&self, access: AccessMode, permissions: &Permissions, kind: crate::NodeKind) -> bool {
        let mode = permissions.mode.bits();
        if self.is_privileged() {
            return !access.contains(AccessMode::EXECUTE) || mode & 0o111 != 0 || kind == crate::NodeKind::Directory;
        }
        let shift = if self.fsuid == permissions.uid {
            6
        } else if self.is_in_group(permissions.gid) {
            3
        } else {
            0
        };
        AccessMode::from_bits_truncate(mode >> shift & 7).contains(access)
    }
}
