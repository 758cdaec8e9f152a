//! Address spaces: what a process sees as its memory.
//!
//! A space is a map of *regions* (what may be where) under a sleeping reader-writer lock, and page tables (what is
//! where).
//! Faults hold the lock for reading and install words by compare-and-swap, so threads fault side by side; calls that
//! change regions hold it for writing. Nothing that a pager owns is dropped under the lock: its end may take locks
//! that come before this one.

pub(crate) mod active;
mod advise;
mod brk;
mod fault;
mod fork;
mod gather;
mod lifetime;
mod map;
mod place;
mod populate;
mod protect;
mod region;
mod remap;
mod remote;
mod report;
mod request;
mod touched;
mod unmap;
mod word;
mod zap;
mod zero;

pub use active::{enter_lazy, with_current};
pub use report::{FutexKey, RegionInfo, Usage};
pub use request::{Advice, Backing, Growth, KeyScope, Label, Limits, Mapping, MoveTo, Place, Populate, Sharing};
pub use touched::Contents;

use crate::algorithm::region_map::RegionMap;
use crate::page_table::PageTables;
use active::Presence;
use arch::layout::USER_END;
use arch::{PAGE_SIZE, VirtAddr};
use core::sync::atomic::{AtomicIsize, AtomicUsize};
use heap_crate::sync::Weak;
use region::VmRegion;
use sync::{RwMutex, ranks};

/// The lowest address that can be mapped.
pub const MIN_ADDRESS: u64 = 64 * 1024;
/// The most regions that a space may have.
const MAX_REGIONS: usize = 65_530;
const PAGE: u64 = PAGE_SIZE as u64;

/// One address space: regions in order, page tables, and the set of CPUs that run it.
pub struct AddressSpace {
    /// The root table and who has it loaded.
    presence: Presence,
    id: u64,
    this: Weak<AddressSpace>,
    /// Pages present, the zero frame's not counted.
    resident: AtomicIsize,
    /// Those among them that pagers gave.
    resident_shared: AtomicIsize,
    peak_resident: AtomicUsize,
    layout: RwMutex<Layout, ranks::AddressSpace>,
}

/// What the region lock guards.
struct Layout {
    regions: RegionMap<VmRegion>,
    limits: Limits,
    /// Mappings that go anywhere go below this.
    mmap_top: u64,
    brk_start: u64,
    brk: u64,
}

impl AddressSpace {
    /// A number that no other space ever has.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The limits in force.
    pub fn limits(&self) -> Limits {
        self.layout.read().limits
    }

    /// Sets RLIMIT_AS, RLIMIT_DATA and RLIMIT_STACK.
    pub fn set_limits(&self, limits: Limits) {
        self.layout.write().limits = limits;
    }

    /// Mappings whose place the kernel chooses lie below `top` from now on (exec, which knows where the stack is).
    pub fn set_mmap_top(&self, top: VirtAddr) {
        self.layout.write().mmap_top = top.as_u64().clamp(MIN_ADDRESS, USER_END) & !(PAGE - 1);
    }

    fn tables(&self) -> PageTables {
        self.presence.tables()
    }
}

/// The page that holds `address`.
const fn page_of(address: u64) -> u64 {
    address & !(PAGE - 1)
}

/// Bytes rounded up to whole pages, unless that is more than the user half.
fn pages_len(len: usize) -> Option<u64> {
    let rounded = (len as u64).checked_add(PAGE - 1)? & !(PAGE - 1);
    (rounded <= USER_END).then_some(rounded)
}

/// The range of `len` bytes from a page boundary on, if it lies in the user half.
fn user_range(start: u64, len: usize) -> Option<core::ops::Range<u64>> {
    let end = start.checked_add(pages_len(len)?)?;
    (start.is_multiple_of(PAGE) && end <= USER_END).then_some(start..end)
}
