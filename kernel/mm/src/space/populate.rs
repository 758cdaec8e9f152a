//! Bringing pages in before they are touched.

use super::fault::Force;
use super::request::Sharing;
use super::{AddressSpace, PAGE, user_range};
use crate::error::{Access, FaultError};
use abi::{Errno, Result};
use core::ops::Range;

impl AddressSpace {
    /// Faults a range in, as MAP_POPULATE and `mlock` do: for writing where that makes a private copy. ENOMEM where
    /// something is not
    /// mapped or memory is short, EAGAIN where pages cannot be had.
    pub fn populate(&self, start: u64, len: usize) -> Result<()> {
        let range = user_range(start, len).ok_or(Errno::EINVAL)?;
        self.populate_for(&range, None).map_err(|error| match error {
            FaultError::Unmapped | FaultError::OutOfMemory => Errno::ENOMEM,
            FaultError::Denied => Errno::EACCES,
            FaultError::BeyondEnd => Errno::EAGAIN,
        })
    }

    /// With no access given, the one that each region is made for. The lock is taken anew for every page, so that a
    /// long
    /// range keeps nobody out.
    pub(super) fn populate_for(
        &self,
        range: &Range<u64>,
        access: Option<Access>,
    ) -> core::result::Result<(), FaultError> {
        for page in range.clone().step_by(PAGE as usize) {
            let access = match access {
                Some(access) => access,
                None => self.usual_access(page).ok_or(FaultError::Unmapped)?,
            };
            self.fault_with(page, access, Force::Obey)?;
        }
        Ok(())
    }

    fn usual_access(&self, page: u64) -> Option<Access> {
        let layout = self.layout.read();
        let region = &layout.regions.find(page)?.value;
        let is_copied = region.sharing == Sharing::Private && region.allows(Access::Write);
        Some(if is_copied { Access::Write } else { Access::Read })
    }
}
