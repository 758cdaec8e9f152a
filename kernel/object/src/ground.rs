//! The ground of the capability algebra: the kernel's fallible memory and its ranked lock.

use crate::floor::{GrantTree, IrqLock, preempt_off, relax, try_arc};
use alloc::sync::Arc;
use caps::{Ground, Links, OutOfMemory, TreeLock};
use core::sync::atomic::{AtomicU32, Ordering};

/// What tables and grants stand on in the kernel.
#[derive(Clone, Copy, Debug)]
pub struct KernelGround;

/// A tree's links. The lock is not fair, and a walk that lets go of it for a moment would mostly be the first to have it
/// again; so walks give way.
struct Tree {
    links: IrqLock<Links, GrantTree>,
    /// How many wait for the lock.
    waiting: AtomicU32,
    /// How many have waited and got it.
    served: AtomicU32,
}

impl Tree {
    #[cold]
    fn wait_and_run(&self, body: &mut dyn FnMut(&mut Links)) {
        // A walk may be giving way to us: it must not wait for a thread that does not run.
        let _pin = preempt_off();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let mut links = self.links.lock();
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.served.fetch_add(1, Ordering::Relaxed);
        body(&mut links);
    }
}

impl TreeLock for Tree {
    fn with(&self, body: &mut dyn FnMut(&mut Links)) {
        match self.links.try_lock() {
            Some(mut links) => body(&mut links),
            None => self.wait_and_run(body),
        }
    }

    /// As many turns as there are waiting now, so that those who come again and again do not keep a walk from its end.
    fn give_way(&self) {
        let (waiting, served) = (self.waiting.load(Ordering::Relaxed), self.served.load(Ordering::Relaxed));
        let is_owed = || self.served.load(Ordering::Relaxed).wrapping_sub(served) < waiting;
        while is_owed() && self.waiting.load(Ordering::Relaxed) != 0 {
            relax();
        }
    }
}

impl Ground for KernelGround {
    fn try_arc<T>(&self, value: T) -> Result<Arc<T>, OutOfMemory> {
        try_arc(value).map_err(|_| OutOfMemory)
    }

    fn try_tree_lock(&self, links: Links) -> Result<Arc<dyn TreeLock>, OutOfMemory> {
        let (waiting, served) = (AtomicU32::new(0), AtomicU32::new(0));
        let tree: Arc<dyn TreeLock> = self.try_arc(Tree { links: IrqLock::new(links), waiting, served })?;
        Ok(tree)
    }
}
