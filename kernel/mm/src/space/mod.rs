//! Address spaces: what a process sees as its memory.

pub(crate) mod active;
mod request;
mod report;

pub use report::{FutexKey, RegionInfo, Usage};
pub use request::{Advice, Backing, Growth, KeyScope, Label, Limits, Mapping, MoveTo, Place, Populate, Sharing};

use crate::error::{Access, FaultError, OutOfMemory};
use abi::{Protection, Result};
use arch::VirtAddr;
use heap_crate::sync::Arc;
use heap_crate::vec::Vec;

/// The lowest address that can be mapped without asking for it by privilege.
pub const MIN_ADDRESS: u64 = 64 * 1024;

/// One address space: regions in order, page tables, and the set of CPUs that run it.
pub struct AddressSpace {
    _private: (),
}

impl AddressSpace {
    /// An empty address space.
    pub fn new() -> core::result::Result<Arc<Self>, OutOfMemory> {
        todo!()
    }

    /// A copy: private memory is shared copy-on-write, shared memory stays shared.
    pub fn fork(&self) -> core::result::Result<Arc<Self>, OutOfMemory> {
        todo!()
    }

    /// Makes a mapping and returns its address. EINVAL, ENOMEM, EEXIST, EPERM as `mmap`.
    pub fn map(&self, mapping: Mapping) -> Result<VirtAddr> {
        let _ = mapping;
        todo!()
    }

    /// `munmap`.
    pub fn unmap(&self, start: u64, len: usize) -> Result<()> {
        let _ = (start, len);
        todo!()
    }

    /// `mprotect`.
    pub fn protect(&self, start: u64, len: usize, protection: Protection) -> Result<()> {
        let _ = (start, len, protection);
        todo!()
    }

    /// `mremap`.
    pub fn remap(&self, old: u64, old_len: usize, new_len: usize, to: MoveTo) -> Result<VirtAddr> {
        let _ = (old, old_len, new_len, to);
        todo!()
    }

    /// `brk`: moves the program break and returns where it is now; the old one when it cannot move.
    pub fn brk(&self, new: u64) -> VirtAddr {
        let _ = new;
        todo!()
    }

    /// Sets where the heap begins (exec).
    pub fn set_brk_start(&self, start: VirtAddr) {
        let _ = start;
        todo!()
    }

    /// `madvise`.
    pub fn advise(&self, start: u64, len: usize, advice: Advice) -> Result<()> {
        let _ = (start, len, advice);
        todo!()
    }

    /// `msync`: ENOMEM where a page of the range is not mapped.
    pub fn sync(&self, start: u64, len: usize) -> Result<()> {
        let _ = (start, len);
        todo!()
    }

    /// Faults a range in, as MAP_POPULATE and `mlock` do.
    pub fn populate(&self, start: u64, len: usize) -> Result<()> {
        let _ = (start, len);
        todo!()
    }

    /// Resolves a page fault at `address`. Interrupts on, no locks held; may sleep.
    pub fn fault(&self, address: VirtAddr, access: Access) -> core::result::Result<(), FaultError> {
        let _ = (address, access);
        todo!()
    }

    /// Makes this the space of the calling CPU. Interrupts off; the caller's thread keeps the space alive.
    pub fn activate(&self) {
        todo!()
    }

    /// Unmaps everything now, rather than when the last reference goes (exit, exec).
    pub fn clear(&self) {
        todo!()
    }

    /// Unmaps pages `first..first + count` of the pager `id` wherever they are mapped here (truncation, revocation).
    /// The regions stay; touching them asks the pager again.
    pub fn unmap_pages(&self, id: u64, first: u64, count: u64) {
        let _ = (id, first, count);
        todo!()
    }

    /// The regions, in order.
    pub fn regions(&self) -> core::result::Result<Vec<RegionInfo>, OutOfMemory> {
        todo!()
    }

    /// How much is mapped and resident.
    pub fn usage(&self) -> Usage {
        todo!()
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        todo!()
    }

    /// Sets RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK.
    pub fn set_limits(&self, limits: Limits) {
        let _ = limits;
        todo!()
    }

    /// Writes bytes into this space, active or not (exec, ptrace). Obeys write permission unless the region is private,
    /// where it copies the page first, as ptrace must.
    pub fn copy_to(&self, address: u64, bytes: &[u8]) -> core::result::Result<(), FaultError> {
        let _ = (address, bytes);
        todo!()
    }

    /// Reads bytes from this space, active or not.
    pub fn copy_from(&self, address: u64, bytes: &mut [u8]) -> core::result::Result<(), FaultError> {
        let _ = (address, bytes);
        todo!()
    }

    /// The key under which waiters on the futex word at `address` meet. EFAULT where nothing is mapped.
    pub fn futex_key(&self, address: u64, scope: KeyScope) -> Result<FutexKey> {
        let _ = (address, scope);
        todo!()
    }

    /// A number that no other live space has.
    pub fn id(&self) -> u64 {
        todo!()
    }
}

/// The calling CPU runs a thread without user memory from now on: the space stays loaded until another is needed or
/// it ends. Interrupts off.
pub fn enter_lazy() {
    todo!()
}

/// Calls `f` with the current thread's space; `None` for a kernel thread.
pub fn with_current<R>(f: impl FnOnce(Option<&AddressSpace>) -> R) -> R {
    let _ = f;
    todo!()
}
