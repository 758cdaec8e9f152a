//! The address spaces that map a file, for when its pages must vanish from them.

use abi::{Errno, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::mem;
use mm::AddressSpace;
use sync::SpinLock;
use sync::ranks::ObjectState;

/// Below this many entries the list is not worth pruning.
const PRUNE_MINIMUM: usize = 16;

/// A list of address spaces: each that maps the file is in it, perhaps with some that did.
pub struct Mappers {
    list: SpinLock<List, ObjectState>,
}

struct List {
    spaces: Vec<Weak<AddressSpace>>,
    /// Length at which dead and double entries are squeezed out: twice what was left last time,
    /// so each addition costs the same on average, and the dead never outnumber the rest.
    prune_at: usize,
    /// An addition was lost for want of memory: the file can no longer shrink safely.
    is_incomplete: bool,
}

impl Mappers {
    /// Nobody maps it.
    pub const fn new() -> Self {
        let list = List { spaces: Vec::new(), prune_at: PRUNE_MINIMUM, is_incomplete: false };
        Self { list: SpinLock::new(list) }
    }

    /// Remembers a space that maps the file now.
    pub fn add(&self, space: &Arc<AddressSpace>) {
        let weak = Arc::downgrade(space);
        let mut list = self.list.lock();
        if list.spaces.last().is_some_and(|last| last.ptr_eq(&weak)) {
            return;
        }
        if list.spaces.len() >= list.prune_at {
            list.prune();
        }
        match list.spaces.try_reserve(1) {
            Ok(()) => list.spaces.push(weak),
            Err(_) => list.is_incomplete = true,
        }
    }

    /// Whether every mapping is known; ENOMEM otherwise, and the file must not shrink.
    pub fn check_complete(&self) -> Result<()> {
        match self.list.lock().is_incomplete {
            true => Err(Errno::ENOMEM),
            false => Ok(()),
        }
    }

    /// Whether any space has a shared mapping of the pager `id` that may be, or come to be, written through. One caller at a
    /// time, as for [`Mappers::unmap`].
    pub fn any_writes(&self, id: u64) -> bool {
        self.with_spaces(|spaces| spaces.iter().filter_map(Weak::upgrade).any(|space| space.may_write_pages(id)))
    }

    /// Removes pages `first..first + count` of the pager `id` from every space. One caller at a
    /// time. A space that starts mapping meanwhile sees the file as it is now.
    pub fn unmap(&self, id: u64, first: u64, count: u64) {
        self.with_spaces(|spaces| {
            spaces.iter().filter_map(Weak::upgrade).for_each(|space| space.unmap_pages(id, first, count));
        });
    }

    /// Has `look` see the spaces, with no lock held.
    fn with_spaces<T>(&self, look: impl FnOnce(&[Weak<AddressSpace>]) -> T) -> T {
        let spaces = mem::take(&mut self.list.lock().spaces);
        let found = look(&spaces);
        let mut list = self.list.lock();
        let added = mem::replace(&mut list.spaces, spaces);
        match list.spaces.try_reserve(added.len()) {
            Ok(()) => list.spaces.extend(added),
            Err(_) => list.is_incomplete = true,
        }
        found
    }
}

impl List {
    fn prune(&mut self) {
        self.spaces.retain(|space| space.strong_count() > 0);
        self.spaces.sort_unstable_by_key(|space| space.as_ptr().addr());
        self.spaces.dedup_by(|one, other| one.ptr_eq(other));
        self.prune_at = (2 * self.spaces.len()).max(PRUNE_MINIMUM);
    }
}
