//! The heap that `brk` moves.

use super::gather::Gather;
use super::region::{ForkPolicy, VmRegion};
use super::request::{Backing, Growth, Label, Place, Sharing};
use super::unmap::Removed;
use super::word::ACCESSIBLE;
use super::{AddressSpace, Layout, PAGE};
use abi::{Errno, Protection, Result};
use arch::VirtAddr;
use arch::layout::USER_END;

fn heap_region() -> VmRegion {
    VmRegion {
        protection: Protection::READ | Protection::WRITE,
        max_protection: ACCESSIBLE,
        sharing: Sharing::Private,
        growth: Growth::Fixed,
        label: Label::Heap,
        fork: ForkPolicy::Copy,
        backing: Backing::Anonymous,
    }
}

impl AddressSpace {
    /// Sets where the heap begins (exec). Rounded up to a page.
    pub fn set_brk_start(&self, start: VirtAddr) {
        let mut layout = self.layout.write();
        let start = start.as_u64().min(USER_END).next_multiple_of(PAGE);
        (layout.brk_start, layout.brk) = (start, start);
    }

    /// `brk`: moves the program break and returns where it is now; the old one when it cannot move.
    pub fn brk(&self, new: u64) -> VirtAddr {
        let mut removed = Removed::new();
        let mut layout = self.layout.write();
        if new >= layout.brk_start && new <= USER_END - PAGE && self.move_brk(&mut layout, new, &mut removed).is_ok() {
            layout.brk = new;
        }
        let now = layout.brk;
        drop(layout);
        drop(removed);
        VirtAddr::new_truncate(now)
    }

    fn move_brk(&self, layout: &mut Layout, new: u64, removed: &mut Removed) -> Result<()> {
        let old_end = layout.brk.next_multiple_of(PAGE);
        let new_end = new.next_multiple_of(PAGE);
        if new_end < old_end {
            let mut gather = Gather::new(self);
            return self.remove_regions(layout, new_end, old_end, removed, &mut gather);
        }
        if new_end == old_end {
            return Ok(());
        }
        if new_end - layout.brk_start > layout.limits.data || !layout.has_room(old_end, new_end) {
            return Err(Errno::ENOMEM);
        }
        self.insert(layout, Place::FixedNoReplace(old_end), new_end - old_end, heap_region(), removed).map(|_| ())
    }
}
