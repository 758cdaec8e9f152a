//! The ground of the capability algebra: the kernel's fallible memory and its ranked lock.

use crate::floor::{GrantTree, IrqLock, try_arc};
use alloc::sync::Arc;
use caps::{Ground, Links, OutOfMemory, TreeLock};

/// What tables and grants stand on in the kernel.
#[derive(Clone, Copy, Debug)]
pub struct KernelGround;

struct Tree(IrqLock<Links, GrantTree>);

impl TreeLock for Tree {
    fn with(&self, body: &mut dyn FnMut(&mut Links)) {
        body(&mut self.0.lock());
    }
}

impl Ground for KernelGround {
    fn try_arc<T>(&self, value: T) -> Result<Arc<T>, OutOfMemory> {
        try_arc(value).map_err(|_| OutOfMemory)
    }

    fn try_tree_lock(&self, links: Links) -> Result<Arc<dyn TreeLock>, OutOfMemory> {
        let tree: Arc<dyn TreeLock> = self.try_arc(Tree(IrqLock::new(links)))?;
        Ok(tree)
    }
}
