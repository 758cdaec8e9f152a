//! Making mappings.

use super::gather::Gather;
use super::region::{ForkPolicy, VmRegion};
use super::request::{Backing, Growth, Mapping, Place, Populate, Sharing};
use super::unmap::Removed;
use super::{AddressSpace, Layout, PAGE, pages_len};
use crate::algorithm::region_map::MOST_ADDED;
use crate::pager::SharedMemory;
use abi::{Errno, Result};
use arch::VirtAddr;

impl AddressSpace {
    /// Makes a mapping and returns its address. EINVAL, ENOMEM, EEXIST, EPERM, EACCES as `mmap`.
    pub fn map(&self, mapping: Mapping) -> Result<VirtAddr> {
        if mapping.len == 0 {
            return Err(Errno::EINVAL);
        }
        let len = pages_len(mapping.len).ok_or(Errno::ENOMEM)?;
        let (place, populate) = (mapping.place, mapping.populate);
        let region = region_of(mapping, len)?;
        // Before the mapping can be used: an object that shrinks in between must already know of us.
        if let (Some(pager), Some(this)) = (region.pager(), self.this.upgrade()) {
            pager.mapped(&this);
        }
        let mut removed = Removed::new();
        let mut layout = self.layout.write();
        let start = self.insert(&mut layout, place, len, region, &mut removed)?;
        drop(layout);
        drop(removed);
        if populate == Populate::Now {
            // As on Linux, the mapping stands even if its pages cannot be had now.
            let _ = self.populate(start, len as usize);
        }
        Ok(VirtAddr::new_truncate(start))
    }

    /// Puts a region of `len` bytes into the map.
    pub(super) fn insert(
        &self,
        layout: &mut Layout,
        place: Place,
        len: u64,
        region: VmRegion,
        removed: &mut Removed,
    ) -> Result<u64> {
        let start = layout.resolve(place, len)?;
        let end = start + len;
        let replaced = match place {
            Place::Fixed(_) => {
                let overlap = layout.regions.overlapping(start, end).iter();
                overlap.map(|old| old.end.min(end) - old.start.max(start)).sum()
            }
            _ => 0,
        };
        layout.check_limits(&region, len, replaced)?;
        layout.regions.reserve(MOST_ADDED).map_err(|_| Errno::ENOMEM)?;
        if replaced != 0 {
            let mut gather = Gather::new(self);
            self.remove_regions(layout, start, end, removed, &mut gather)?;
            // `remove` may have split a region, and so used the room.
            drop(gather);
            layout.regions.reserve(MOST_ADDED).map_err(|_| Errno::ENOMEM)?;
        }
        layout.regions.insert(start, end, region);
        Ok(start)
    }
}

/// The region that a mapping asks for; shared anonymous memory gets its pager.
fn region_of(mapping: Mapping, len: u64) -> Result<VmRegion> {
    let backing = match mapping.backing {
        Backing::Anonymous if mapping.sharing == Sharing::Shared => {
            Backing::Pages { pager: SharedMemory::new()?, offset: 0 }
        }
        backing => backing,
    };
    if let Backing::Pages { offset, .. } = &backing {
        if !offset.is_multiple_of(PAGE) {
            return Err(Errno::EINVAL);
        }
        offset.checked_add(len).ok_or(Errno::EOVERFLOW)?;
        if mapping.growth == Growth::Down {
            return Err(Errno::EINVAL);
        }
    }
    if !mapping.max_protection.contains(mapping.protection & super::word::ACCESSIBLE) {
        return Err(Errno::EACCES);
    }
    Ok(VmRegion {
        protection: mapping.protection & super::word::ACCESSIBLE,
        max_protection: mapping.max_protection,
        sharing: mapping.sharing,
        growth: mapping.growth,
        label: mapping.label,
        fork: ForkPolicy::Copy,
        backing,
    })
}
