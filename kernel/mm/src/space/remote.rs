//! Access to a space that need not be loaded: exec fills the new one, debuggers and /proc look into others'.
#![allow(unsafe_code)]

use super::fault::Force;
use super::{AddressSpace, PAGE, page_of, word};
use crate::error::{Access, FaultError};
use crate::page_table::number_of;
use arch::paging::index;
use arch::{PhysAddr, VirtAddr, phys_to_virt};
use core::ptr;

/// A page may be taken away again between its fault and its use; more often than this is not believable.
const ATTEMPTS: usize = 100;

impl AddressSpace {
    /// Writes bytes into this space, active or not. Read-only private memory is copied first and then written, as
    /// debuggers need.
    pub fn copy_to(&self, address: u64, bytes: &[u8]) -> Result<(), FaultError> {
        self.write_with(address, bytes, Force::Debugger)
    }

    /// Reads bytes from this space, active or not, whatever protects private memory.
    pub fn copy_from(&self, address: u64, bytes: &mut [u8]) -> Result<(), FaultError> {
        self.read_with(address, bytes, Force::Debugger)
    }

    /// Writes bytes where the space's own threads could.
    pub fn copy_to_as_own(&self, address: u64, bytes: &[u8]) -> Result<(), FaultError> {
        self.write_with(address, bytes, Force::Obey)
    }

    /// Reads bytes where the space's own threads could.
    pub fn copy_from_as_own(&self, address: u64, bytes: &mut [u8]) -> Result<(), FaultError> {
        self.read_with(address, bytes, Force::Obey)
    }

    fn write_with(&self, address: u64, bytes: &[u8], force: Force) -> Result<(), FaultError> {
        let mut done = 0;
        while done < bytes.len() {
            let at = address.checked_add(done as u64).ok_or(FaultError::Unmapped)?;
            let len = (bytes.len() - done).min((PAGE - at % PAGE) as usize);
            let from = bytes[done..done + len].as_ptr();
            self.with_page(at, Access::Write, force, |memory| {
                // SAFETY: `memory` is valid for the rest of its page, and no kernel slice lies in a user's frame.
                unsafe { ptr::copy_nonoverlapping(from, memory, len) };
            })?;
            done += len;
        }
        Ok(())
    }

    fn read_with(&self, address: u64, bytes: &mut [u8], force: Force) -> Result<(), FaultError> {
        let mut done = 0;
        while done < bytes.len() {
            let at = address.checked_add(done as u64).ok_or(FaultError::Unmapped)?;
            let len = (bytes.len() - done).min((PAGE - at % PAGE) as usize);
            let to = bytes[done..done + len].as_mut_ptr();
            self.with_page(at, Access::Read, force, |memory| {
                // SAFETY: as in `copy_to`.
                unsafe { ptr::copy_nonoverlapping(memory, to, len) };
            })?;
            done += len;
        }
        Ok(())
    }

    /// Calls `f` with the direct-map address of `address`; the region lock, held for writing, keeps the page in place.
    fn with_page(&self, address: u64, access: Access, force: Force, f: impl FnOnce(*mut u8)) -> Result<(), FaultError> {
        let page = VirtAddr::new_truncate(page_of(address));
        for _ in 0..ATTEMPTS {
            self.fault_with(address, access, force)?;
            let layout = self.layout.write();
            let tables = self.tables();
            let Some(table) = tables.leaf(page) else { continue };
            let entry = table.load(index(page, 1));
            let is_fit = match access {
                Access::Write => word::is_writable(entry) || word::is_exclusive(entry),
                _ => word::is_mapped(entry),
            };
            if let Some(number) = number_of(entry).filter(|_| is_fit) {
                let frame = PhysAddr::new_truncate(u64::from(number.get()) << 12);
                f(phys_to_virt(frame).wrapping_add((address % PAGE) as usize));
                return Ok(());
            }
            drop(layout);
        }
        Err(FaultError::OutOfMemory)
    }
}
