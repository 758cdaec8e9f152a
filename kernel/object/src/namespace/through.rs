//! Paths through the links that stand for slots, as `/proc/self/fd/N`: never a way to more than the slot.

use super::{Leave, rights_for};
use crate::{Held, Object, ObjectCapability};
use abi::consts::general::F_SETFL;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use caps::{Capability, Rights};

/// The slot that a walk went through.
pub struct Through {
    held: Held,
    reach: Reach,
}

/// How far beyond the slot a walk went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the object in it.
    Itself,
    /// To something beneath that.
    Beneath,
}

impl Through {
    /// For a use that needs these rights where the path starts. What was not opened so is EACCES, what was taken from
    /// the slot ENOTCAPABLE.
    pub(super) fn begin(held: Held, reach: Reach, rights: Rights) -> Result<Self> {
        let needed = match reach {
            Reach::Beneath => rights,
            // It is there: nothing has to be found or made. And only a file has a size to change.
            Reach::Itself if held.kind() == caps::Kind::File => rights - (Rights::LOOKUP | Rights::CREATE),
            Reach::Itself => rights - (Rights::LOOKUP | Rights::CREATE | Rights::FTRUNCATE),
        };
        held.demand(needed).map_err(|error| if error == Errno::EBADF { Errno::EACCES } else { error })?;
        Ok(Self { held, reach })
    }

    /// Whether the slot bounds nothing: nothing was taken from it, nobody lent it, and nothing was taken from whoever goes through
    /// it. Then its link is a path like others, as on Linux, and permission bits decide: so `O_PATH` slots are opened.
    pub(super) fn is_free(held: &Held) -> bool {
        held.grant().is_none()
            && held.bounds().is_none()
            && held.rights() == rights_for(held.object().as_ref(), Rights::ALL)
            && crate::caller().and_then(|caller| caller.table()).is_some_and(|table| table.is_whole())
    }

    /// The object in a slot, which the call has found otherwise.
    pub const fn slot(held: Held) -> Self {
        Self { held, reach: Reach::Itself }
    }

    /// Refuses to give a file a name by which more could be done than by the slot. ENOENT where it was not opened for as much,
    /// as Linux says to whoever may not link descriptors.
    pub(super) fn demand_for_name(&self, rights: Rights) -> Result<()> {
        if self.held.kind() != caps::Kind::File {
            return Ok(());
        }
        self.held.demand(rights).map_err(|error| if error == Errno::EBADF { Errno::ENOENT } else { error })
    }

    /// Whether what was found is the object in the slot.
    pub fn is_itself(&self) -> bool {
        self.reach == Reach::Itself
    }

    /// The slot, as it was looked up.
    pub fn held(&self) -> &Held {
        &self.held
    }

    /// The leave that a directory found so gives.
    pub fn leave(&self) -> Leave {
        let leave = Leave::of(self.held.capability());
        if self.is_itself() { leave } else { leave.child() }
    }

    /// A capability to what was opened so: bounded, and taken back, as the slot's.
    pub fn capability(&self, object: Arc<dyn Object>, rights: Rights) -> ObjectCapability {
        match self.reach {
            Reach::Beneath => self.held.child(object, rights),
            Reach::Itself => {
                let slot = self.held.capability();
                let (bounds, grant) = (slot.bounds.clone(), slot.grant.clone());
                Capability { kind: object.kind(), object, rights: rights & slot.rights, bounds, grant }
            }
        }
    }

    /// The object of the slot itself, for an open that must not make another. A new open file has a place of its own, and
    /// writes where it likes; so who may not move the slot's place, or end its appending, shares it. EACCES.
    pub(super) fn share(&self, flags: OpenFlags) -> Result<Option<Arc<dyn Object>>> {
        let had = self.held.status_flags();
        let may_set_flags = self.held.rights().contains(Rights::FCNTL)
            && self.held.bounds().is_none_or(|bounds| bounds.fcntls.contains(F_SETFL));
        let may_reopen = self.held.rights().contains(Rights::SEEK)
            && (may_set_flags || !had.contains(OpenFlags::APPEND) || !flags.can_write());
        if may_reopen || self.held.kind() != caps::Kind::File {
            return Ok(None);
        }
        self.same(flags).map(Some)
    }

    /// The object of the slot itself, if it was opened for as much. EACCES.
    pub(super) fn same(&self, flags: OpenFlags) -> Result<Arc<dyn Object>> {
        let had = self.held.status_flags();
        if (flags.can_read() && !had.can_read()) || (flags.can_write() && !had.can_write()) {
            return Err(Errno::EACCES);
        }
        Ok(self.held.object().clone())
    }
}
