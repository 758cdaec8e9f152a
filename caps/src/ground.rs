//! What this crate needs of whoever embeds it: memory that may run out, and a lock for the derivation trees.

use crate::OutOfMemory;
use crate::grant::{Links, TreeLock};
use alloc::sync::Arc;

/// The ground that tables and grants stand on.
///
/// Stable Rust has no fallible `Arc`, and this crate knows no lock: a kernel gives both.
pub trait Ground {
    /// Shares a value.
    fn try_arc<T>(&self, value: T) -> Result<Arc<T>, OutOfMemory>;

    /// A lock around the links of a new derivation tree.
    fn try_tree_lock(&self, links: Links) -> Result<Arc<dyn TreeLock>, OutOfMemory>;
}
