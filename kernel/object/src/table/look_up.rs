//! Finding what a slot holds, if it may be used so.

use super::Table;
use crate::denial::{Denial, Had, Needed, Verdict, deny};
use crate::floor::Use;
use crate::held::ObjectCapability;
use crate::{Held, Object};
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use caps::{Capability, Denied, Kind, KindSet, Need, Place, Rights};

impl Table {
    /// The object in `slot`, whatever its kind, if all of `rights` are there. The one accessor, with [`Table::get_kind`].
    #[inline]
    pub fn get(&self, slot: i32, rights: Rights) -> Result<Held> {
        self.look_up(slot, &Need::rights(rights), Errno::EINVAL)
    }

    /// The object in `slot` if it is of one of `kinds`, else `wrong_kind`, and all of `rights` are there.
    #[inline]
    pub fn get_kind(&self, slot: i32, kinds: KindSet, rights: Rights, wrong_kind: Errno) -> Result<Held> {
        self.look_up(slot, &Need::of(kinds, rights), wrong_kind)
    }

    /// What [`Table::get`] or [`Table::get_kind`] find, where nothing is missing and nothing has to be prepared: for decoders, into
    /// which this is compiled, since the way through a `Result` in memory is as many instructions as the look-up.
    #[inline(always)]
    pub fn get_at_once(&self, slot: i32, need: &Need) -> Option<Held> {
        let slots = self.slots.read();
        let (capability, rights) = slots.find(slot, need)?;
        if self.is_learning() {
            return None;
        }
        let under_way = match &capability.grant {
            None => None,
            Some(grant) => Some(Use::begin_again(grant, need.rights)?),
        };
        Some(Held::new(capability, rights, slot, under_way))
    }

    #[inline]
    fn look_up(&self, slot: i32, need: &Need, wrong_kind: Errno) -> Result<Held> {
        match self.get_at_once(slot, need) {
            Some(held) => Ok(held),
            None => self.look_up_slowly(slot, need, wrong_kind),
        }
    }

    /// Looks a thread's first lent capability up, or one of a process that is learned from, or finds why there is none.
    #[inline(never)]
    fn look_up_slowly(&self, slot: i32, need: &Need, wrong_kind: Errno) -> Result<Held> {
        loop {
            let slots = self.slots.read();
            let mut held = match slots.get(slot, need) {
                Ok((capability, rights)) => Held::new(capability, rights, slot, None),
                Err(denied) => {
                    drop(slots);
                    return self.refuse(slot, need, denied, wrong_kind);
                }
            };
            drop(slots);
            if self.is_learning() {
                held.learn(self.learner(), need.rights);
            }
            // If the grant was narrowed in between, the next look finds that.
            if held.begin(need.rights)? {
                return Ok(held);
            }
        }
    }

    /// Turns a look-up down; whoever is learned from gets what it asked for, if there is such a thing.
    #[cold]
    fn refuse(&self, slot: i32, need: &Need, denied: Denied, wrong_kind: Errno) -> Result<Held> {
        let (missing, at, cause) = match denied {
            Denied::BadSlot => return Err(Errno::EBADF),
            Denied::WrongKind(_) => return Err(wrong_kind),
            Denied::Missing { rights, at, cause } => (rights, at, cause),
        };
        let Some(mut held) = self.peek(slot, need) else { return Err(Errno::EBADF) };
        if at == Place::Slot && is_opened_without(held.object(), missing) {
            return Err(Errno::EBADF);
        }
        held.ask(missing, cause)?;
        Ok(held)
    }

    fn peek(&self, slot: i32, need: &Need) -> Option<Held> {
        let slots = self.slots.read();
        let (capability, rights) = slots.get(slot, &Need::of(need.kinds, Rights::NONE)).ok()?;
        Some(Held::new(capability, rights, slot, None))
    }

    /// A copy of what `slot` holds, for another process's table: with the rights that it has here, its bounds and its grant.
    /// EBADF; ENOTCAPABLE for what may not be sent away.
    pub fn copy_of(&self, slot: i32) -> Result<ObjectCapability> {
        let slots = self.slots.read();
        match slots.get(slot, &Need::rights(Rights::TRANSFER)) {
            Ok((capability, rights)) => Ok(Capability { rights, ..capability.clone() }),
            Err(Denied::Missing { rights, cause, .. }) => {
                drop(slots);
                // Nobody who takes from another is learned from with the other's slots.
                match deny(&Denial::of(Needed::Rights(rights), Had::Nothing, cause)) {
                    Verdict::Allow | Verdict::Refuse => Err(Errno::ENOTCAPABLE),
                }
            }
            Err(_) => Err(Errno::EBADF),
        }
    }
}

/// Whether the object was opened without these rights: then Linux's own error is due, EBADF, as nothing was narrowed. How a
/// directory was opened takes no rights: they say what may be done beneath it.
pub(crate) fn is_opened_without(object: &Arc<dyn Object>, missing: Rights) -> bool {
    if object.kind() == Kind::Directory {
        return false;
    }
    let flags = object.status_flags();
    let lacks_reading = missing.contains(Rights::READ) && !flags.can_read();
    let lacks_writing = missing.intersects(Rights::WRITE | Rights::FTRUNCATE) && !flags.can_write();
    lacks_reading || lacks_writing || flags.contains(OpenFlags::PATH)
}
