//! Tables of processes: the capability table of `caps` behind a lock, and the root capabilities for paths.

mod authority;
mod compare;
mod look_up;

use crate::floor::{BigReaderLock, CapabilityTable, ObjectState, RwSpinLock};
use crate::held::ObjectCapability;
use crate::locks::{self, LockOwner};
use crate::namespace::View;
use crate::namespace::{Leave, Location};
use crate::{Object, Roots};
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{Authority, Capability, Rights, SlotFlags, TableError};
use core::sync::atomic::{AtomicBool, Ordering};

pub use authority::derive;
pub(crate) use look_up::is_opened_without;

/// The authority of one process, shared by its threads.
///
/// Whatever leaves the table is dropped after its lock is released: the last close of an object may sleep.
pub struct Table {
    /// Threads on different CPUs that look different slots up write to no line that another of them uses: the lock's readers
    /// have a line for each CPU, and a look-up counts on the object's own.
    slots: BigReaderLock<caps::Table<Arc<dyn Object>>, CapabilityTable>,
    roots: RwSpinLock<Arc<Roots>, ObjectState>,
    /// The promises and root capabilities in `slots`, for the gate that every call goes through.
    authority: Authority,
    /// Whether uses are noted: see [`crate::learning`].
    pub(crate) is_learning: AtomicBool,
    may_hold_locks: AtomicBool,
}

/// A slot set aside for what is still being made; given up when dropped.
pub struct Reservation<'a> {
    table: &'a Table,
    slot: Option<caps::Reservation>,
}

/// A filled slot, as shown to people and to `/proc`.
pub struct ShownSlot {
    /// The slot.
    pub slot: i32,
    /// What is in it.
    pub capability: ObjectCapability,
    /// What happens to it by itself.
    pub flags: SlotFlags,
}

impl Table {
    /// A table without slots.
    pub fn new(roots: Roots, limit: usize) -> Self {
        Self::build(caps::Table::new(limit), Arc::new(roots))
    }

    fn build(slots: caps::Table<Arc<dyn Object>>, roots: Arc<Roots>) -> Self {
        let authority = Authority::new();
        authority.publish(slots.promises(), slots.roots());
        let is_learning = AtomicBool::new(false);
        let (slots, roots) = (BigReaderLock::new(slots), RwSpinLock::new(roots));
        Self { slots, roots, authority, is_learning, may_hold_locks: AtomicBool::new(false) }
    }

