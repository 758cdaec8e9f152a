//! Tables: the authority of one process.

mod explain;
mod narrow;

use crate::slot_set::SlotSet;
use crate::{Capability, Cause, Ceilings, Denied, Grant, Ground, Need, OutOfMemory, Rights};
use alloc::sync::Arc;
use alloc::vec::Vec;
use bitflags::bitflags;

bitflags! {
    /// What happens to a slot by itself.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct SlotFlags: u8 {
        /// Exec closes it.
        const CLOSE_ON_EXEC = 1;
        /// A fork's child does not get it.
        const CLOSE_ON_FORK = 2;
    }
}

/// Why a slot could not be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableError {
    /// Every slot below the limit is taken.
    Full,
    /// The slot asked for is at or above the limit.
    BeyondLimit,
    /// The slot asked for is reserved by an operation still under way.
    Reserved,
    /// There is nothing in the slot to duplicate.
    BadSlot,
    /// No memory for more slots.
    OutOfMemory,
}

/// A slot taken for what is still being made. To be given back to [`Table::commit`] or [`Table::cancel`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a reservation that is neither committed nor cancelled keeps its slot for ever"]
pub struct Reservation(u32);

impl Reservation {
    /// The slot's number.
    pub const fn slot(&self) -> u32 {
        self.0
    }
}

#[derive(Clone, Debug)]
struct Slot<O> {
    capability: Capability<O>,
    flags: SlotFlags,
}

/// Slots, ceilings and the limit on the number of slots.
///
/// A slot is free, reserved or filled. `taken` has the reserved and the filled ones; `slots` has a capability for the
/// filled ones only. So a reservation is invisible to every look-up, and a fork copies none.
#[derive(Debug)]
pub struct Table<O> {
    slots: Vec<Option<Slot<O>>>,
    taken: SlotSet,
    ceilings: Ceilings,
    limit: usize,
    filled: usize,
}

impl<O> Table<O> {
    /// An empty table with at most `limit` slots.
    pub const fn new(limit: usize) -> Self {
        Self { slots: Vec::new(), taken: SlotSet::new(), ceilings: Ceilings::new(), limit, filled: 0 }
    }

    /// The capability in a slot, and its rights, if it meets the need: the check of law 1, and the only way in for a use.
    #[inline]
    pub fn get(&self, slot: i32, need: &Need) -> Result<(&Capability<O>, Rights), Denied> {
        self.find(slot, need).ok_or_else(|| self.refusal(slot, need))
    }

    /// As [`Table::get`], for those who ask why only afterwards.
    #[inline]
    pub fn find(&self, slot: i32, need: &Need) -> Option<(&Capability<O>, Rights)> {
        let Some(Slot { capability, .. }) = self.slots.get(slot as u32 as usize)? else { return None };
        if !need.kinds.has(capability.kind) {
            return None;
        }
        let rights = self.effective(capability);
        rights.contains(need.rights).then_some((capability, rights))
    }

    #[inline]
    fn effective(&self, capability: &Capability<O>) -> Rights {
        // In this order it is the fewest instructions.
        let rights = capability.rights & self.ceilings.now.kind(capability.kind);
        match &capability.grant {
            None => rights,
            Some(grant) => rights & grant.limit(),
        }
    }

    /// Takes the lowest free slot from `from` on.
    #[inline]
    pub fn reserve(&mut self, from: u32) -> Result<Reservation, TableError> {
        let slot = self.taken.first_absent(from as usize);
        if slot >= self.limit {
            return Err(TableError::Full);
        }
        self.grow(slot + 1)?;
        self.taken.insert(slot);
        Ok(Reservation(slot as u32))
    }

    #[inline]
    fn grow(&mut self, slots: usize) -> Result<(), TableError> {
        // The set of those taken has room for all that there are.
        if slots <= self.slots.len() { Ok(()) } else { self.grow_slowly(slots) }
    }

    #[cold]
    fn grow_slowly(&mut self, slots: usize) -> Result<(), TableError> {
        if !self.taken.try_grow(slots) {
            return Err(TableError::OutOfMemory);
        }
        self.slots.try_reserve(slots - self.slots.len()).map_err(|_| TableError::OutOfMemory)?;
        self.slots.resize_with(slots, || None);
        Ok(())
    }

    /// Fills a reserved slot.
    #[inline]
    pub fn commit(&mut self, reservation: Reservation, capability: Capability<O>, flags: SlotFlags) -> u32 {
        self.slots[reservation.0 as usize] = Some(Slot { capability, flags });
        self.filled += 1;
        reservation.0
    }

    /// Frees a reserved slot.
    pub fn cancel(&mut self, reservation: Reservation) {
        self.taken.remove(reservation.0 as usize);
    }

    /// Fills the slot `slot`; what was in it, for the caller to drop where that may take long.
    pub fn replace(
        &mut self,
        slot: u32,
        capability: Capability<O>,
        flags: SlotFlags,
    ) -> Result<Option<Capability<O>>, TableError> {
        let slot = slot as usize;
        if slot >= self.limit {
            return Err(TableError::BeyondLimit);
        }
        self.grow(slot + 1)?;
        let place = &mut self.slots[slot];
        if place.is_none() && self.taken.contains(slot) {
            return Err(TableError::Reserved);
        }
        let old = place.replace(Slot { capability, flags });
        self.filled += usize::from(old.is_none());
        self.taken.insert(slot);
        Ok(old.map(|old| old.capability))
    }

    /// Empties a slot; what was in it.
    pub fn remove(&mut self, slot: i32) -> Option<Capability<O>> {
        let index = usize::try_from(slot).ok()?;
        let old = self.slots.get_mut(index)?.take()?;
        self.taken.remove(index);
        self.filled -= 1;
        Some(old.capability)
    }

