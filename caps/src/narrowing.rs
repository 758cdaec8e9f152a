//! Narrowings: the one operation on authority, as a list of what to take.

use crate::{FcntlSet, Kind, Promises, Rights, Root, When};

/// What to keep of one slot; `None` leaves a part as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotNarrowing<'a> {
    /// The slot.
    pub slot: i32,
    /// The rights to keep.
    pub rights: Option<Rights>,
    /// The control requests to keep.
    pub ioctls: Option<&'a [u32]>,
    /// The `fcntl` commands to keep.
    pub fcntls: Option<FcntlSet>,
    /// What children opened beneath it may still have.
    pub inherited: Option<Rights>,
}

impl SlotNarrowing<'_> {
    /// Leaves everything of this slot as it is.
    pub const fn of(slot: i32) -> Self {
        Self { slot, rights: None, ioctls: None, fcntls: None, inherited: None }
    }
}

/// What empty slots in a range mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// Nothing.
    Allowed,
    /// An error, as for a slot that is named by itself.
    Refused,
}

/// One narrowing of a table. Each says what is *kept*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// Of one slot. Its duplicates keep what they have.
    Slot(SlotNarrowing<'a>),
    /// Of every filled slot from the one that is named to this.
    Slots {
        /// The first slot, and what to keep.
        narrowing: SlotNarrowing<'a>,
        /// The last slot.
        last: i32,
        /// Whether some may be empty.
        gaps: Gaps,
    },
    /// Of every capability of a kind, those to come too.
    Kind {
        /// The kind.
        kind: Kind,
        /// The most that any of them may do.
        rights: Rights,
        /// Now, after exec, or both.
        when: When,
    },
    /// Of the promises.
    Promises {
        /// The promises to keep.
        promises: Promises,
        /// Now, after exec, or both.
        when: When,
    },
    /// Of a root capability. Without any right it is gone.
    Root {
        /// The root capability.
        root: Root,
        /// The rights to keep.
        rights: Rights,
        /// Now, after exec, or both.
        when: When,
    },
    /// Empties a slot.
    Close {
        /// The slot.
        slot: i32,
    },
    /// Empties every filled slot of a range.
    CloseRange {
        /// The first slot.
        first: i32,
        /// The last slot.
        last: i32,
    },
    /// Empties every slot but these, which are in rising order.
    CloseAllBut {
        /// The slots to keep; those that are empty already do not matter.
        slots: &'a [i32],
    },
    /// Of the number of slots.
    SlotCount {
        /// The number below which slots are given out.
        limit: usize,
    },
}

/// Why nothing was narrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NarrowError {
    /// A slot named is empty.
    BadSlot,
    /// A right, a request or a command was to be kept that is not there any more.
    Widens,
    /// A promise was to be kept that is not there any more.
    WidensPromises,
    /// A list that should rise does not.
    Invalid,
    /// No memory to note who narrowed what.
    OutOfMemory,
}
