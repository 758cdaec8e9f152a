//! What an address space tells about itself.

use super::region::VmRegion;
use super::request::{Backing, Growth, KeyScope, Label, Sharing};
use super::{AddressSpace, PAGE};
use crate::algorithm::region_map::Region;
use crate::error::{Access, OutOfMemory};
use abi::{Errno, Protection, Result};
use arch::layout::USER_END;
use core::sync::atomic::Ordering;
use heap_crate::vec::Vec;

/// One line of /proc/PID/maps.
#[derive(Clone, Debug)]
pub struct RegionInfo {
    /// First address.
    pub start: u64,
    /// First address above.
    pub end: u64,
    /// What it allows.
    pub protection: Protection,
    /// Who sees writes.
    pub sharing: Sharing,
    /// Byte offset in the object.
    pub offset: u64,
    /// Device and inode numbers of the object.
    pub inode: (u64, u64),
    /// The object's path.
    pub path: Option<Vec<u8>>,
    /// The bracketed name.
    pub label: Label,
}

/// Counters, in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Mapped.
    pub virtual_pages: usize,
    /// Present in page tables.
    pub resident: usize,
    /// Present and not private anonymous.
    pub shared: usize,
    /// Mapped executable.
    pub text: usize,
    /// Mapped private and writable.
    pub data: usize,
    /// Stack regions.
    pub stack: usize,
    /// The most that was ever present.
    pub peak_resident: usize,
}

/// Where waiters on one futex word meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FutexKey {
    /// A word of private memory: the space and the address.
    Private(u64, u64),
    /// A word of shared memory: the pager and the byte offset.
    Shared(u64, u64),
}

impl AddressSpace {
    /// The regions, in order.
    pub fn regions(&self) -> core::result::Result<Vec<RegionInfo>, OutOfMemory> {
        let layout = self.layout.read();
        let mut list = Vec::new();
        list.try_reserve(layout.regions.len())?;
        list.extend(layout.regions.as_slice().iter().map(info));
        Ok(list)
    }

    /// Whether anything shared is mapped of the pager `id` that may be, or come to be, written through.
    pub fn may_write_pages(&self, id: u64) -> bool {
        let layout = self.layout.read();
        layout.regions.as_slice().iter().any(|region| {
            let value = &region.value;
            value.sharing == Sharing::Shared
                && value.max_protection.contains(Protection::WRITE)
                && value.pager().is_some_and(|pager| pager.id() == id)
        })
    }

    /// How much is mapped and resident.
    pub fn usage(&self) -> Usage {
        let layout = self.layout.read();
        let mut usage = Usage::default();
        for region in layout.regions.as_slice() {
            let pages = (region.len() / PAGE) as usize;
            usage.virtual_pages += pages;
            if region.value.growth == Growth::Down {
                usage.stack += pages;
            } else if region.value.is_data() {
                usage.data += pages;
            } else if region.value.allows(Access::Execute) {
                usage.text += pages;
            }
        }
        drop(layout);
        self.note_peak();
        usage.resident = self.resident.load(Ordering::Relaxed).max(0) as usize;
        usage.shared = self.resident_shared.load(Ordering::Relaxed).max(0) as usize;
        usage.peak_resident = self.peak_resident.load(Ordering::Relaxed);
        usage
    }

    /// The key under which waiters on the futex word at `address` meet. EINVAL when not 4-aligned, EFAULT where
    /// nothing is
    /// mapped.
    pub fn futex_key(&self, address: u64, scope: KeyScope) -> Result<FutexKey> {
        if !address.is_multiple_of(4) {
            return Err(Errno::EINVAL);
        }
        if scope == KeyScope::Private {
            return if address < USER_END { Ok(FutexKey::Private(self.id, address)) } else { Err(Errno::EFAULT) };
        }
        let layout = self.layout.read();
        let region = layout.regions.find(address).ok_or(Errno::EFAULT)?;
        Ok(match &region.value.backing {
            Backing::Pages { pager, offset } if region.value.sharing == Sharing::Shared => {
                FutexKey::Shared(pager.id(), offset + (address - region.start))
            }
            _ => FutexKey::Private(self.id, address),
        })
    }
}

fn info(region: &Region<VmRegion>) -> RegionInfo {
    let value = &region.value;
    RegionInfo {
        start: region.start,
        end: region.end,
        protection: value.protection,
        sharing: value.sharing,
        offset: match &value.backing {
            Backing::Anonymous => 0,
            Backing::Pages { offset, .. } => *offset,
        },
        inode: value.pager().map_or((0, 0), |pager| pager.inode()),
        path: value.pager().and_then(|pager| pager.path()),
        label: value.label,
    }
}
