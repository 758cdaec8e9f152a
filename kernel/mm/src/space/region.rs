//! What a region carries.

use super::request::{Backing, Growth, Label, Sharing};
use crate::algorithm::region_map::{Payload, Region};
use crate::error::Access;
use crate::pager::Pager;
use abi::Protection;
use heap_crate::sync::Arc;

/// What fork does with a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForkPolicy {
    Copy,
    /// MADV_DONTFORK.
    Skip,
}

/// A region's properties besides its bounds.
#[derive(Clone)]
pub(super) struct VmRegion {
    pub(super) protection: Protection,
    pub(super) max_protection: Protection,
    pub(super) sharing: Sharing,
    pub(super) growth: Growth,
    pub(super) label: Label,
    pub(super) fork: ForkPolicy,
    pub(super) backing: Backing,
}

impl VmRegion {
    /// Whether the region allows the access. As the processor has it, whatever can be touched can be read.
    pub(super) fn allows(&self, access: Access) -> bool {
        match access {
            Access::Read => self.protection.intersects(super::word::ACCESSIBLE),
            Access::Write => self.protection.contains(Protection::WRITE),
            Access::Execute => self.protection.contains(Protection::EXECUTE),
        }
    }

    /// Whether it counts against RLIMIT_DATA.
    pub(super) fn is_data(&self) -> bool {
        self.sharing == Sharing::Private && self.protection.contains(Protection::WRITE) && self.growth == Growth::Fixed
    }

    pub(super) fn pager(&self) -> Option<&Arc<dyn Pager>> {
        match &self.backing {
            Backing::Anonymous => None,
            Backing::Pages { pager, .. } => Some(pager),
        }
    }
}

/// The page index of `address` in the region's pager.
pub(super) fn page_index(region: &Region<VmRegion>, address: u64) -> u64 {
    match &region.value.backing {
        Backing::Anonymous => 0,
        Backing::Pages { offset, .. } => (offset + (address - region.start)) / super::PAGE,
    }
}

fn is_same_pager(one: &Arc<dyn Pager>, other: &Arc<dyn Pager>) -> bool {
    // The data alone: the same type may have several method tables.
    core::ptr::addr_eq(Arc::as_ptr(one), Arc::as_ptr(other))
}

impl Payload for VmRegion {
    fn advanced(&self, by: u64) -> Self {
        let mut upper = self.clone();
        if let Backing::Pages { offset, .. } = &mut upper.backing {
            *offset += by;
        }
        upper
    }

    fn continues_as(&self, len: u64, above: &Self) -> bool {
        let is_alike = self.protection == above.protection
            && self.max_protection == above.max_protection
            && self.sharing == above.sharing
            && self.growth == above.growth
            && self.label == above.label
            && self.fork == above.fork;
        is_alike
            && match (&self.backing, &above.backing) {
                (Backing::Anonymous, Backing::Anonymous) => true,
                (Backing::Pages { pager, offset }, Backing::Pages { pager: pager_above, offset: offset_above }) => {
                    *offset + len == *offset_above && is_same_pager(pager, pager_above)
                }
                _ => false,
            }
    }
}
