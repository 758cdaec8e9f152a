//! Where a mapping goes, and whether the limits allow it.

use super::request::{Growth, Place};
use super::{Layout, MAX_REGIONS, MIN_ADDRESS, PAGE, VmRegion};
use abi::{Errno, Result};
use arch::layout::USER_END;

/// Free bytes that must stay below a stack, lest it grow into its neighbour.
pub(super) const STACK_GAP: u64 = 256 * PAGE;
/// MAP_32BIT's window.
const LOW: core::ops::Range<u64> = 0x4000_0000..0x8000_0000;

fn margin(region: &VmRegion) -> u64 {
    match region.growth {
        Growth::Down => STACK_GAP,
        Growth::Fixed => 0,
    }
}

impl Layout {
    /// Checks a place and resolves it to an address; `len` is in whole pages.
    pub(super) fn resolve(&self, place: Place, len: u64) -> Result<u64> {
        match place {
            Place::Fixed(start) | Place::FixedNoReplace(start) => {
                if !start.is_multiple_of(PAGE) {
                    return Err(Errno::EINVAL);
                }
                let end = start.checked_add(len).filter(|end| *end <= USER_END).ok_or(Errno::ENOMEM)?;
                if start < MIN_ADDRESS {
                    return Err(Errno::EPERM);
                }
                let is_taken = !self.regions.overlapping(start, end).is_empty();
                if is_taken && matches!(place, Place::FixedNoReplace(_)) {
                    return Err(Errno::EEXIST);
                }
                Ok(start)
            }
            Place::Anywhere(hint) => {
                if hint != 0
                    && let Some(start) = self.accept_hint(hint, len)
                {
                    return Ok(start);
                }
                // Should the usual area be full, what lies above it is better than nothing.
                self.find_gap(len, MIN_ADDRESS, self.mmap_top)
                    .or_else(|| self.find_gap(len, MIN_ADDRESS, USER_END))
                    .ok_or(Errno::ENOMEM)
            }
            Place::Low => self.find_gap(len, LOW.start, LOW.end).ok_or(Errno::ENOMEM),
        }
    }

    fn find_gap(&self, len: u64, low: u64, high: u64) -> Option<u64> {
        self.regions.find_gap(len, low, high, margin)
    }

    fn accept_hint(&self, hint: u64, len: u64) -> Option<u64> {
        let start = hint.checked_next_multiple_of(PAGE)?.max(MIN_ADDRESS);
        let end = start.checked_add(len).filter(|end| *end <= USER_END)?;
        self.has_room(start, end).then_some(start)
    }

    /// Whether `start..end` is free and keeps clear of a stack above it.
    pub(super) fn has_room(&self, start: u64, end: u64) -> bool {
        self.regions.next(start).is_none_or(|above| above.start.saturating_sub(margin(&above.value)) >= end)
    }

    /// Checks that `added` more bytes like `region` are within the limits, when `replaced` bytes go.
    pub(super) fn check_limits(&self, region: &VmRegion, added: u64, replaced: u64) -> Result<()> {
        if self.regions.len() >= MAX_REGIONS {
            return Err(Errno::ENOMEM);
        }
        if self.limits.address_space != u64::MAX {
            let mapped: u64 = self.regions.as_slice().iter().map(|region| region.len()).sum();
            if mapped.saturating_sub(replaced).saturating_add(added) > self.limits.address_space {
                return Err(Errno::ENOMEM);
            }
        }
        if region.is_data() { self.check_data(added) } else { Ok(()) }
    }

    /// Checks RLIMIT_DATA for `added` more bytes.
    pub(super) fn check_data(&self, added: u64) -> Result<()> {
        if self.limits.data == u64::MAX {
            return Ok(());
        }
        let regions = self.regions.as_slice().iter();
        let data: u64 = regions.filter(|region| region.value.is_data()).map(|region| region.len()).sum();
        if data.saturating_add(added) > self.limits.data { Err(Errno::ENOMEM) } else { Ok(()) }
    }
}
