//! How spaces begin and end.
#![allow(unsafe_code)]

use super::active::{self, Presence};
use super::{AddressSpace, Layout, Limits, MIN_ADDRESS, PAGE};
use crate::algorithm::region_map::RegionMap;
use crate::alloc::try_arc_cyclic;
use crate::error::OutOfMemory;
use crate::frame::Frame;
use crate::page_table::PageTables;
use crate::shootdown;
use arch::layout::USER_END;
use arch::paging;
use core::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering};
use heap_crate::sync::Arc;
use sync::RwMutex;

/// Where mappings go unless told otherwise: below the room that a stack may need.
const DEFAULT_MMAP_TOP: u64 = (USER_END - (256 << 20)) & !(PAGE - 1);

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

impl Layout {
    /// Nothing mapped.
    pub(super) fn new() -> Self {
        Self {
            regions: RegionMap::new(),
            limits: Limits::default(),
            mmap_top: DEFAULT_MMAP_TOP,
            brk_start: MIN_ADDRESS,
            brk: MIN_ADDRESS,
        }
    }
}

impl Presence {
    pub(super) fn tables(&self) -> PageTables {
        // SAFETY: the root is the space's own until it is dropped, and `PageTables` values do not outlive borrows of
        // the space.
        unsafe { PageTables::new(self.root) }
    }
}

impl AddressSpace {
    /// An empty address space.
    pub fn new() -> Result<Arc<Self>, OutOfMemory> {
        Self::with_layout(Layout::new())
    }

    /// A space with these regions, and nothing of them present.
    pub(super) fn with_layout(layout: Layout) -> Result<Arc<Self>, OutOfMemory> {
        let root = Frame::root_table()?;
        let address = root.addr();
        let space = try_arc_cyclic(|this| Self {
            presence: Presence::new(address),
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            this: this.clone(),
            resident: AtomicIsize::new(0),
            resident_shared: AtomicIsize::new(0),
            peak_resident: AtomicUsize::new(0),
            layout: RwMutex::new(layout),
        })?;
        // The space owns its root from here on; `Drop` takes the reference back.
        let _owned_by_the_space = root.into_number();
        Ok(space)
    }

    /// Makes this the space of the calling CPU. Interrupts off; the caller's thread keeps the space alive.
    #[inline]
    pub fn activate(&self) {
        active::load(self);
    }

    /// Unmaps everything now, rather than when the last reference goes (exit, exec). No thread uses the space any
    /// more, the
    /// calling one included.
    pub fn clear(&self) {
        let mut layout = self.layout.write();
        let regions = layout.regions.take_all();
        shootdown::expel(self.presence.root, &self.presence.cpus);
        self.free_all(&regions);
        drop(layout);
        // Pagers end without our lock.
        drop(regions);
    }
}

impl Drop for AddressSpace {
    fn drop(&mut self) {
        let regions = self.layout.get_mut().regions.take_all();
        shootdown::expel(self.presence.root, &self.presence.cpus);
        self.free_all(&regions);
        let entry = paging::Entry::new(self.presence.root, paging::Flags::empty());
        // SAFETY: the root's reference was moved into the space, and no CPU has it loaded.
        if let Some(root) = unsafe { super::zap::take_reference(entry) } {
            root.into_clean_roots();
        }
    }
}
