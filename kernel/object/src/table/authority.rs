//! A table's authority beside its slots: promises, root capabilities, grants, and narrowing all of it.

use super::{Table, error_of};
use crate::denial::{Denial, Had, Needed, Verdict, deny};
use crate::ground::KernelGround;
use crate::held::ObjectCapability;
use crate::{Credentials, Roots, ViewStep};
use abi::{Errno, Result};
use alloc::sync::Arc;
use caps::{Cause, DeniedCall, Grant, Item, Lacking, NarrowError, Promises, Rights, Root, RootSet};
use core::sync::atomic::Ordering;

impl Table {
    /// Whether a call may be made that needs one of `promises` and all of `roots`: one load.
    #[inline(always)]
    pub fn may_call(&self, promises: Promises, roots: RootSet) -> bool {
        self.authority.allows(promises, roots)
    }

    /// Why a call may not be made after all: the slow side of [`Table::may_call`]. `Ok` if whoever is asked allows it, or if it
    /// may be made by now.
    #[cold]
    pub fn refuse_call(&self, promises: Promises, roots: RootSet) -> core::result::Result<(), DeniedCall> {
        let slots = self.slots.read();
        let Some(denied) = slots.explain_call(promises, roots) else {
            drop(slots);
            if let Some(learner) = self.learner() {
                learner.use_call(promises, roots);
            }
            return Ok(());
        };
        let held = match denied.missing {
            Lacking::Promises(_) => Had::Promises(slots.promises()),
            Lacking::Roots(_) => Had::Roots(slots.roots()),
        };
        drop(slots);
        let needed = match denied.missing {
            Lacking::Promises(promises) => Needed::Promises(promises),
            Lacking::Roots(roots) => Needed::Roots(roots),
        };
        match deny(&Denial::of(needed, held, denied.cause)) {
            // A call may lack both; whoever is allowed the one is asked about the other.
            Verdict::Allow if matches!(denied.missing, Lacking::Promises(_)) && !roots.is_empty() => {
                self.refuse_call(Promises::ALL, roots)
            }
            Verdict::Allow => Ok(()),
            Verdict::Refuse => Err(denied),
        }
    }

    /// The promises in force.
    pub fn promises(&self) -> Promises {
        self.slots.read().promises()
    }

    /// The root capabilities that are there.
    pub fn root_set(&self) -> RootSet {
        self.slots.read().roots()
    }

    /// What may be done with a root capability.
    pub fn root(&self, root: Root) -> Rights {
        self.slots.read().root(root)
    }

    /// The narrowing that took one of `missing` from a root capability.
    #[cold]
    pub fn root_cause(&self, root: Root, missing: Rights) -> Option<Cause> {
        self.slots.read().root_cause(root, missing)
    }

    /// Publishes what the gate may let pass: nothing, where each use is to be noted.
    pub(super) fn publish(&self, slots: &caps::Table<Arc<dyn crate::Object>>) {
        match self.is_learning() {
            true => self.authority.publish(Promises::empty(), RootSet::empty()),
            false => self.authority.publish(slots.promises(), slots.roots()),
        }
    }

    /// Has every use noted from now on.
    pub(crate) fn start_noting(&self) {
        let slots = self.slots.write();
        self.is_learning.store(true, Ordering::Relaxed);
        self.publish(&slots);
    }

    /// Narrows by all of the items or by none: EBADF, ENOTCAPABLE or EPERM for what would widen, EINVAL, ENOMEM. For threads that
    /// are in the middle of a call it takes effect with their next one.
    pub fn narrow(&self, items: &[Item<'_>], cause: Cause) -> Result<()> {
        self.narrow_step(items, cause, None).map(drop)
    }

    /// The same together with steps that narrow the view, for which these credentials count. EPERM for a locked view, E2BIG,
    /// and what a look-up of their paths may fail with.
    pub fn narrow_with_view(
        &self,
        items: &[Item<'_>],
        cause: Cause,
        steps: &[ViewStep<'_>],
        credentials: &Credentials,
    ) -> Result<()> {
        loop {
            let old = self.roots();
            let new = self.narrowed_roots(&old, steps, credentials, cause)?;
            if self.narrow_step(items, cause, Some((&old, new)))? == Step::Taken {
                return Ok(());
            }
        }
    }

    fn narrow_step(&self, items: &[Item<'_>], cause: Cause, roots: Option<(&Arc<Roots>, Arc<Roots>)>) -> Result<Step> {
        let mut slots = self.slots.write();
        let mut now = self.roots.write();
        if roots.as_ref().is_some_and(|(old, _)| !Arc::ptr_eq(&now, old)) {
            return Ok(Step::Overtaken);
        }
        let closed = slots.narrow(items, cause, &KernelGround).map_err(narrow_error)?;
        self.publish(&slots);
        let replaced = roots.map(|(_, new)| core::mem::replace(&mut *now, new));
        drop(now);
        drop(slots);
        drop(replaced);
        closed.into_iter().for_each(|old| self.retire(old));
        Ok(Step::Taken)
    }

    /// Has the exec half of the ceilings come into force, after [`Table::close_on_exec`].
    pub fn exec(&self) -> Result<()> {
        let mut slots = self.slots.write();
        slots.exec().map_err(|_| Errno::ENOMEM)?;
        self.publish(&slots);
        drop(slots);
        self.begin_learning();
        Ok(())
    }

    /// Has `show` look at the whole table. It must be short: the table's lock is held.
    pub fn inspect<R>(&self, show: impl FnOnce(&caps::Table<Arc<dyn crate::Object>>) -> R) -> R {
        show(&self.slots.read())
    }

    /// The grant of a slot, to derive from; a slot without one gets one.
    pub fn grant_of(&self, slot: i32, cause: Cause) -> Result<Arc<Grant>> {
        self.slots.write().grant_of(slot, cause, &KernelGround).map_err(error_of)
    }

    /// A capability derived from a slot's, to be put into a slot or sent: on a grant of its own that leaves it no more than
    /// `limit` and is revoked with the slot's.
    pub fn derive(&self, slot: i32, limit: Rights, cause: Cause) -> Result<ObjectCapability> {
        self.slots.write().derive(slot, limit, cause, &KernelGround).map_err(error_of)
    }
}

/// Whether a narrowing took place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Taken,
    /// Another thread changed the roots first.
    Overtaken,
}

/// Derives a grant from another.
pub fn derive(parent: &Arc<Grant>, limit: Rights, cause: Cause) -> Result<Arc<Grant>> {
    parent.derive(limit, cause, &KernelGround).map_err(|_| Errno::ENOMEM)
}

fn narrow_error(error: NarrowError) -> Errno {
    match error {
        NarrowError::BadSlot => Errno::EBADF,
        NarrowError::Widens => Errno::ENOTCAPABLE,
        NarrowError::WidensPromises => Errno::EPERM,
        NarrowError::Invalid => Errno::EINVAL,
        NarrowError::OutOfMemory => Errno::ENOMEM,
    }
}
