//! The pager of shared anonymous memory.

use super::{Pager, new_id};
use crate::algorithm::page_tree::PageTree;
use crate::alloc::try_arc;
use crate::error::{Access, FaultError, OutOfMemory};
use crate::frame::Frame;
use crate::space::AddressSpace;
use heap_crate::sync::Arc;
use heap_crate::vec::Vec;
use sync::{Mutex, ranks};

/// Zeroed pages that appear when first touched and live as long as anyone maps them.
pub struct SharedMemory {
    id: u64,
    pages: Mutex<PageTree<Frame>, ranks::Pager>,
}

impl SharedMemory {
    /// Memory without a page yet. It has no end: a mapping of it may grow.
    pub fn new() -> Result<Arc<Self>, OutOfMemory> {
        try_arc(Self { id: new_id(), pages: Mutex::new(PageTree::new()) })
    }
}

impl Pager for SharedMemory {
    fn page(&self, index: u64, _access: Access) -> Result<Frame, FaultError> {
        let mut pages = self.pages.lock();
        if let Some(frame) = pages.get(index) {
            return Ok(frame.clone());
        }
        let frame = Frame::zeroed()?;
        pages.insert(index, frame.clone()).map_err(OutOfMemory::from)?;
        Ok(frame)
    }

    fn id(&self) -> u64 {
        self.id
    }

    /// It never shrinks, so it need not know.
    fn mapped(&self, _space: &Arc<AddressSpace>) {}

    fn path(&self) -> Option<Vec<u8>> {
        crate::alloc::try_to_vec(b"/dev/zero (deleted)").ok()
    }
}
