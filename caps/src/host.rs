//! The ground for programs on a host: tests, tools and examples.

use crate::{Ground, Links, OutOfMemory, TreeLock};
use alloc::sync::Arc;

/// A ground whose memory does not run out, with a spinning lock for each tree.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostGround;

struct HostLock(spin::Mutex<Links>);

impl TreeLock for HostLock {
    fn with(&self, body: &mut dyn FnMut(&mut Links)) {
        body(&mut self.0.lock());
    }
}

impl Ground for HostGround {
    fn try_arc<T>(&self, value: T) -> Result<Arc<T>, OutOfMemory> {
        Ok(Arc::new(value))
    }

    fn try_tree_lock(&self, links: Links) -> Result<Arc<dyn TreeLock>, OutOfMemory> {
        Ok(Arc::new(HostLock(spin::Mutex::new(links))))
    }
}
