//! Resolving page faults.

use super::place::STACK_GAP;
use super::region::{VmRegion, page_index};
use super::request::{Backing, Growth, Sharing};
use super::word::{self, Origin, Writes};
use super::{AddressSpace, MIN_ADDRESS, page_of, zero};
use crate::algorithm::region_map::Region;
use crate::error::{Access, FaultError};
use crate::frame::Frame;
use crate::page_table::USER_TABLE;
use abi::Protection;
use arch::VirtAddr;
use arch::layout::USER_END;
use arch::paging::{self, Entry, Table, index};

type Result<T> = core::result::Result<T, FaultError>;

/// Whether an access obeys the region's protection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Force {
    /// As the user's own.
    Obey,
    /// A debugger's write: private memory is copied and written even where it is read-only.
    Debugger,
}

/// What one attempt at a word came to.
enum Attempt {
    Done,
    /// Another CPU changed the word first.
    Again,
}

impl AddressSpace {
    /// Resolves a page fault at `address`. Interrupts on, no locks held; may sleep.
    pub fn fault(&self, address: VirtAddr, access: Access) -> Result<()> {
        self.fault_with(address.as_u64(), access, Force::Obey)
    }

    pub(super) fn fault_with(&self, address: u64, access: Access, force: Force) -> Result<()> {
        if address >= USER_END {
            return Err(FaultError::Unmapped);
        }
        let page = page_of(address);
        loop {
            let layout = self.layout.read();
            let region = layout.regions.next(page).ok_or(FaultError::Unmapped)?;
            if region.start <= page {
                return self.resolve(region, page, access, force);
            }
            if region.value.growth == Growth::Fixed {
                return Err(FaultError::Unmapped);
            }
            drop(layout);
            self.grow_stack(page)?;
        }
    }

    fn resolve(&self, region: &Region<VmRegion>, page: u64, access: Access, force: Force) -> Result<()> {
        let is_forced = force == Force::Debugger && region.value.sharing == Sharing::Private;
        if !region.value.allows(access) && !is_forced {
            return Err(FaultError::Denied);
        }
        let tables = self.tables();
        let table = tables.leaf_or_make(VirtAddr::new_truncate(page), USER_TABLE)?;
        let at = index(VirtAddr::new_truncate(page), 1);
        loop {
            let entry = table.load(at);
            let attempt = if !word::is_mapped(entry) {
                self.bring_in(region, page, access, table, at)?
            } else if access == Access::Write && !word::is_writable(entry) {
                self.allow_write(region, page, table, at, entry)?
            } else {
                // Another thread has resolved it meanwhile, or this CPU remembered a stale word.
                paging::flush_page(VirtAddr::new_truncate(page));
                Attempt::Done
            };
            match attempt {
                Attempt::Done => return Ok(()),
                Attempt::Again => core::hint::spin_loop(),
            }
        }
    }

    /// Nothing is mapped at the page yet.
    fn bring_in(
        &self,
        region: &Region<VmRegion>,
        page: u64,
        access: Access,
        table: &Table,
        at: usize,
    ) -> Result<Attempt> {
        let value = &region.value;
        let is_write = access == Access::Write;
        let (frame, origin, writes) = match &value.backing {
            Backing::Anonymous if !is_write => {
                let entry = word::borrowed(zero::frame()?, value);
                return Ok(attempt(table.compare_exchange(at, Entry::EMPTY, entry)));
            }
            Backing::Anonymous => (Frame::zeroed()?, Origin::Own, Writes::Allowed),
            Backing::Pages { pager, .. } => {
                let number = page_index(region, page);
                match (value.sharing, is_write) {
                    (Sharing::Private, true) => {
                        (pager.page(number, Access::Read)?.duplicate()?, Origin::Own, Writes::Allowed)
                    }
                    (Sharing::Shared, true) => {
                        let frame = pager.page(number, Access::Write)?;
                        pager.dirty(number);
                        (frame, Origin::Pager, Writes::Allowed)
                    }
                    (_, false) => (pager.page(number, access)?, Origin::Pager, Writes::Fault),
                }
            }
        };
        let entry = word::counted(&frame, value, writes, origin);
        let result = attempt(table.compare_exchange(at, Entry::EMPTY, entry));
        if let Attempt::Done = result {
            word::give_reference(frame);
            self.note_resident(1, isize::from(origin == Origin::Pager));
        }
        Ok(result)
    }

    /// The page is there but may not be written yet.
    fn allow_write(
        &self,
        region: &Region<VmRegion>,
        page: u64,
        table: &Table,
        at: usize,
        entry: Entry,
    ) -> Result<Attempt> {
        let value = &region.value;
        if !word::copies_on_write(value) {
            if let Some(pager) = value.pager() {
                pager.dirty(page_index(region, page));
            }
            return Ok(attempt(table.compare_exchange(at, entry, word::made_writable(entry))));
        }
        let may_write = value.protection.contains(Protection::WRITE);
        if word::is_exclusive(entry) {
            let new = if may_write { word::made_writable(entry) } else { entry };
            return Ok(attempt(table.compare_exchange(at, entry, new)));
        }
        let old = word::frame_number(entry);
        let frame = match old {
            None => Frame::zeroed()?,
            Some(number) => Frame::duplicate_number(number)?,
        };
        let new = word::counted(&frame, value, Writes::Allowed, Origin::Own);
        if table.compare_exchange(at, entry, new).is_err() {
            return Ok(Attempt::Again);
        }
        word::give_reference(frame);
        self.note_resident(isize::from(old.is_none()), -isize::from(word::is_from_pager(entry)));
        // The new word is in place: once nobody can still use the old frame, its reference goes.
        self.release_replaced(page, entry);
        Ok(Attempt::Done)
    }

    /// Extends the growing region above `page` down to it, if the limits and its neighbour allow.
    fn grow_stack(&self, page: u64) -> Result<()> {
        let mut layout = self.layout.write();
        let Some(region) = layout.regions.next(page) else { return Err(FaultError::Unmapped) };
        if region.start <= page {
            return Ok(());
        }
        let (start, added) = (region.start, region.start - page);
        let value = region.value.clone();
        let below = layout.regions.previous(page);
        let is_clear = below.is_none_or(|below| {
            let gap =
                if below.value.growth == Growth::Down || below.value.protection.is_empty() { 0 } else { STACK_GAP };
            page - below.end >= gap
        });
        let fits = value.growth == Growth::Down && region.end - page <= layout.limits.stack && page >= MIN_ADDRESS;
        if !fits || !is_clear || layout.check_limits(&value, added, 0).is_err() {
            return Err(FaultError::Unmapped);
        }
        layout.regions.grow_down(start, page, value);
        Ok(())
    }
}

fn attempt(result: core::result::Result<(), Entry>) -> Attempt {
    match result {
        Ok(()) => Attempt::Done,
        Err(_) => Attempt::Again,
    }
}
