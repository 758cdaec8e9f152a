//! Held capabilities: the proof that a slot was looked up with rights.

use crate::Object;
use crate::denial::{Denial, Had, Needed, Verdict, deny};
use crate::floor::Use;
use crate::learning::{Learner, SlotUse};
use crate::table::is_opened_without;
use abi::{Errno, Result};
use alloc::sync::Arc;
use caps::{Bounds, Capability, Cause, Grant, Kind, Rights};
use core::ops::Deref;

/// A capability to a kernel object, as tables hold them.
pub type ObjectCapability = Capability<Arc<dyn Object>>;

/// An object taken from a slot after its rights were checked.
///
/// It can only come out of the accessor of [`crate::Table`]: a handler that has one cannot have forgotten the check. Object
/// and rights are one snapshot; closing or narrowing the slot meanwhile does not change them.
pub struct Held {
    /// Before the capability, which it is dropped before: the grant goes last.
    under_way: Option<Use>,
    capability: ObjectCapability,
    slot: i32,
    /// Who notes what else is demanded of it.
    learner: Option<Arc<dyn Learner>>,
}

impl Held {
    /// `rights` are the effective ones of the look-up. What was lent has its use noted, here or by [`Held::begin`].
    #[inline(always)]
    pub(crate) fn new(capability: &ObjectCapability, rights: Rights, slot: i32, under_way: Option<Use>) -> Self {
        let capability = Capability {
            object: capability.object.clone(),
            kind: capability.kind,
            rights,
            bounds: capability.bounds.clone(),
            grant: capability.grant.clone(),
        };
        Self { under_way, capability, slot, learner: None }
    }

    /// Notes that what needs `rights` is under way, where the capability was lent. False if the grant has come not to allow
    /// it since the look-up. ENOMEM.
    #[inline]
    pub(crate) fn begin(&mut self, rights: Rights) -> Result<bool> {
        let Some(grant) = &self.capability.grant else { return Ok(true) };
        let Some(begun) = Use::begin(grant, rights)? else { return Ok(false) };
        self.under_way = Some(begun);
        // What else may be demanded of it is what the grant has left now.
        self.capability.rights &= grant.limit();
        Ok(true)
    }

    /// Refuses to go on once the grant has come not to allow what was demanded: for copies that are long.
    pub fn demand_still(&self) -> Result<()> {
        match &self.under_way {
            Some(under_way) if under_way.is_barred() => Err(Errno::ENOTCAPABLE),
            _ => Ok(()),
        }
    }

    /// Notes what it was looked up for, and has everything noted that is demanded of it later.
    #[cold]
    pub(crate) fn learn(&mut self, learner: Option<Arc<dyn Learner>>, rights: Rights) {
        self.learner = learner;
        self.note(SlotUse::Rights(rights));
    }

    #[inline]
    fn note(&self, what: SlotUse) {
        if let Some(learner) = &self.learner {
            learner.use_slot(self.slot, &self.capability.object, what);
        }
    }

    /// What it was lent through.
    pub fn grant(&self) -> Option<&Arc<Grant>> {
        self.capability.grant.as_ref()
    }

    /// The object.
    pub fn object(&self) -> &Arc<dyn Object> {
        &self.capability.object
    }

    /// The object, kept.
    pub fn into_object(self) -> Arc<dyn Object> {
        self.capability.object
    }

    /// Everything that could be done through the slot at the look-up.
    pub fn rights(&self) -> Rights {
        self.capability.rights
    }

    /// The object's kind.
    pub fn kind(&self) -> Kind {
        self.capability.kind
    }

    /// The slot.
    pub fn slot(&self) -> i32 {
        self.slot
    }

    /// Refuses unless these rights are there too: for needs that depend on an argument.
    pub fn demand(&self, rights: Rights) -> Result<()> {
        if !self.capability.rights.contains(rights) {
            return self.refuse(rights - self.capability.rights);
        }
        self.note(SlotUse::Rights(rights));
        match (&self.under_way, &self.capability.grant) {
            (Some(under_way), Some(grant)) if !under_way.extend(rights) => self.refuse(rights - grant.limit()),
            _ => Ok(()),
        }
    }

    #[cold]
    fn refuse(&self, missing: Rights) -> Result<()> {
        if is_opened_without(&self.capability.object, missing) {
            return Err(Errno::EBADF);
        }
        self.denied(Needed::Rights(missing), self.cause(missing))
    }

    /// The narrowing that took one of these rights, as far as the capability itself knows.
    fn cause(&self, missing: Rights) -> Option<Cause> {
        let granted = || self.capability.grant.as_ref()?.cause(missing);
        self.capability.cause(missing).or_else(granted)
    }

    /// Asks for rights that a look-up did not find, and has them then.
    #[cold]
    pub(crate) fn ask(&mut self, missing: Rights, cause: Option<Cause>) -> Result<()> {
        self.denied(Needed::Rights(missing), cause)?;
        self.capability.rights |= missing;
        Ok(())
    }

    fn denied(&self, needed: Needed<'_>, cause: Option<Cause>) -> Result<()> {
        let held = Had::Rights(self.capability.rights);
        match deny(&Denial::of(needed, held, cause).at(self.slot, &self.capability.object)) {
            Verdict::Refuse => Err(Errno::ENOTCAPABLE),
            Verdict::Allow => Ok(()),
        }
    }

    /// Refuses a control request that the slot's list does not have.
    pub fn demand_ioctl(&self, request: u32) -> Result<()> {
        self.note(SlotUse::Ioctl(request));
        match &self.capability.bounds {
            Some(bounds) if !bounds.ioctls.contains(request) => {
                self.denied(Needed::Ioctl(request), bounds.ioctl_cause(request))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a `fcntl` command that the slot's list does not have.
    pub fn demand_fcntl(&self, command: u32) -> Result<()> {
        self.note(SlotUse::Fcntl(command));
        match &self.capability.bounds {
            Some(bounds) if !bounds.fcntls.contains(command) => {
                self.denied(Needed::Fcntl(command), bounds.fcntl_cause(command))
            }
            _ => Ok(()),
        }
    }

    /// What bounds the slot beyond its rights.
    pub fn bounds(&self) -> Option<&Arc<Bounds>> {
        self.capability.bounds.as_ref()
    }

    /// The capability as it was looked up: its rights are the effective ones.
    pub fn capability(&self) -> &ObjectCapability {
        &self.capability
    }

    /// The most that a capability opened beneath this directory may do.
    pub fn inherited(&self) -> Rights {
        self.capability.inherited()
    }

    /// A copy of the capability that was looked up, to be sent away: the rights that it had then, its bounds and its grant.
    pub fn into_capability(self) -> ObjectCapability {
        self.capability
    }

    /// A capability to an object that came out of this one and is used as it is, such as a connection that was accepted: the
    /// same rights, bounds and grant.
    pub fn alike(&self, object: Arc<dyn Object>) -> ObjectCapability {
        let kind = object.kind();
        Capability { object, kind, ..self.capability.clone() }
    }

    /// A capability to what was opened beneath this directory: no more than it passes on, and taken back with it.
    pub fn child(&self, object: Arc<dyn Object>, rights: Rights) -> ObjectCapability {
        let kind = object.kind();
        self.capability.child(object, kind, rights)
    }
}

impl Deref for Held {
    type Target = dyn Object;

    fn deref(&self) -> &Self::Target {
        self.capability.object.as_ref()
    }
}