    /// Sets the lowest free slot from `from` on aside.
    pub fn reserve_from(&self, from: u32) -> Result<Reservation<'_>> {
        let slot = self.slots.write().reserve(from).map_err(error_of)?;
        Ok(Reservation { table: self, slot: Some(slot) })
    }

    /// Sets the lowest free slot aside.
    pub fn reserve(&self) -> Result<Reservation<'_>> {
        self.reserve_from(0)
    }

    /// Puts an object into the lowest free slot.
    pub fn install(&self, object: Arc<dyn Object>, rights: Rights, flags: SlotFlags) -> Result<i32> {
        Ok(self.reserve()?.commit(object, rights, flags))
    }

    /// Copies a slot to the lowest free one from `from` on: `dup`, `F_DUPFD`. EINVAL if `from` is beyond the limit.
    pub fn duplicate(&self, slot: i32, from: i32, flags: SlotFlags) -> Result<i32> {
        let mut slots = self.slots.write();
        if slots.flags(slot).is_none() {
            return Err(Errno::EBADF);
        }
        let from = u32::try_from(from).map_err(|_| Errno::EINVAL)?;
        if from as usize >= slots.limit() && from != 0 {
            return Err(Errno::EINVAL);
        }
        slots.duplicate(slot, from, flags).map(|slot| slot as i32).map_err(error_of)
    }

    /// Copies a slot over another: `dup2`, `dup3`.
    pub fn replace(&self, slot: i32, target: i32, flags: SlotFlags) -> Result<i32> {
        let number = u32::try_from(target).map_err(|_| Errno::EBADF)?;
        let old = self.slots.write().duplicate_to(slot, number, flags).map_err(error_of)?;
        if let Some(old) = old {
            self.retire(old);
        }
        Ok(target)
    }

    /// Empties a slot.
    pub fn close(&self, slot: i32) -> Result<()> {
        let Some(old) = self.slots.write().remove(slot) else { return Err(Errno::EBADF) };
        self.retire(old);
        Ok(())
    }

    /// Empties the slots `first..=last`.
    pub fn close_range(&self, first: u32, last: u32) {
        let mut from = first;
        loop {
            let next = self.slots.write().remove_next(from, last);
            match next {
                Some((slot, old)) => {
                    self.retire(old);
                    from = slot + 1;
                }
                None => return,
            }
        }
    }

    /// Who holds the record locks that the process takes. Those on a file go when any slot with it is emptied.
    pub fn lock_owner(&self) -> LockOwner {
        self.may_hold_locks.store(true, Ordering::Relaxed);
        LockOwner::Table(core::ptr::from_ref(self).addr())
    }

    /// Lets go of what was in a slot. No lock is held.
    #[inline(always)]
    fn retire(&self, old: ObjectCapability) {
        if self.may_hold_locks.load(Ordering::Relaxed)
            && let Some(location) = old.object.location()
        {
            locks::unlock_all(location, self.lock_owner());
        }
        let afterwards = old.object.after_close();
        drop(old);
        if let Some(afterwards) = afterwards {
            afterwards();
        }
    }

    /// Marks the slots `first..=last` to be closed by exec.
    pub fn mark_range(&self, first: u32, last: u32) {
        let mut slots = self.slots.write();
        let mut from = first;
        while let Some(slot) = slots.next_filled(from).filter(|slot| *slot <= last) {
            let flags = slots.flags(slot as i32).unwrap_or_default() | SlotFlags::CLOSE_ON_EXEC;
            slots.set_flags(slot as i32, flags);
            from = slot + 1;
        }
    }

    /// Empties what exec closes.
    pub fn close_on_exec(&self) {
        let mut from = 0;
        loop {
            let next = self.slots.write().remove_next_on_exec(from);
            match next {
                Some((slot, old)) => {
                    self.retire(old);
                    from = slot + 1;
                }
                None => return,
            }
        }
    }

    /// Empties every slot: the end of the process.
    pub fn clear(&self) {
        self.close_range(0, u32::MAX);
    }

    /// The table of a forked child.
    pub fn fork(&self) -> Result<Self> {
        let slots = self.slots.read().fork().map_err(error_of)?;
        let mut roots = self.roots();
        if let Some(view) = &roots.view {
            let view = Some(View::forked(view)?);
            roots = crate::floor::try_arc(Roots { view, ..(*roots).clone() })?;
        }
        let child = Self::build(slots, roots);
        if self.is_learning() {
            child.start_noting();
        }
        Ok(child)
    }

    /// A slot's flags.
    pub fn slot_flags(&self, slot: i32) -> Result<SlotFlags> {
        self.slots.read().flags(slot).ok_or(Errno::EBADF)
    }

    /// Sets a slot's flags.
    pub fn set_slot_flags(&self, slot: i32, flags: SlotFlags) -> Result<()> {
        if self.slots.write().set_flags(slot, flags) { Ok(()) } else { Err(Errno::EBADF) }
    }

    /// The filled slots as they are now.
    pub fn snapshot(&self) -> Result<Vec<ShownSlot>> {
        let mut shown = Vec::new();
        loop {
            // Memory is made room for without the lock; if the table grew meanwhile, again.
            let wanted = self.slots.read().len();
            shown.try_reserve(wanted).map_err(|_| Errno::ENOMEM)?;
            let slots = self.slots.read();
            if slots.len() > shown.capacity() {
                continue;
            }
            let copies = slots.iter().map(|(slot, capability, flags)| ShownSlot {
                slot: slot as i32,
                capability: capability.clone(),
                flags,
            });
            shown.extend(copies);
            return Ok(shown);
        }
    }

    /// How many slots are filled.
    pub fn count(&self) -> usize {
        self.slots.read().len()
    }

    /// The limit on the number of slots: RLIMIT_NOFILE.
    pub fn limit(&self) -> usize {
        self.slots.read().limit()
    }

    /// Changes the limit.
    pub fn set_limit(&self, limit: usize) {
        self.slots.write().set_limit(limit);
    }

    /// Root and working directory.
    pub fn roots(&self) -> Arc<Roots> {
        self.roots.read().clone()
    }

    /// Changes the working directory. `leave` is that of the capability that it was found by.
    pub fn set_cwd(&self, cwd: Location, leave: Leave) -> Result<()> {
        self.change_roots(|old| Ok(Roots { cwd: cwd.clone(), cwd_leave: leave.clone(), ..old.clone() }))
    }

    /// Changes the root.
    pub fn set_root(&self, root: Location, leave: Leave) -> Result<()> {
        self.change_roots(|old| Ok(Roots { root: root.clone(), root_leave: leave.clone(), ..old.clone() }))
    }

    /// Replaces the roots as a whole, by what `change` makes of them; again if another thread was quicker.
    pub(crate) fn change_roots(&self, change: impl Fn(&Roots) -> Result<Roots>) -> Result<()> {
        loop {
            let old = self.roots();
            let new = crate::floor::try_arc(change(&old)?)?;
            let mut now = self.roots.write();
            if Arc::ptr_eq(&now, &old) {
                let replaced = core::mem::replace(&mut *now, new);
                drop(now);
                drop(replaced);
                return Ok(());
            }
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Reservation<'_> {
    /// The slot set aside.
    pub fn slot(&self) -> i32 {
        self.slot.as_ref().map_or(-1, |slot| slot.slot() as i32)
    }

    /// Fills the slot.
    pub fn commit(self, object: Arc<dyn Object>, rights: Rights, flags: SlotFlags) -> i32 {
        let kind = object.kind();
        self.commit_capability(Capability::new(object, kind, rights), flags)
    }

    /// Fills the slot with a capability made from another.
    pub fn commit_capability(mut self, capability: ObjectCapability, flags: SlotFlags) -> i32 {
        match self.slot.take() {
            Some(slot) => self.table.slots.write().commit(slot, capability, flags) as i32,
            None => -1,
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.table.slots.write().cancel(slot);
        }
    }
}

pub(crate) fn error_of(error: TableError) -> Errno {
    match error {
        TableError::Full => Errno::EMFILE,
        TableError::BeyondLimit | TableError::BadSlot => Errno::EBADF,
        TableError::Reserved => Errno::EBUSY,
        TableError::OutOfMemory => Errno::ENOMEM,
    }
}
