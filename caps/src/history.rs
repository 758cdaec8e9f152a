//! Histories: what was taken from something, and by which narrowing.

use crate::{Cause, Kind, OutOfMemory, Promises, Rights, Root};
use alloc::vec::Vec;

/// What a narrowing took, of which part of a slot or a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Rights of the slot, or of the grant.
    Rights(Rights),
    /// Rights that children opened beneath the slot may have.
    Inherited(Rights),
    /// Every control request but those of a list.
    Ioctls,
    /// One control request of the list.
    Ioctl(u32),
    /// `fcntl` commands, as the bits of a [`crate::FcntlSet`].
    Fcntls(u64),
    /// Rights of every capability of a kind.
    Kind(Kind, Rights),
    /// Rights of a root capability.
    Root(Root, Rights),
    /// Promises.
    Promises(Promises),
}

impl Taken {
    /// What of this `other`, of the same part, does not have; `None` if nothing is left.
    fn without(self, other: Self) -> Option<Self> {
        let rest = match (self, other) {
            (Self::Rights(taken), Self::Rights(other)) => Self::Rights(taken - other),
            (Self::Inherited(taken), Self::Inherited(other)) => Self::Inherited(taken - other),
            (Self::Fcntls(taken), Self::Fcntls(other)) => Self::Fcntls(taken & !other),
            (Self::Kind(kind, taken), Self::Kind(of, other)) if kind == of => Self::Kind(kind, taken - other),
            (Self::Root(root, taken), Self::Root(of, other)) if root == of => Self::Root(root, taken - other),
            (Self::Promises(taken), Self::Promises(other)) => Self::Promises(taken - other),
            (Self::Ioctls, Self::Ioctls) => return None,
            (Self::Ioctl(taken), Self::Ioctl(other)) if taken == other => return None,
            _ => self,
        };
        if rest.is_nothing() { None } else { Some(rest) }
    }

    /// Whether it names no bit at all.
    pub fn is_nothing(self) -> bool {
        match self {
            Self::Rights(rights) | Self::Inherited(rights) => rights.is_empty(),
            Self::Kind(_, rights) | Self::Root(_, rights) => rights.is_empty(),
            Self::Fcntls(commands) => commands == 0,
            Self::Promises(promises) => promises.is_empty(),
            Self::Ioctls | Self::Ioctl(_) => false,
        }
    }

    fn intersects(self, other: Self) -> bool {
        self.without(other) != Some(self)
    }
}

/// Who took what, in the order in which it happened.
///
/// An entry is added only for what was there to take, so a history has no more entries than what it is the history of has
/// bits: nobody makes one grow by narrowing again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    entries: Vec<(Taken, Cause)>,
}

impl History {
    /// Nothing was taken yet.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// Makes room for `more` entries.
    pub fn try_reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        self.entries.try_reserve(more).map_err(|_| OutOfMemory)
    }

    /// Notes what was taken, as far as it was not before. There must be room.
    pub fn record(&mut self, taken: Taken, cause: Cause) {
        let earlier = self.entries.iter().map(|(taken, _)| *taken);
        let new = earlier.fold(Some(taken).filter(|taken| !taken.is_nothing()), |left, earlier| left?.without(earlier));
        if let Some(new) = new {
            self.entries.push((new, cause));
        }
    }

    /// The first narrowing that took any of `missing`.
    pub fn first(&self, missing: Taken) -> Option<Cause> {
        self.entries.iter().find(|(taken, _)| taken.intersects(missing)).map(|(_, cause)| *cause)
    }

    /// The last narrowing that took any of `missing`: that which made it impossible where any one of them would do.
    pub fn last(&self, missing: Taken) -> Option<Cause> {
        self.entries.iter().rev().find(|(taken, _)| taken.intersects(missing)).map(|(_, cause)| *cause)
    }

    /// What was taken and by whom, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Taken, Cause)> {
        self.entries.iter().copied()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was taken.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A copy with room for `more` entries.
    pub fn try_clone(&self, more: usize) -> Result<Self, OutOfMemory> {
        let mut copy = Self::new();
        copy.try_reserve(self.len() + more)?;
        copy.entries.extend_from_slice(&self.entries);
        Ok(copy)
    }
}
