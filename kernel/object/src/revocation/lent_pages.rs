//! Mappings made through a lent capability.

use super::observers::{GrantObserver, Watch, watch};
use abi::{Errno, Protection, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use caps::{Grant, Rights};
use mm::frame::Frame;
use mm::{Access, AddressSpace, FaultError, Pager};
use sync::SpinLock;
use sync::ranks::ObjectState;

/// An object's pages, as far as the grant allows that they were mapped through.
///
/// When the grant loses a right to map, the pages leave every address space. The addresses stay taken: touching them asks
/// here again, and is answered by SIGBUS, as behind the end of a file. Mappings of the same object that were made
/// through other capabilities have other pagers and stay.
pub struct LentPages {
    pages: Arc<dyn Pager>,
    grant: Arc<Grant>,
    spaces: SpinLock<Spaces, ObjectState>,
    watch: SpinLock<Option<Watch>, ObjectState>,
}

/// The spaces that map them, perhaps with some that did.
struct Spaces {
    list: Vec<Weak<AddressSpace>>,
    /// At this size those that are gone are taken out: twice what was left last time.
    purge_at: usize,
    /// How many were ever added.
    added: u64,
    /// One could not be added for want of memory, so no page may be given out any more: it could not be taken back.
    is_incomplete: bool,
}

/// Below this many nothing is purged.
const PURGE_MINIMUM: usize = 16;

impl LentPages {
    /// The pages of an object that is mapped through `grant`. ENOTCAPABLE if the grant is gone, ENOMEM.
    pub fn new(pages: Arc<dyn Pager>, grant: &Arc<Grant>) -> Result<Arc<Self>> {
        let spaces = Spaces { list: Vec::new(), purge_at: PURGE_MINIMUM, added: 0, is_incomplete: false };
        let lent = mm::alloc::try_arc(Self {
            pages,
            grant: grant.clone(),
            spaces: SpinLock::new(spaces),
            watch: SpinLock::new(None),
        })?;
        let observer = mm::alloc::try_arc(Observer(Arc::downgrade(&lent)))?;
        let watch = watch(grant, Rights::MMAP, observer)?.ok_or(Errno::ENOTCAPABLE)?;
        *lent.watch.lock() = Some(watch);
        Ok(lent)
    }

    /// What mappings may still be used for. Whoever has made one with more asks this afterwards.
    pub fn allowed(&self) -> Protection {
        allowed_by(self.grant.limit())
    }

    /// Makes every mapping obey the grant.
    pub fn obey(&self) {
        // Where nothing may be read any more, the regions keep their protection, so that the answer to every touch is the pager's.
        let allowed = Some(self.allowed()).filter(|allowed| allowed.contains(Protection::READ));
        let kept = allowed.unwrap_or(Protection::all());
        let mut done = 0;
        // A fork copies a mapping before the copy is obeyed, and adds its space before that: until none is added.
        loop {
            let spaces = {
                let mut spaces = self.spaces.lock();
                if spaces.added == done {
                    return;
                }
                done = spaces.added;
                core::mem::take(&mut spaces.list)
            };
            for space in spaces.iter().filter_map(Weak::upgrade) {
                space.narrow_mappings_of(self, kept);
                super::disturb_waiters(&space, self.pages.id());
            }
            self.spaces.lock().put_back(spaces);
        }
    }
}

/// What a grant allows of a shared mapping.
fn allowed_by(limit: Rights) -> Protection {
    let mut allowed = Protection::empty();
    allowed.set(Protection::READ, limit.contains(Rights::MMAP_R));
    allowed.set(Protection::WRITE, limit.contains(Rights::MMAP_W));
    allowed.set(Protection::EXECUTE, limit.contains(Rights::MMAP_X));
    allowed
}

/// A mapping does not keep itself: the observer knows it weakly.
struct Observer(Weak<LentPages>);

impl GrantObserver for Observer {
    fn narrowed(&self) {
        if let Some(lent) = self.0.upgrade() {
            lent.obey();
        }
    }
}

impl Spaces {
    fn add(&mut self, space: &Arc<AddressSpace>) {
        self.added += 1;
        let weak = Arc::downgrade(space);
        if self.list.last().is_some_and(|last| last.ptr_eq(&weak)) {
            return;
        }
        if self.list.len() >= self.purge_at {
            self.list.retain(|space| space.strong_count() > 0);
            self.purge_at = (2 * self.list.len()).max(PURGE_MINIMUM);
        }
        match self.list.try_reserve(1) {
            Ok(()) => self.list.push(weak),
            Err(_) => self.is_incomplete = true,
        }
    }

    fn put_back(&mut self, mut spaces: Vec<Weak<AddressSpace>>) {
        match spaces.try_reserve(self.list.len()) {
            Ok(()) => spaces.append(&mut self.list),
            Err(_) => self.is_incomplete = true,
        }
        self.list = spaces;
    }
}

impl Pager for LentPages {
    fn page(&self, index: u64, access: Access) -> core::result::Result<Frame, FaultError> {
        let needed = match access {
            Access::Read => Protection::READ,
            Access::Write => Protection::READ | Protection::WRITE,
            Access::Execute => Protection::EXECUTE,
        };
        if !self.allowed().contains(needed) || self.spaces.lock().is_incomplete {
            return Err(FaultError::BeyondEnd);
        }
        self.pages.page(index, access)
    }

    /// The object's own: threads that wait on the same word meet, whatever they mapped it through.
    fn id(&self) -> u64 {
        self.pages.id()
    }

    fn mapped(&self, space: &Arc<AddressSpace>) {
        self.spaces.lock().add(space);
        self.pages.mapped(space);
    }

    fn dirty(&self, index: u64) {
        self.pages.dirty(index);
    }

    fn sync(&self, index: u64, count: u64) -> Result<()> {
        self.pages.sync(index, count)
    }

    fn path(&self) -> Option<Vec<u8>> {
        self.pages.path()
    }

    fn inode(&self) -> (u64, u64) {
        self.pages.inode()
    }
}
