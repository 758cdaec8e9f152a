//! What one tmpfs may use, and uses.

use abi::{Errno, Result};
use core::sync::atomic::{AtomicU64, Ordering};

/// Pages and inodes: limits and use.
pub struct Quota {
    page_limit: u64,
    pages: AtomicU64,
    inode_limit: u64,
    inodes: AtomicU64,
}

impl Quota {
    /// Nothing used yet.
    pub const fn new(page_limit: u64, inode_limit: u64) -> Self {
        Self { page_limit, pages: AtomicU64::new(0), inode_limit, inodes: AtomicU64::new(0) }
    }

    /// Takes `count` pages; ENOSPC.
    pub fn charge(&self, count: u64) -> Result<()> {
        take(&self.pages, count, self.page_limit)
    }

    /// Gives `count` pages back.
    pub fn uncharge(&self, count: u64) {
        self.pages.fetch_sub(count, Ordering::Relaxed);
    }

    /// Takes an inode; ENOSPC.
    pub fn charge_inode(&self) -> Result<()> {
        take(&self.inodes, 1, self.inode_limit)
    }

    /// Gives an inode back.
    pub fn uncharge_inode(&self) {
        self.inodes.fetch_sub(1, Ordering::Relaxed);
    }

    /// Limit and use of pages.
    pub fn pages(&self) -> (u64, u64) {
        (self.page_limit, self.pages.load(Ordering::Relaxed))
    }

    /// Limit and use of inodes.
    pub fn inodes(&self) -> (u64, u64) {
        (self.inode_limit, self.inodes.load(Ordering::Relaxed))
    }
}

/// Counts up and takes it back if that was too much: one locked instruction where there is room.
fn take(used: &AtomicU64, count: u64, limit: u64) -> Result<()> {
    let before = used.fetch_add(count, Ordering::Relaxed);
    if before.saturating_add(count) > limit {
        used.fetch_sub(count, Ordering::Relaxed);
        return Err(Errno::ENOSPC);
    }
    Ok(())
}
