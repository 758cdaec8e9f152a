//! Changing what mappings allow.

use super::gather::Gather;
use super::request::Growth;
use super::zap::for_each_word;
use super::{AddressSpace, Layout, user_range, word};
use crate::algorithm::region_map::MOST_ADDED;
use abi::{Errno, Protection, Result};

impl AddressSpace {
    /// `mprotect`. EINVAL, ENOMEM where something is not mapped or a limit is hit, EACCES above a mapping's maximum.
    pub fn protect(&self, start: u64, len: usize, protection: Protection) -> Result<()> {
        if !start.is_multiple_of(super::PAGE) {
            return Err(Errno::EINVAL);
        }
        let mut range = user_range(start, len).ok_or(Errno::ENOMEM)?;
        if range.is_empty() {
            return Ok(());
        }
        let mut layout = self.layout.write();
        if protection.contains(Protection::GROWS_DOWN) {
            let region = layout.regions.find(range.start).ok_or(Errno::ENOMEM)?;
            if region.value.growth != Growth::Down {
                return Err(Errno::EINVAL);
            }
            range.start = region.start;
        }
        let protection = protection & word::ACCESSIBLE;
        check(&layout, &range, protection)?;
        layout.regions.reserve(MOST_ADDED).map_err(|_| Errno::ENOMEM)?;
        layout.regions.update(range.start, range.end, |region| region.protection = protection);
        self.reprotect(range.start, range.end, protection);
        Ok(())
    }

    /// Makes the words of a range follow its new protection.
    fn reprotect(&self, start: u64, end: u64, protection: Protection) {
        let mut gather = Gather::new(self);
        for_each_word(self.tables(), start, end, |table, at, page, entry| {
            let new = word::with_protection(entry, protection);
            if new != entry {
                table.store(at, new);
                // A right that was only added needs no flush, but rights seldom are: it would be one more case.
                gather.note(page);
            }
        });
    }
}

fn check(layout: &Layout, range: &core::ops::Range<u64>, protection: Protection) -> Result<()> {
    if !layout.regions.covers(range.start, range.end) {
        return Err(Errno::ENOMEM);
    }
    let regions = layout.regions.overlapping(range.start, range.end);
    if regions.iter().any(|region| !region.value.max_protection.contains(protection)) {
        return Err(Errno::EACCES);
    }
    if layout.regions.len() + MOST_ADDED > super::MAX_REGIONS {
        return Err(Errno::ENOMEM);
    }
    if protection.contains(Protection::WRITE) {
        let new_data = regions.iter().filter(|region| {
            let mut after = region.value.clone();
            after.protection = protection;
            after.is_data() && !region.value.is_data()
        });
        layout.check_data(new_data.map(|region| region.end.min(range.end) - region.start.max(range.start)).sum())?;
    }
    Ok(())
}
