//! A file's pages together with the place where the file was found, so that `/proc/PID/maps` can name it.

use crate::namespace::view::is_shown;
use crate::{Location, OpenFile};
use abi::{OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use mm::frame::Frame;
use mm::{Access, AddressSpace, FaultError, Pager};

struct MappedFile {
    pages: Arc<dyn Pager>,
    location: Location,
}

/// The pages of the file at `location`, for mapping. ENODEV, ENOMEM.
pub fn pages_of(location: &Location) -> Result<Arc<dyn Pager>> {
    let pages = location.node().pager()?;
    Ok(mm::alloc::try_arc(MappedFile { pages, location: location.clone() })?)
}

impl Pager for MappedFile {
    fn page(&self, index: u64, access: Access) -> core::result::Result<Frame, FaultError> {
        self.pages.page(index, access)
    }

    fn id(&self) -> u64 {
        self.pages.id()
    }

    fn mapped(&self, space: &Arc<AddressSpace>) {
        self.pages.mapped(space);
    }

    fn dirty(&self, index: u64) {
        self.pages.dirty(index);
    }

    fn sync(&self, index: u64, count: u64) -> Result<()> {
        self.pages.sync(index, count)
    }

    fn path(&self) -> Option<Vec<u8>> {
        if !is_shown(&self.location) {
            return None;
        }
        crate::Object::path(&*OpenFile::open(self.location.clone(), OpenFlags::PATH).ok()?)
    }

    fn inode(&self) -> (u64, u64) {
        self.pages.inode()
    }
}