    /// Empties the lowest filled slot of `first..=last`; its number and what was in it.
    pub fn remove_next(&mut self, first: u32, last: u32) -> Option<(u32, Capability<O>)> {
        let slot = self.next_filled(first).filter(|slot| *slot <= last)?;
        self.remove(slot as i32).map(|capability| (slot, capability))
    }

    /// Empties the lowest slot from `first` on that exec closes.
    pub fn remove_next_on_exec(&mut self, first: u32) -> Option<(u32, Capability<O>)> {
        let mut from = first;
        loop {
            let slot = self.next_filled(from)?;
            if self.flags(slot as i32).is_some_and(|flags| flags.contains(SlotFlags::CLOSE_ON_EXEC)) {
                return self.remove(slot as i32).map(|capability| (slot, capability));
            }
            from = slot + 1;
        }
    }

    /// The lowest filled slot from `from` on.
    pub fn next_filled(&self, from: u32) -> Option<u32> {
        let mut from = from as usize;
        loop {
            let slot = self.taken.first_present(from)?;
            if self.slots.get(slot).is_some_and(Option::is_some) {
                return Some(slot as u32);
            }
            from = slot + 1;
        }
    }

    /// A slot's flags.
    pub fn flags(&self, slot: i32) -> Option<SlotFlags> {
        self.slots.get(slot as u32 as usize)?.as_ref().map(|slot| slot.flags)
    }

    /// Sets a slot's flags; false if nothing is in it.
    pub fn set_flags(&mut self, slot: i32, flags: SlotFlags) -> bool {
        match self.slots.get_mut(slot as u32 as usize) {
            Some(Some(slot)) => {
                slot.flags = flags;
                true
            }
            _ => false,
        }
    }

    /// The filled slots in order, for showing the table. Not a way to use a capability.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Capability<O>, SlotFlags)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(number, slot)| slot.as_ref().map(|slot| (number as u32, &slot.capability, slot.flags)))
    }

    /// How many slots are filled.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether no slot is filled.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// The number below which slots are given out.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Changes the limit. Slots above a lowered limit stay.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// The ceilings.
    pub fn ceilings(&self) -> &Ceilings {
        &self.ceilings
    }

    /// Puts the exec half of the ceilings in force. What exec closes is emptied with [`Table::remove_next_on_exec`].
    pub fn exec(&mut self) -> Result<(), OutOfMemory> {
        self.ceilings.exec()
    }

    /// The grant of a slot, to derive from. A slot that nobody lent gets the root grant of a new tree; its duplicates keep
    /// what they have.
    pub fn grant_of(&mut self, slot: i32, cause: Cause, ground: &impl Ground) -> Result<Arc<Grant>, TableError> {
        let Some(Some(Slot { capability, .. })) = self.slots.get_mut(slot as u32 as usize) else {
            return Err(TableError::BadSlot);
        };
        if let Some(grant) = &capability.grant {
            return Ok(grant.clone());
        }
        let grant = Grant::root(Rights::ALL, cause, ground).map_err(|_| TableError::OutOfMemory)?;
        Ok(capability.grant.insert(grant).clone())
    }
}

impl<O: Clone> Table<O> {
    /// A capability derived from a slot's: the same, on a grant of its own beneath the slot's, which leaves it no more than
    /// `limit`. It is revoked with the slot's grant, wherever it goes.
    pub fn derive(
        &mut self,
        slot: i32,
        limit: Rights,
        cause: Cause,
        ground: &impl Ground,
    ) -> Result<Capability<O>, TableError> {
        let parent = self.grant_of(slot, cause, ground)?;
        let grant = parent.derive(limit, cause, ground).map_err(|OutOfMemory| TableError::OutOfMemory)?;
        Ok(Capability { grant: Some(grant), ..self.copy_of(slot)? })
    }

    /// Copies a slot to the lowest free one from `from` on.
    #[inline]
    pub fn duplicate(&mut self, slot: i32, from: u32, flags: SlotFlags) -> Result<u32, TableError> {
        let copy = self.copy_of(slot)?;
        let reservation = self.reserve(from)?;
        Ok(self.commit(reservation, copy, flags))
    }

    /// Copies a slot over another; what was in that.
    pub fn duplicate_to(
        &mut self,
        slot: i32,
        target: u32,
        flags: SlotFlags,
    ) -> Result<Option<Capability<O>>, TableError> {
        let copy = self.copy_of(slot)?;
        self.replace(target, copy, flags)
    }

    fn copy_of(&self, slot: i32) -> Result<Capability<O>, TableError> {
        match self.slots.get(slot as u32 as usize) {
            Some(Some(slot)) => Ok(slot.capability.clone()),
            _ => Err(TableError::BadSlot),
        }
    }

    /// The table of a forked child: every filled slot but those marked close-on-fork, the ceilings and the limit.
    pub fn fork(&self) -> Result<Self, TableError> {
        let mut child = Self::new(self.limit);
        child.ceilings = self.ceilings.try_clone().map_err(|OutOfMemory| TableError::OutOfMemory)?;
        let kept = |slot: &&Slot<O>| !slot.flags.contains(SlotFlags::CLOSE_ON_FORK);
        let length =
            self.slots.iter().rposition(|slot| slot.as_ref().filter(kept).is_some()).map_or(0, |last| last + 1);
        child.grow(length)?;
        for (number, slot) in self.slots.iter().enumerate().take(length) {
            if let Some(slot) = slot.as_ref().filter(kept) {
                child.slots[number] = Some(slot.clone());
                child.taken.insert(number);
                child.filled += 1;
            }
        }
        Ok(child)
    }
}

impl<O> Drop for Table<O> {
    /// Objects are dropped in the order of their slots.
    fn drop(&mut self) {
        self.slots.clear();
    }
}
