//! Files in memory.
//!
//! A file's pages are the ones that its mappings show: the inode is itself the pager. The root
//! file system is one of these, filled from the initramfs archive, whose bytes are copied page by
//! page as they are touched.
//!
//! Locks, outermost first: `renames` (one rename or removal of directories at a time in a file
//! system), a file's `writing`, then spinning locks, of which no two are held together except the
//! entries of the two directories of a rename.

mod attributes;
mod directory;
mod inode;
mod mappers;
mod node;
mod pages;
mod quota;
mod rename;

pub use inode::{Inode, New};

use abi::types::Statfs;
use abi::{Mode, Result};
use alloc::sync::{Arc, Weak};
use arch::PAGE_SIZE;
use core::sync::atomic::{AtomicU64, Ordering};
use object::{FileSystem, Node};
use quota::Quota;
use sync::ranks::Rename;
use sync::{Mutex, Once};

/// `TMPFS_MAGIC` of `statfs`.
const MAGIC: i64 = 0x0102_1994;
/// Longest file name.
const NAME_MAX: i64 = 255;

/// A file system in memory, with its root. Whoever mounts it holds this; when the last mount is gone and no file of it
/// is open any more, all of it is.
pub struct Tmpfs {
    store: Arc<Store>,
    root: Arc<Inode>,
}

/// What the inodes of one file system share. They hold it, and it does not hold them.
struct Store {
    name: &'static str,
    device: u64,
    quota: Quota,
    renames: Mutex<(), Rename>,
    next_number: AtomicU64,
    /// Makes the hashes of names unpredictable.
    seed: u64,
    root: Once<Weak<Inode>>,
}

impl Tmpfs {
    /// An empty file system that may take half of memory, with this mode on its root.
    pub fn new(name: &'static str, root_mode: Mode) -> Result<Arc<Self>> {
        let limit = (mm::frame::stats().total / 2) as u64;
        let device = crate::device_id::allocate();
        let store = mm::alloc::try_arc(Store {
            name,
            device,
            quota: Quota::new(limit, limit),
            renames: Mutex::new(()),
            next_number: AtomicU64::new(1),
            seed: arch::random::entropy(),
            root: Once::new(),
        })?;
        let root = Inode::make_root(&store, root_mode)?;
        store.root.call_once(|| Arc::downgrade(&root));
        Ok(mm::alloc::try_arc(Self { store, root })?)
    }

    /// The root directory.
    pub fn root_inode(&self) -> &Arc<Inode> {
        &self.root
    }
}

impl FileSystem for Tmpfs {
    fn name(&self) -> &'static str {
        self.store.name
    }

    fn device(&self) -> u64 {
        self.store.device
    }

    fn root(&self) -> Result<Arc<dyn Node>> {
        Ok(self.root.clone())
    }

    fn statfs(&self) -> Result<Statfs> {
        self.store.statfs()
    }
}

impl Store {
    fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    fn statfs(&self) -> Result<Statfs> {
        let (page_limit, pages) = self.quota.pages();
        let (inode_limit, inodes) = self.quota.inodes();
        let free = page_limit.saturating_sub(pages) as i64;
        Ok(Statfs {
            kind: MAGIC,
            block_size: PAGE_SIZE as i64,
            blocks: page_limit as i64,
            blocks_free: free,
            blocks_available: free,
            files: inode_limit as i64,
            files_free: inode_limit.saturating_sub(inodes) as i64,
            id: [self.device as i32, 0],
            name_max: NAME_MAX,
            fragment_size: PAGE_SIZE as i64,
            ..Statfs::default()
        })
    }
}
