//! Removing mappings.

use super::gather::Gather;
use super::request::Sharing;
use super::zap::Hole;
use super::{AddressSpace, Layout, user_range};
use crate::algorithm::region_map::MOST_ADDED;
use crate::error::OutOfMemory;
use crate::pager::Pager;
use abi::{Errno, Protection, Result};
use arch::layout::USER_END;
use heap_crate::sync::Arc;
use heap_crate::vec::Vec;

/// The pagers of removed regions, to be let go when the region lock is open again: the last reference to a file may go
/// with one, and its end takes locks that come before ours.
pub(super) struct Removed {
    /// The common case needs no memory.
    first: Option<Arc<dyn Pager>>,
    others: Vec<Arc<dyn Pager>>,
}

impl Removed {
    pub(super) fn new() -> Self {
        Self { first: None, others: Vec::new() }
    }

    fn reserve(&mut self, count: usize) -> core::result::Result<(), OutOfMemory> {
        if count > 1 || self.first.is_some() {
            self.others.try_reserve(count)?;
        }
        Ok(())
    }

    fn push(&mut self, pager: Arc<dyn Pager>) {
        if self.first.is_none() {
            self.first = Some(pager);
        } else {
            self.others.push(pager);
        }
    }
}

impl AddressSpace {
    /// `munmap`. EINVAL, ENOMEM.
    pub fn unmap(&self, start: u64, len: usize) -> Result<()> {
        let range = user_range(start, len).filter(|range| !range.is_empty()).ok_or(Errno::EINVAL)?;
        let mut removed = Removed::new();
        let mut layout = self.layout.write();
        let mut gather = Gather::new(self);
        let result = self.remove_regions(&mut layout, range.start, range.end, &mut removed, &mut gather);
        drop(gather);
        drop(layout);
        drop(removed);
        result
    }

    /// Removes what lies in `start..end`: regions, pages, and tables that nothing needs any more.
    pub(super) fn remove_regions(
        &self,
        layout: &mut Layout,
        start: u64,
        end: u64,
        removed: &mut Removed,
        gather: &mut Gather<'_>,
    ) -> Result<()> {
        let overlapping = layout.regions.overlapping(start, end);
        let (Some(first), Some(last)) = (overlapping.first(), overlapping.last()) else { return Ok(()) };
        let (start, end) = (start.max(first.start), end.min(last.end));
        if first.start < start && last.end > end && overlapping.len() == 1 && layout.regions.len() >= super::MAX_REGIONS
        {
            return Err(Errno::ENOMEM);
        }
        removed.reserve(overlapping.iter().filter(|region| region.value.pager().is_some()).count())?;
        layout.regions.reserve(MOST_ADDED).map_err(|_| Errno::ENOMEM)?;
        let (floor, ceiling) = layout.regions.remove(start, end, |region| {
            if let Some(pager) = region.value.pager() {
                removed.push(pager.clone());
            }
        });
        self.zap(start, end, gather);
        self.remove_tables(Hole::new(start, end, floor.unwrap_or(0), ceiling.unwrap_or(USER_END)), gather);
        Ok(())
    }

    /// Unmaps pages `first..first + count` of the pager `id` wherever they are mapped here (truncation, revocation).
    /// The
    /// regions stay; touching them asks the pager again. The caller holds no lock of pagers or spaces.
    pub fn unmap_pages(&self, id: u64, first: u64, count: u64) {
        let layout = self.layout.write();
        let mut gather = Gather::new(self);
        for region in layout.regions.as_slice() {
            if region.value.pager().is_none_or(|pager| pager.id() != id) {
                continue;
            }
            let base = super::region::page_index(region, region.start);
            let from = first.saturating_sub(base).saturating_mul(super::PAGE).min(region.len());
            let to = first.saturating_add(count).saturating_sub(base).saturating_mul(super::PAGE).min(region.len());
            if from < to {
                self.zap(region.start + from, region.start + to, &mut gather);
            }
        }
        drop(gather);
        drop(layout);
    }

    /// Takes every page that came through `pager`, this very one, out of the tables, and from its mappings what `kept` does
    /// not allow (revocation). The regions stay; touching them asks the pager again. The caller holds no lock of pagers or
    /// spaces.
    pub fn narrow_mappings_of(&self, pager: &dyn Pager, kept: Protection) {
        let mut layout = self.layout.write();
        let mut gather = Gather::new(self);
        let mut from = 0;
        while let Some(region) = layout.regions.next(from) {
            let (start, end) = (region.start, region.end);
            from = end;
            if !region.value.pager().is_some_and(|own| core::ptr::addr_eq(Arc::as_ptr(own), pager)) {
                continue;
            }
            self.zap(start, end, &mut gather);
            // The whole region changes alike, so nothing is split and no room is needed.
            layout.regions.update(start, end, |region| {
                let kept = if region.sharing == Sharing::Private { kept | Protection::WRITE } else { kept };
                region.max_protection &= kept;
                region.protection &= kept;
            });
        }
        drop(gather);
        drop(layout);
    }
}
