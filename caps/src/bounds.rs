//! Bounds: limits of a capability that a set of rights cannot express.

use crate::Rights;
use alloc::boxed::Box;

/// Which `fcntl` commands a slot allows: a set of small numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FcntlSet(u64);

impl FcntlSet {
    /// Every command.
    pub const ALL: Self = Self(u64::MAX);
    /// No command.
    pub const NONE: Self = Self(0);

    /// The set with this command too; commands from 1024 on count from 32.
    pub const fn with(self, command: u32) -> Self {
        Self(self.0 | Self::bit(command))
    }

    /// Whether the command is in the set.
    pub const fn contains(self, command: u32) -> bool {
        let bit = Self::bit(command);
        bit != 0 && self.0 & bit != 0
    }

    /// Whether every command of `other` is in this set.
    pub const fn includes(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    const fn bit(command: u32) -> u64 {
        match command {
            0..32 => 1 << command,
            1024..1056 => 1 << (command - 1024 + 32),
            _ => 0,
        }
    }
}

/// Which `ioctl` requests a slot allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IoctlSet {
    /// Every request.
    All,
    /// These, sorted.
    Listed(Box<[u32]>),
}

impl IoctlSet {
    /// Whether the request is in the set.
    pub fn contains(&self, request: u32) -> bool {
        match self {
            Self::All => true,
            Self::Listed(requests) => requests.binary_search(&request).is_ok(),
        }
    }

    /// Whether every request of `other` is in this set.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Listed(_), Self::All) => false,
            (Self::Listed(_), Self::Listed(requests)) => requests.iter().all(|request| self.contains(*request)),
        }
    }
}

/// The bounds of one capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Allowed `ioctl` requests, where the rights have IOCTL at all.
    pub ioctls: IoctlSet,
    /// Allowed `fcntl` commands, where the rights have FCNTL at all.
    pub fcntls: FcntlSet,
    /// The most that a capability may do which is opened beneath this one.
    pub inherited: Rights,
}

impl Bounds {
    /// No bounds.
    pub const NONE: Self = Self { ioctls: IoctlSet::All, fcntls: FcntlSet::ALL, inherited: Rights::ALL };

    /// Whether these allow everything that `other` allows.
    pub fn includes(&self, other: &Self) -> bool {
        self.ioctls.includes(&other.ioctls)
            && self.fcntls.includes(other.fcntls)
            && self.inherited.contains(other.inherited)
    }
}
