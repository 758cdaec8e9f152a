//! The contents of a directory.
//!
//! `entries` is a spinning lock held for one look-up or one change. `population` counts the
//! entries, or says that the directory is dead; it is changed under the entries' lock to add and
//! remove, but a removal of the directory itself needs no lock but its parent's: it swaps an
//! exact 0 for the dead mark, after which nothing can be added.

use super::inode::Inode;
use crate::entries::{Entries, Entry, InsertError};
use abi::{Errno, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};
use sync::ranks::ObjectState;
use sync::{SpinGuard, SpinLock};

const DEAD: u32 = u32::MAX;

/// Entries of a directory, its parent, and whether it lives.
pub struct Directory {
    entries: SpinLock<Entries<Arc<Inode>>, ObjectState>,
    population: AtomicU32,
    /// The directory that holds it; changes only under the file system's rename lock.
    parent: SpinLock<Weak<Inode>, ObjectState>,
}

/// The entries of a directory, locked.
pub struct Opened<'a> {
    entries: SpinGuard<'a, Entries<Arc<Inode>>, ObjectState>,
    population: &'a AtomicU32,
}

impl Directory {
    /// An empty directory beneath `parent`; the seed is for hashing names.
    pub fn new(parent: Weak<Inode>, seed: u64) -> Self {
        Self {
            entries: SpinLock::new(Entries::new(seed)),
            population: AtomicU32::new(0),
            parent: SpinLock::new(parent),
        }
    }

    /// The directory that holds it; itself for a root.
    pub fn parent(&self) -> Option<Arc<Inode>> {
        self.parent.lock().upgrade()
    }

    /// It moved to another directory.
    pub fn set_parent(&self, parent: Weak<Inode>) {
        let old = core::mem::replace(&mut *self.parent.lock(), parent);
        drop(old);
    }

    /// Locks the entries.
    pub fn open(&self) -> Opened<'_> {
        Opened { entries: self.entries.lock(), population: &self.population }
    }

    /// Locks the entries of two directories that are not the same.
    pub fn open_two<'a>(&'a self, other: &'a Self) -> (Opened<'a>, Opened<'a>) {
        let (mine, others) = self.entries.lock_two(&other.entries);
        let open = |entries, population| Opened { entries, population };
        (open(mine, &self.population), open(others, &other.population))
    }

    /// Marks an empty directory dead: ENOTEMPTY if it is not, ENOENT if it was dead before.
    pub fn die(&self) -> Result<()> {
        match self.population.compare_exchange(0, DEAD, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Ok(()),
            Err(DEAD) => Err(Errno::ENOENT),
            Err(_) => Err(Errno::ENOTEMPTY),
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        match self.population.load(Ordering::Acquire) {
            DEAD => 0,
            count => count as usize,
        }
    }

    /// Drops everything beneath a directory that nobody can reach any more. A tree may be deeper than the stack, so what lies
    /// deeper is moved up into one list; only where there is no memory for that is the way down by recursion.
    pub fn drop_tree(&mut self) {
        let mut pending: Vec<Arc<Inode>> = Vec::new();
        take_children(self, &mut pending);
        while let Some(inode) = pending.pop() {
            if let Some(mut inode) = Arc::into_inner(inode)
                && let Some(directory) = inode.directory_mut()
            {
                take_children(directory, &mut pending);
            }
        }
    }

    /// Whether it was removed.
    pub fn is_dead(&self) -> bool {
        self.population.load(Ordering::Acquire) == DEAD
    }
}

/// Moves the children of a directory to `pending`, as many as there is memory for.
fn take_children(directory: &mut Directory, pending: &mut Vec<Arc<Inode>>) {
    let entries = directory.entries.get_mut();
    if pending.try_reserve(entries.len()).is_ok() {
        pending.extend(entries.drain());
    }
}

impl Opened<'_> {
    /// What `name` stands for.
    pub fn get(&self, name: &[u8]) -> Option<&Arc<Inode>> {
        self.entries.get(name)
    }

    /// Adds an entry: EEXIST, ENOMEM, ENOENT for a dead directory.
    pub fn insert(&mut self, name: &[u8], inode: Arc<Inode>) -> Result<()> {
        let raise = |population| (population < DEAD - 1).then(|| population + 1);
        if self.population.fetch_update(Ordering::AcqRel, Ordering::Acquire, raise).is_err() {
            return Err(Errno::ENOENT);
        }
        self.entries.insert(name, inode).map_err(|error| {
            self.population.fetch_sub(1, Ordering::AcqRel);
            match error {
                InsertError::Exists => Errno::EEXIST,
                InsertError::NoMemory => Errno::ENOMEM,
            }
        })
    }

    /// Replaces what `name` stands for; the old is to be dropped once the lock is open.
    pub fn replace(&mut self, name: &[u8], inode: Arc<Inode>) -> Option<Arc<Inode>> {
        self.entries.replace(name, inode)
    }

    /// Takes an entry out; it is to be dropped once the lock is open.
    pub fn remove(&mut self, name: &[u8]) -> Option<Arc<Inode>> {
        let removed = self.entries.remove(name)?;
        self.population.fetch_sub(1, Ordering::AcqRel);
        Some(removed)
    }

    /// The first entry with this cookie or a later one.
    pub fn next(&self, from: u64) -> Option<&Entry<Arc<Inode>>> {
        self.entries.next(from)
    }

    /// All entries.
    pub fn iterate(&self) -> impl Iterator<Item = &Entry<Arc<Inode>>> {
        self.entries.iterate(0)
    }
}
