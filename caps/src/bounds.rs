//! Bounds: limits of a capability that a set of rights cannot express.

use crate::{Cause, History, OutOfMemory, Rights, Taken};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Which `fcntl` commands a slot allows: a set of small numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FcntlSet(u64);

impl FcntlSet {
    /// Every command.
    pub const ALL: Self = Self(u64::MAX);
    /// No command.
    pub const NONE: Self = Self(0);

    /// The set with these bits: bit n is command n below 32, and command 1024 + n - 32 from there on.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits, as [`FcntlSet::from_bits`] has them.
    pub const fn bits(self) -> u64 {
        self.0
    }

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

    /// The bit of a command; 0 for one that no set has.
    pub const fn bit(command: u32) -> u64 {
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

    /// The list of these requests, in whatever order.
    pub fn try_listed(requests: &[u32]) -> Result<Self, OutOfMemory> {
        let mut list = Vec::new();
        list.try_reserve_exact(requests.len()).map_err(|_| OutOfMemory)?;
        list.extend_from_slice(requests);
        list.sort_unstable();
        Ok(Self::Listed(list.into_boxed_slice()))
    }

    /// What both lists have.
    fn intersection(self, other: &Self) -> Self {
        match self {
            Self::All => self,
            Self::Listed(requests) => {
                let mut requests = requests.into_vec();
                requests.retain(|request| other.contains(*request));
                Self::Listed(requests.into_boxed_slice())
            }
        }
    }

    /// A copy.
    pub fn try_clone(&self) -> Result<Self, OutOfMemory> {
        match self {
            Self::All => Ok(Self::All),
            Self::Listed(requests) => Self::try_listed(requests),
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

/// The bounds of one capability, and the history of what was taken from it. They travel with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Allowed `ioctl` requests, where the rights have IOCTL at all.
    pub ioctls: IoctlSet,
    /// Allowed `fcntl` commands, where the rights have FCNTL at all.
    pub fcntls: FcntlSet,
    /// The most that a capability may do which is opened beneath this one.
    pub inherited: Rights,
    /// What was taken from the capability, and by whom.
    pub history: History,
}

impl Bounds {
    /// No bounds.
    pub const NONE: Self =
        Self { ioctls: IoctlSet::All, fcntls: FcntlSet::ALL, inherited: Rights::ALL, history: History::new() };

    /// Whether these allow everything that `other` allows.
    pub fn includes(&self, other: &Self) -> bool {
        self.ioctls.includes(&other.ioctls)
            && self.fcntls.includes(other.fcntls)
            && self.inherited.contains(other.inherited)
    }

    /// Keeps no `fcntl` commands but these. There must be room in the history.
    pub(crate) fn keep_fcntls(&mut self, kept: FcntlSet, cause: Cause) {
        self.history.record(Taken::Fcntls(self.fcntls.0 & !kept.0), cause);
        self.fcntls.0 &= kept.0;
    }

    /// Keeps no inherited rights but these. There must be room in the history.
    pub(crate) fn keep_inherited(&mut self, kept: Rights, cause: Cause) {
        self.history.record(Taken::Inherited(self.inherited - kept), cause);
        self.inherited &= kept;
    }

    /// Keeps no `ioctl` requests but these.
    pub(crate) fn keep_ioctls(&mut self, kept: &[u32], cause: Cause) -> Result<(), OutOfMemory> {
        let now = IoctlSet::try_listed(kept)?.intersection(&self.ioctls);
        match &self.ioctls {
            IoctlSet::All => {
                self.history.try_reserve(1)?;
                self.history.record(Taken::Ioctls, cause);
            }
            IoctlSet::Listed(old) => {
                self.history.try_reserve(old.len())?;
                for request in old.iter().filter(|request| !now.contains(**request)) {
                    self.history.record(Taken::Ioctl(*request), cause);
                }
            }
        }
        self.ioctls = now;
        Ok(())
    }

    /// The narrowing that took a control request.
    pub fn ioctl_cause(&self, request: u32) -> Option<Cause> {
        self.history.first(Taken::Ioctl(request)).or_else(|| self.history.first(Taken::Ioctls))
    }

    /// The narrowing that took a `fcntl` command.
    pub fn fcntl_cause(&self, command: u32) -> Option<Cause> {
        self.history.first(Taken::Fcntls(FcntlSet::bit(command)))
    }

    /// A copy with room for `more` entries in its history.
    pub fn try_clone(&self, more: usize) -> Result<Self, OutOfMemory> {
        Ok(Self {
            ioctls: self.ioctls.try_clone()?,
            fcntls: self.fcntls,
            inherited: self.inherited,
            history: self.history.try_clone(more)?,
        })
    }
}
