//! Narrowing a table: all of a list, or none of it.

use super::{Slot, Table};
use crate::ceiling::Kept;
use crate::{
    Bounds, Capability, Cause, Gaps, Ground, Item, NarrowError, OutOfMemory, Rights, SlotNarrowing, Taken, When,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

impl From<OutOfMemory> for NarrowError {
    fn from(_: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

/// How many entries one narrowing of a slot adds to its history at most, but for control requests.
const ENTRIES: usize = 3;

/// What slots had before, to be put back if memory runs out in the middle.
struct Before {
    slots: Range<usize>,
    rights: Rights,
    bounds: Option<Arc<Bounds>>,
}

/// The last bounds made, for the slots that come out alike: those of one program mostly do.
struct Last<'a> {
    narrowing: &'a SlotNarrowing<'a>,
    rights: Rights,
    old: Option<Arc<Bounds>>,
    kept: Rights,
    new: Arc<Bounds>,
}

impl<'a> Last<'a> {
    /// Whether the narrowing makes the same of this capability.
    fn is_alike<O>(&self, capability: &Capability<O>, narrowing: &'a SlotNarrowing<'a>) -> bool {
        self.rights == capability.rights
            && is_same(&self.old, &capability.bounds)
            && (core::ptr::eq(self.narrowing, narrowing)
                || *self.narrowing == SlotNarrowing { slot: self.narrowing.slot, ..*narrowing })
    }
}

impl<O> Table<O> {
    /// Narrows by all of the items, or, on an error, by none. What was closed, for the caller to drop where that may take long.
    ///
    /// Every item is held against the table as it was before; what it keeps is an intersection, so none of them can widen
    /// anything. To keep what an earlier narrowing took is an error all the same, since whoever asks believes to have it.
    pub fn narrow(
        &mut self,
        items: &[Item<'_>],
        cause: Cause,
        ground: &impl Ground,
    ) -> Result<Vec<Capability<O>>, NarrowError> {
        let mut closing = 0;
        for item in items {
            closing += self.check(item)?;
        }
        let mut closed = Vec::new();
        closed.try_reserve_exact(closing.min(self.filled)).map_err(|_| NarrowError::OutOfMemory)?;
        self.ceilings.now.try_reserve(items.len())?;
        self.ceilings.after_exec.try_reserve(items.len())?;
        self.narrow_slots(items, cause, ground)?;
        for item in items {
            self.apply(item, cause, &mut closed);
        }
        Ok(closed)
    }

    /// Refuses what cannot be done; how many slots the item closes.
    fn check(&self, item: &Item<'_>) -> Result<usize, NarrowError> {
        match *item {
            Item::Slot(ref narrowing) => match self.slots.get(narrowing.slot as u32 as usize) {
                Some(Some(Slot { capability, .. })) => check_slot(capability, narrowing).map(|()| 0),
                _ => Err(NarrowError::BadSlot),
            },
            Item::Slots { ref narrowing, last, gaps } => self.check_slots(narrowing, last, gaps).map(|()| 0),
            Item::Kind { kind, rights, when } => self.check_ceiling(Kept::Kind(kind, rights), when),
            Item::Root { root, rights, when } => self.check_ceiling(Kept::Root(root, rights), when),
            Item::Promises { promises, when } => self.check_ceiling(Kept::Promises(promises), when),
            Item::Close { slot } if self.flags(slot).is_none() => Err(NarrowError::BadSlot),
            Item::Close { .. } => Ok(1),
            Item::CloseRange { first, last } => Ok(self.slots[self.range(first, last)].iter().flatten().count()),
            Item::CloseAllBut { slots } if !slots.is_sorted() => Err(NarrowError::Invalid),
            Item::CloseAllBut { .. } => Ok(self.filled),
            Item::SlotCount { limit } if limit > self.limit => Err(NarrowError::Widens),
            Item::SlotCount { .. } => Ok(0),
        }
    }

    fn check_slots(&self, narrowing: &SlotNarrowing<'_>, last: i32, gaps: Gaps) -> Result<(), NarrowError> {
        let range = self.range(narrowing.slot, last);
        if gaps == Gaps::Refused && range.end as i64 != i64::from(last) + 1 {
            return Err(NarrowError::BadSlot);
        }
        // What is bounded alike passes alike.
        let is_passed = |last: Option<&Capability<O>>, held: &Capability<O>| {
            last.is_some_and(|last| is_same(&last.bounds, &held.bounds) && last.rights == held.rights)
        };
        let mut passed: Option<&Capability<O>> = None;
        for slot in &self.slots[range] {
            match slot {
                Some(Slot { capability: held, .. }) if held.bounds.is_some() && !is_passed(passed, held) => {
                    check_slot(held, narrowing)?;
                    passed = Some(held);
                }
                Some(_) => {}
                None if gaps == Gaps::Refused => return Err(NarrowError::BadSlot),
                None => {}
            }
        }
        Ok(())
    }

    fn check_ceiling(&self, kept: Kept, when: When) -> Result<usize, NarrowError> {
        let has_now = !when.is_now() || self.ceilings.now.has(kept);
        let has_after = !when.is_after_exec() || self.ceilings.after_exec.has(kept);
        match kept {
            _ if has_now && has_after => Ok(0),
            Kept::Promises(_) => Err(NarrowError::WidensPromises),
            _ => Err(NarrowError::Widens),
        }
    }

    /// The slots from `first` to `last` that there is room for.
    fn range(&self, first: i32, last: i32) -> Range<usize> {
        let end = usize::try_from(last).map_or(0, |last| last.saturating_add(1)).min(self.slots.len());
        (first as u32 as usize).min(end)..end
    }

    /// What a narrowing of slots is, and of which.
    fn slots_of<'a>(&self, item: &'a Item<'a>) -> Option<(&'a SlotNarrowing<'a>, Range<usize>)> {
        match item {
            Item::Slot(narrowing) => Some((narrowing, self.range(narrowing.slot, narrowing.slot))),
            Item::Slots { narrowing, last, .. } => Some((narrowing, self.range(narrowing.slot, *last))),
            _ => None,
        }
    }

    fn narrow_slots(&mut self, items: &[Item<'_>], cause: Cause, ground: &impl Ground) -> Result<(), OutOfMemory> {
        let mut undo = Vec::new();
        let count = items.iter().filter_map(|item| self.slots_of(item)).map(|(_, range)| range.len()).sum();
        undo.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        let mut last: Option<Last<'_>> = None;
        for item in items {
            let Some((narrowing, Range { start: mut slot, end })) = self.slots_of(item) else { continue };
            while slot < end {
                let Some(Slot { capability, .. }) = &self.slots[slot] else {
                    slot += 1;
                    continue;
                };
                let like = match &last {
                    Some(last) if last.is_alike(capability, narrowing) => last,
                    _ => match Last::make(capability, narrowing, cause, ground) {
                        Ok(made) => last.insert(made),
                        Err(error) => {
                            self.put_back(undo);
                            return Err(error);
                        }
                    },
                };
                let from = slot;
                slot += like.narrow_run(&mut self.slots[slot..end]);
                undo.push(Before { slots: from..slot, rights: like.rights, bounds: like.old.clone() });
            }
        }
        Ok(())
    }

    /// Takes back what a narrowing did to slots that is not going to happen.
    fn put_back(&mut self, undo: Vec<Before>) {
        for Before { slots, rights, bounds } in undo.into_iter().rev() {
            for Slot { capability, .. } in self.slots[slots].iter_mut().flatten() {
                (capability.rights, capability.bounds) = (rights, bounds.clone());
            }
        }
    }

    fn apply(&mut self, item: &Item<'_>, cause: Cause, closed: &mut Vec<Capability<O>>) {
        match *item {
            Item::Slot(_) | Item::Slots { .. } => {}
            Item::Kind { kind, rights, when } => self.keep(Kept::Kind(kind, rights), when, cause),
            Item::Root { root, rights, when } => self.keep(Kept::Root(root, rights), when, cause),
            Item::Promises { promises, when } => self.keep(Kept::Promises(promises), when, cause),
            Item::Close { slot } => closed.extend(self.remove(slot)),
            Item::CloseRange { first, last } => {
                closed.extend(self.range(first, last).filter_map(|slot| self.remove(slot as i32)));
            }
            Item::CloseAllBut { slots } => {
                let mut from = 0;
                while let Some(slot) = self.next_filled(from) {
                    if slots.binary_search(&(slot as i32)).is_err() {
                        closed.extend(self.remove(slot as i32));
                    }
                    from = slot + 1;
                }
            }
            Item::SlotCount { limit } => self.limit = self.limit.min(limit),
        }
    }

    fn keep(&mut self, kept: Kept, when: When, cause: Cause) {
        if when.is_now() {
            self.ceilings.now.keep(kept, cause);
        }
        if when.is_after_exec() {
            self.ceilings.after_exec.keep(kept, cause);
        }
    }
}

/// Refuses to keep what a narrowing took from the capability.
fn check_slot<O>(capability: &Capability<O>, narrowing: &SlotNarrowing<'_>) -> Result<(), NarrowError> {
    // A right that the capability was made without (a file opened for reading only) is no right that somebody took: whoever
    // lists it among those to keep is not mistaken about a narrowing.
    let Some(bounds) = &capability.bounds else { return Ok(()) };
    let asked = narrowing.rights.unwrap_or(Rights::NONE) - capability.rights;
    let history = &bounds.history;
    let widens = history.first(Taken::Rights(asked)).is_some()
        || history.first(Taken::Inherited(asked)).is_some()
        || narrowing.inherited.is_some_and(|kept| !bounds.inherited.contains(kept))
        || narrowing.fcntls.is_some_and(|kept| !bounds.fcntls.includes(kept))
        || narrowing.ioctls.is_some_and(|kept| kept.iter().any(|request| !bounds.ioctls.contains(*request)));
    if widens { Err(NarrowError::Widens) } else { Ok(()) }
}

impl<'a> Last<'a> {
    /// What a narrowing makes of a capability.
    fn make<O>(
        capability: &Capability<O>,
        narrowing: &'a SlotNarrowing<'a>,
        cause: Cause,
        ground: &impl Ground,
    ) -> Result<Self, OutOfMemory> {
        let kept = capability.rights & narrowing.rights.unwrap_or(Rights::ALL);
        let new = ground.try_arc(narrowed_bounds(capability, narrowing, kept, cause)?)?;
        Ok(Self { narrowing, rights: capability.rights, old: capability.bounds.clone(), kept, new })
    }

    /// Narrows the capabilities from the start of `slots` that are like this one; how many there are.
    fn narrow_run<O>(&self, slots: &mut [Option<Slot<O>>]) -> usize {
        let is_like = |held: &Capability<O>| held.rights == self.rights && is_same(&self.old, &held.bounds);
        let mut count = 0;
        for place in slots {
            match place {
                Some(Slot { capability, .. }) if is_like(capability) => {
                    capability.rights = self.kept;
                    capability.bounds = Some(self.new.clone());
                    count += 1;
                }
                _ => break,
            }
        }
        count
    }
}

fn is_same(one: &Option<Arc<Bounds>>, other: &Option<Arc<Bounds>>) -> bool {
    one.as_ref().map(Arc::as_ptr) == other.as_ref().map(Arc::as_ptr)
}

/// The bounds of a capability after a narrowing, with the narrowing in their history.
fn narrowed_bounds<O>(
    capability: &Capability<O>,
    narrowing: &SlotNarrowing<'_>,
    rights: Rights,
    cause: Cause,
) -> Result<Bounds, OutOfMemory> {
    let unbound = Bounds::NONE;
    let mut bounds = capability.bounds.as_deref().unwrap_or(&unbound).try_clone(ENTRIES)?;
    bounds.history.record(Taken::Rights(capability.rights - rights), cause);
    if let Some(kept) = narrowing.inherited {
        bounds.keep_inherited(kept, cause);
    }
    if let Some(kept) = narrowing.fcntls {
        bounds.keep_fcntls(kept, cause);
    }
    if let Some(kept) = narrowing.ioctls {
        bounds.keep_ioctls(kept, cause)?;
    }
    Ok(bounds)
}
