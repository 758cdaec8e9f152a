//! Capabilities and what may be demanded of one.

use crate::{Bounds, Cause, Grant, Kind, KindSet, Promises, Rights, RootSet, Taken};
use alloc::sync::Arc;

/// The right to do certain things with a certain object.
#[derive(Clone, Debug)]
pub struct Capability<O> {
    /// The object.
    pub object: O,
    /// The object's kind.
    pub kind: Kind,
    /// What may be done with it.
    pub rights: Rights,
    /// Limits that rights cannot express; `None` for none.
    pub bounds: Option<Arc<Bounds>>,
    /// What it was derived through; `None` for a capability that nobody lent.
    pub grant: Option<Arc<Grant>>,
}

/// What a use of a slot demands.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The kinds that will do.
    pub kinds: KindSet,
    /// The rights that must all be there.
    pub rights: Rights,
}

impl Need {
    /// These rights, on any kind of object.
    pub const fn rights(rights: Rights) -> Self {
        Self { kinds: KindSet::ANY, rights }
    }

    /// These rights, on one of these kinds.
    pub const fn of(kinds: KindSet, rights: Rights) -> Self {
        Self { kinds, rights }
    }
}

/// Why a slot cannot be used so. The order of the variants is the order in which they are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// There is nothing in the slot.
    BadSlot,
    /// The object is of another kind.
    WrongKind(Kind),
    /// Rights are missing.
    Missing {
        /// Those demanded and not there.
        rights: Rights,
        /// Where they went missing.
        at: Place,
        /// The narrowing that took them; `None` if they were never there.
        cause: Option<Cause>,
    },
}

/// What a call lacks that a table does not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// One of these promises would have done; none was kept.
    Promises(Promises),
    /// These root capabilities were given up.
    Roots(RootSet),
}

/// Why a table does not allow a call at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeniedCall {
    /// What is not there.
    pub missing: Lacking,
    /// The narrowing that took it.
    pub cause: Option<Cause>,
}

/// Which of the three limits of a use lacked a right; the first of them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The slot's own rights.
    Slot,
    /// The grant it was derived through: narrowed or revoked.
    Grant,
    /// The table's ceiling for the kind.
    Ceiling,
}

impl<O> Capability<O> {
    /// A capability without bounds that nobody lent.
    pub const fn new(object: O, kind: Kind, rights: Rights) -> Self {
        Self { object, kind, rights, bounds: None, grant: None }
    }

    /// What may be done through its slot and its grant.
    #[inline]
    pub fn effective(&self) -> Rights {
        match &self.grant {
            None => self.rights,
            Some(grant) => self.rights & grant.limit(),
        }
    }

    /// The narrowing that took one of `missing` from the capability itself.
    #[cold]
    pub fn cause(&self, missing: Rights) -> Option<Cause> {
        let history = &self.bounds.as_ref()?.history;
        history.first(Taken::Rights(missing)).or_else(|| history.first(Taken::Inherited(missing)))
    }

    /// A capability to what was opened beneath this directory: no more than it passes on, bound as it is, and taken back with
    /// it.
    pub fn child<P>(&self, object: P, kind: Kind, rights: Rights) -> Capability<P> {
        let (bounds, grant) = (self.bounds.clone(), self.grant.clone());
        Capability { object, kind, rights: rights & self.inherited(), bounds, grant }
    }

    /// The most that a capability opened beneath this one may do.
    pub fn inherited(&self) -> Rights {
        match &self.bounds {
            None => self.effective(),
            Some(bounds) => self.effective() & bounds.inherited,
        }
    }
}
