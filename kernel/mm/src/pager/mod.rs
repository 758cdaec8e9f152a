//! Where the pages of a mapping come from.

mod shared_memory;

pub use shared_memory::SharedMemory;

use crate::error::{Access, FaultError};
use crate::frame::Frame;
use crate::space::AddressSpace;
use core::sync::atomic::{AtomicU64, Ordering};
use heap_crate::sync::Arc;
use heap_crate::vec::Vec;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// A number for [`Pager::id`], never given twice.
pub fn new_id() -> u64 {
    NEXT_ID.fetch_add(1, Ordering::Relaxed)
}

/// The pages of an object that can be mapped: a file, a shared memory object, a device.
///
/// A pager is called with the region lock of a space held for reading, may sleep, and must not touch user memory.
pub trait Pager: Send + Sync {
    /// The frame of page `index`. `access` is [`Access::Write`] only where a shared mapping is about to be written;
    /// a private mapping copies what it gets. [`FaultError::BeyondEnd`] past the object's end.
    fn page(&self, index: u64, access: Access) -> Result<Frame, FaultError>;

    /// A number that no other live pager has: the object's identity in futex keys.
    fn id(&self) -> u64;

    /// A mapping of this object was made in `space`. Objects that shrink or are revoked remember it (weakly) and call
    /// [`AddressSpace::unmap_pages`].
    fn mapped(&self, space: &Arc<AddressSpace>) {
        let _ = space;
    }

    /// Page `index` is about to be written through a shared mapping.
    fn dirty(&self, index: u64) {
        let _ = index;
    }

    /// msync of `count` pages from `index` on.
    fn sync(&self, index: u64, count: u64) -> abi::Result<()> {
        let _ = (index, count);
        Ok(())
    }

    /// The name that /proc/PID/maps shows.
    fn path(&self) -> Option<Vec<u8>> {
        None
    }

    /// Device and inode numbers for /proc/PID/maps.
    fn inode(&self) -> (u64, u64) {
        (0, 0)
    }
}
