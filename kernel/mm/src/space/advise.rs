//! `madvise` and `msync`.

use super::gather::Gather;
use super::region::{ForkPolicy, VmRegion, page_index};
use super::request::{Advice, Sharing};
use super::{AddressSpace, Layout, PAGE, user_range};
use crate::algorithm::region_map::{MOST_ADDED, Region};
use crate::error::{Access, FaultError};
use abi::{Errno, Result};
use core::ops::Range;

impl AddressSpace {
    /// `madvise`. EINVAL, ENOMEM where part of the range is not mapped (the rest is done all the same), EFAULT.
    pub fn advise(&self, start: u64, len: usize, advice: Advice) -> Result<()> {
        let range = user_range(start, len).ok_or(Errno::EINVAL)?;
        if range.is_empty() {
            return Ok(());
        }
        match advice {
            Advice::DontNeed | Advice::Free => self.discard(&range, advice),
            Advice::DontFork => self.set_fork_policy(&range, ForkPolicy::Skip),
            Advice::DoFork => self.set_fork_policy(&range, ForkPolicy::Copy),
            Advice::PopulateRead => self.populate_for(&range, Some(Access::Read)).map_err(populate_error),
            Advice::PopulateWrite => self.populate_for(&range, Some(Access::Write)).map_err(populate_error),
            Advice::WillNeed | Advice::Hint => covered(&self.layout.read(), &range),
        }
    }

    fn discard(&self, range: &Range<u64>, advice: Advice) -> Result<()> {
        let layout = self.layout.write();
        let regions = layout.regions.overlapping(range.start, range.end);
        let cannot_be_freed =
            |region: &Region<VmRegion>| region.value.sharing == Sharing::Shared || region.value.pager().is_some();
        if advice == Advice::Free && regions.iter().any(cannot_be_freed) {
            return Err(Errno::EINVAL);
        }
        let mut gather = Gather::new(self);
        for region in regions {
            self.zap(region.start.max(range.start), region.end.min(range.end), &mut gather);
        }
        drop(gather);
        covered(&layout, range)
    }

    fn set_fork_policy(&self, range: &Range<u64>, policy: ForkPolicy) -> Result<()> {
        let mut layout = self.layout.write();
        layout.regions.reserve(MOST_ADDED).map_err(|_| Errno::ENOMEM)?;
        layout.regions.update(range.start, range.end, |region| region.fork = policy);
        covered(&layout, range)
    }

    /// `msync`: ENOMEM where a page of the range is not mapped, EINVAL, EIO.
    pub fn sync(&self, start: u64, len: usize) -> Result<()> {
        let range = user_range(start, len).ok_or(Errno::EINVAL)?;
        let layout = self.layout.read();
        for region in layout.regions.overlapping(range.start, range.end) {
            if let Some(pager) = region.value.pager().filter(|_| region.value.sharing == Sharing::Shared) {
                let (from, to) = (region.start.max(range.start), region.end.min(range.end));
                pager.sync(page_index(region, from), (to - from) / PAGE)?;
            }
        }
        covered(&layout, &range)
    }
}

fn covered(layout: &Layout, range: &Range<u64>) -> Result<()> {
    if layout.regions.covers(range.start, range.end) { Ok(()) } else { Err(Errno::ENOMEM) }
}

fn populate_error(error: FaultError) -> Errno {
    match error {
        FaultError::Unmapped | FaultError::OutOfMemory => Errno::ENOMEM,
        FaultError::Denied => Errno::EINVAL,
        FaultError::BeyondEnd => Errno::EFAULT,
    }
}
