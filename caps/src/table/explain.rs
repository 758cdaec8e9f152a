//! Why a table refuses: found after the fact, so that the check itself stays short.

use super::{Slot, Table};
use crate::{Capability, Cause, Denied, DeniedCall, Lacking, Need, Place, Promises, Rights, Root, RootSet, Taken};

impl<O> Table<O> {
    /// The promises in force.
    pub fn promises(&self) -> Promises {
        self.ceilings.now.promises()
    }

    /// The root capabilities that are there.
    pub fn roots(&self) -> RootSet {
        self.ceilings.now.roots()
    }

    /// What may be done with a root capability.
    pub fn root(&self, root: Root) -> Rights {
        self.ceilings.now.root(root)
    }

    /// Why a call may not be made that needs one of `promises` and all of `roots`; `None` if it may. Promises come first.
    #[cold]
    pub fn explain_call(&self, promises: Promises, roots: RootSet) -> Option<DeniedCall> {
        let now = &self.ceilings.now;
        if !self.promises().intersects(promises | Promises::UNPLEDGED) {
            let cause = now.history().last(Taken::Promises(promises | Promises::UNPLEDGED));
            return Some(DeniedCall { missing: Lacking::Promises(promises), cause });
        }
        let missing = roots - self.roots();
        let first = *Root::ALL.iter().find(|root| missing.has(**root))?;
        let cause = self.root_cause(first, Rights::ALL);
        Some(DeniedCall { missing: Lacking::Roots(missing), cause })
    }

    /// The narrowing that took one of `missing` from a root capability.
    #[cold]
    pub fn root_cause(&self, root: Root, missing: Rights) -> Option<Cause> {
        self.ceilings.now.history().last(Taken::Root(root, missing))
    }

    /// Why a slot does not meet a need: the slot, the kind, and then where a right went missing.
    #[cold]
    pub(super) fn refusal(&self, slot: i32, need: &Need) -> Denied {
        match self.slots.get(slot as u32 as usize) {
            Some(Some(Slot { capability, .. })) if !need.kinds.has(capability.kind) => {
                Denied::WrongKind(capability.kind)
            }
            Some(Some(Slot { capability, .. })) => self.explain(capability, need.rights),
            _ => Denied::BadSlot,
        }
    }

    fn explain(&self, capability: &Capability<O>, needed: Rights) -> Denied {
        let missing = needed - capability.rights;
        if !missing.is_empty() {
            return Denied::Missing { rights: missing, at: Place::Slot, cause: capability.cause(missing) };
        }
        if let Some(grant) = &capability.grant {
            let missing = needed - grant.limit();
            if !missing.is_empty() {
                return Denied::Missing { rights: missing, at: Place::Grant, cause: grant.cause(missing) };
            }
        }
        let now = &self.ceilings.now;
        let missing = needed - now.kind(capability.kind);
        let cause = now.history().first(Taken::Kind(capability.kind, missing));
        Denied::Missing { rights: missing, at: Place::Ceiling, cause }
    }
}
