//! `mremap`.

use super::gather::Gather;
use super::region::VmRegion;
use super::request::{Backing, MoveTo, Place, Sharing};
use super::unmap::Removed;
use super::zap::{Hole, for_each_word};
use super::{AddressSpace, Layout, MIN_ADDRESS, PAGE, pages_len, user_range};
use crate::algorithm::region_map::{MOST_ADDED, Payload};
use crate::error::OutOfMemory;
use crate::page_table::USER_TABLE;
use abi::{Errno, Result};
use arch::VirtAddr;
use arch::layout::USER_END;
use arch::paging::{Entry, index};
use core::ops::Range;

impl AddressSpace {
    /// `mremap`. EINVAL, EFAULT where the old range is not one mapping, ENOMEM.
    pub fn remap(&self, old: u64, old_len: usize, new_len: usize, to: MoveTo) -> Result<VirtAddr> {
        let old_range = user_range(old, old_len).ok_or(Errno::EINVAL)?;
        let new_len = pages_len(new_len).filter(|len| *len != 0).ok_or(Errno::EINVAL)?;
        let mut removed = Removed::new();
        let mut layout = self.layout.write();
        let result = self.remap_locked(&mut layout, old_range, new_len, to, &mut removed);
        drop(layout);
        drop(removed);
        result.map(VirtAddr::new_truncate)
    }

    fn remap_locked(
        &self,
        layout: &mut Layout,
        old: Range<u64>,
        new_len: u64,
        to: MoveTo,
        removed: &mut Removed,
    ) -> Result<u64> {
        let region = layout.regions.find(old.start).ok_or(Errno::EFAULT)?;
        let value = region.value.advanced(old.start - region.start);
        let region_end = region.end;
        let old_len = old.end - old.start;
        if let Backing::Pages { offset, .. } = &value.backing {
            offset.checked_add(new_len).ok_or(Errno::EINVAL)?;
        }
        if old_len == 0 {
            return self.map_again(layout, value, new_len, to, removed);
        }
        if let MoveTo::Fixed(target) = to {
            check_target(target, new_len, &old)?;
        }
        if old.end > region_end {
            return Err(Errno::EFAULT);
        }
        let mut gather = Gather::new(self);
        if new_len < old_len {
            self.remove_regions(layout, old.start + new_len, old.end, removed, &mut gather)?;
        }
        let kept = old.start..old.start + old_len.min(new_len);
        if let MoveTo::Fixed(target) = to {
            layout.check_limits(&value, new_len.saturating_sub(old_len), 0)?;
            self.remove_regions(layout, target, target + new_len, removed, &mut gather)?;
            return self.move_pages(layout, kept, target, new_len, value, &mut gather);
        }
        if new_len <= old_len {
            return Ok(old.start);
        }
        layout.check_limits(&value, new_len - old_len, 0)?;
        let grown_end = old.start.checked_add(new_len).filter(|end| *end <= USER_END);
        if let Some(end) = grown_end.filter(|end| old.end == region_end && layout.has_room(old.end, *end)) {
            layout.regions.reserve(MOST_ADDED).map_err(|_| Errno::ENOMEM)?;
            layout.regions.insert(old.end, end, value.advanced(old_len));
            return Ok(old.start);
        }
        if to == MoveTo::InPlace {
            return Err(Errno::ENOMEM);
        }
        let target = layout.resolve(Place::Anywhere(0), new_len)?;
        self.move_pages(layout, kept, target, new_len, value, &mut gather)
    }

    /// An old length of 0: a second mapping of the same shared object.
    fn map_again(
        &self,
        layout: &mut Layout,
        value: VmRegion,
        len: u64,
        to: MoveTo,
        removed: &mut Removed,
    ) -> Result<u64> {
        if value.sharing != Sharing::Shared {
            return Err(Errno::EINVAL);
        }
        let place = match to {
            MoveTo::InPlace => return Err(Errno::ENOMEM),
            MoveTo::Anywhere => Place::Anywhere(0),
            MoveTo::Fixed(target) => Place::Fixed(target),
        };
        self.insert(layout, place, len, value, removed)
    }

    /// Makes a region of `len` bytes at `target`, which is free, moves the pages of `old` there, and removes `old`.
    fn move_pages(
        &self,
        layout: &mut Layout,
        old: Range<u64>,
        target: u64,
        len: u64,
        value: VmRegion,
        gather: &mut Gather<'_>,
    ) -> Result<u64> {
        layout.regions.reserve(2 * MOST_ADDED).map_err(|_| Errno::ENOMEM)?;
        if self.make_tables(&old, target).is_err() {
            let floor = layout.regions.previous(target).map_or(0, |below| below.end);
            let ceiling = layout.regions.next(target).map_or(USER_END, |above| above.start);
            self.remove_tables(Hole::new(target, target + len, floor, ceiling), gather);
            return Err(Errno::ENOMEM);
        }
        let tables = self.tables();
        for_each_word(tables, old.start, old.end, |table, at, page, entry| {
            let to = VirtAddr::new_truncate(target + (page - old.start));
            if let Some(leaf) = tables.leaf(to) {
                table.store(at, Entry::EMPTY);
                leaf.store(index(to, 1), entry);
                gather.note(page);
            }
        });
        // The pager goes on in the new region, so nothing is let go here.
        layout.regions.remove(old.start, old.end, |_| ());
        layout.regions.insert(target, target + len, value);
        // Only now: the new region may lie in the same hole.
        let floor = layout.regions.previous(old.start).map_or(0, |below| below.end);
        let ceiling = layout.regions.next(old.start).map_or(USER_END, |above| above.start);
        self.remove_tables(Hole::new(old.start, old.end, floor, ceiling), gather);
        Ok(target)
    }

    /// Makes the tables that the pages of `old` need at `target`, so that moving them cannot fail.
    fn make_tables(&self, old: &Range<u64>, target: u64) -> core::result::Result<(), OutOfMemory> {
        let tables = self.tables();
        let mut address = old.start;
        while let Some(run) = tables.next_run(address, old.end) {
            // One group's pages lie in at most two groups elsewhere.
            for page in [run.start, run.end - PAGE] {
                tables.leaf_or_make(VirtAddr::new_truncate(target + (page - old.start)), USER_TABLE)?;
            }
            address = run.end;
        }
        Ok(())
    }
}

fn check_target(target: u64, len: u64, old: &Range<u64>) -> Result<()> {
    let end = target.checked_add(len).filter(|end| *end <= USER_END).ok_or(Errno::EINVAL)?;
    let overlaps = target < old.end && old.start < end;
    if !target.is_multiple_of(PAGE) || overlaps {
        return Err(Errno::EINVAL);
    }
    if target < MIN_ADDRESS { Err(Errno::EPERM) } else { Ok(()) }
}
