//! Leave to use what paths lead to.

use crate::floor::Use;
use crate::{Object, ObjectCapability};
use abi::{Errno, Result};
use alloc::sync::Arc;
use caps::{Capability, Cause, Kind, Rights};

/// What a directory's capability says of what paths lead to from it, without the directory: the capability that a root,
/// a working directory or a slot is for path walks.
#[derive(Clone, Debug)]
pub struct Leave(Capability<()>);

/// A walk by somebody's leave that is under way: until it is over, whoever takes the leave back waits.
pub struct Passage(#[expect(dead_code, reason = "held for its end")] Option<Use>);

impl Passage {
    /// By nobody's.
    pub const NONE: Self = Self(None);
}

impl Leave {
    /// To do everything.
    pub const ALL: Self = Self(Capability::new((), Kind::Directory, Rights::ALL));
    /// To do nothing.
    pub const NONE: Self = Self(Capability::new((), Kind::Directory, Rights::NONE));

    /// The leave that a slot gives.
    pub fn of(capability: &ObjectCapability) -> Self {
        let Capability { kind, rights, bounds, grant, .. } = capability;
        Self(Capability { object: (), kind: *kind, rights: *rights, bounds: bounds.clone(), grant: grant.clone() })
    }

    /// What may be done from here.
    pub fn rights(&self) -> Rights {
        self.0.effective()
    }

    /// The most that may be done with what is found from here.
    pub fn limit(&self) -> Rights {
        self.0.inherited()
    }

    /// The narrowing that took one of these from what may be done with what is found from here.
    #[cold]
    pub fn cause(&self, missing: Rights) -> Option<Cause> {
        let granted = || self.0.grant.as_ref()?.cause(missing);
        self.0.cause(missing).or_else(granted)
    }

    /// The leave that a directory found from here gives.
    pub fn child(&self) -> Self {
        Self(self.0.child((), Kind::Directory, Rights::ALL))
    }

    /// The same without the rights that are not in `rights`.
    pub fn within(mut self, rights: Rights) -> Self {
        self.0.rights &= rights;
        self
    }

    /// A capability to what was found from here.
    pub fn capability(&self, object: Arc<dyn Object>, rights: Rights) -> ObjectCapability {
        let kind = object.kind();
        self.0.child(object, kind, rights)
    }

    /// Begins a walk that needs these rights of whoever lent this. ENOTCAPABLE if they were taken back.
    pub fn begin(&self, rights: Rights) -> Result<Passage> {
        let Some(grant) = &self.0.grant else { return Ok(Passage(None)) };
        let begun = Use::begin(grant, rights)?.ok_or(Errno::ENOTCAPABLE)?;
        Ok(Passage(Some(begun)))
    }
}
