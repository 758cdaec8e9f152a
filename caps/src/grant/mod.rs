//! Grants: nodes of the derivation tree.
//!
//! A capability that was derived from another hangs on a grant; all its copies, in whatever table, hang on the same one. The
//! grant holds the most that any of them may do, so using a capability costs one look at its own grant, however deep
//! that lies. Narrowing a grant narrows it and every grant derived from it; revoking is narrowing to nothing.
//!
//! # How a tree is kept
//! The links of a tree (parent, children, who narrowed what) lie in an arena, [`Links`], behind one lock for the whole tree, which
//! only deriving, narrowing, dropping and explaining take. A grant knows its place in the arena, and the arena refers to its
//! grants weakly, so nothing owns a chain: dropping a tree of any depth drops nodes one by one. A dropped grant that
//! others derive from leaves its node, until the last of them has gone.
//!
//! # Why nothing escapes a narrowing
//! A [`Walk`] goes over the tree in pieces and lets go of the lock between two. Parents are narrowed before their children, and a new
//! grant takes its limit from its parent's under the lock: it is there when the walk comes by, or it was made from
//! what the walk had left.

mod tree;
mod walk;

use crate::ground::Ground;
use crate::shim::{AtomicU64, Ordering};
use crate::{Cause, OutOfMemory, Rights};
use alloc::sync::Arc;
use core::fmt;

pub use tree::{Links, TreeLock};
use tree::{Node, locked};
pub use walk::Walk;

/// A node of the derivation tree.
pub struct Grant {
    /// The limit's two halves. Each only ever loses bits, so a reader that sees one new and one old half sees a limit between
    /// the old and the new.
    low: AtomicU64,
    high: AtomicU64,
    depth: u32,
    node: Node,
    tree: Arc<dyn TreeLock>,
}

impl Grant {
    /// The first grant of a new tree.
    pub fn root(limit: Rights, cause: Cause, ground: &impl Ground) -> Result<Arc<Self>, OutOfMemory> {
        let tree = ground.try_tree_lock(Links::new())?;
        Self::make(tree, 0, ground, |links, node, grant| {
            grant.keep(limit);
            links.plant(node, grant, None, Rights::ALL - limit, cause);
        })
    }

    /// A grant derived from this one, that allows `limit` as far as this one does now.
    pub fn derive(
        self: &Arc<Self>,
        limit: Rights,
        cause: Cause,
        ground: &impl Ground,
    ) -> Result<Arc<Self>, OutOfMemory> {
        Self::make(self.tree.clone(), self.depth + 1, ground, |links, node, grant| {
            let parent = self.limit();
            grant.keep(limit & parent);
            links.plant(node, grant, Some(self.node), parent - limit, cause);
        })
    }

    /// Makes a grant in three steps, so that no memory is asked for with the lock held but the arena's own: takes a node, shares
    /// the grant, and has it planted.
    fn make(
        tree: Arc<dyn TreeLock>,
        depth: u32,
        ground: &impl Ground,
        plant: impl FnOnce(&mut Links, Node, &Arc<Self>),
    ) -> Result<Arc<Self>, OutOfMemory> {
        let node = locked(&*tree, Links::take).ok_or(OutOfMemory)?;
        let all = Rights::ALL.bits();
        let (low, high) = (AtomicU64::new(all as u64), AtomicU64::new((all >> 64) as u64));
        let grant = ground.try_arc(Self { low, high, depth, node, tree })?;
        locked(&*grant.tree, |links| plant(links, node, &grant));
        Ok(grant)
    }

    /// The most that capabilities on this grant may do.
    #[inline]
    pub fn limit(&self) -> Rights {
        let low = self.low.load(Ordering::Acquire);
        let high = self.high.load(Ordering::Acquire);
        Rights::from_bits_retain(u128::from(low) | u128::from(high) << 64)
    }

    /// Takes from this grant, and from all that derive from it, what is not in `rights`. The grants come out of the walk as it
    /// narrows them, this one first.
    pub fn narrow(self: &Arc<Self>, rights: Rights, cause: Cause) -> Result<Walk, OutOfMemory> {
        let lost = self.limit() - rights;
        locked(&*self.tree, |links| Some(links.note(self.node, lost, cause))).unwrap_or(Err(OutOfMemory))?;
        Ok(Walk::new(self.tree.clone(), self.node, walk::Scope::All, walk::Act::Keep(rights)))
    }

    /// Takes everything from this grant and from all that derive from it.
    pub fn revoke(self: &Arc<Self>, cause: Cause) -> Walk {
        Walk::new(self.tree.clone(), self.node, walk::Scope::All, walk::Act::Kill(cause))
    }

    /// Takes everything from all that derive from this grant. It stays as it is.
    pub fn revoke_descendants(self: &Arc<Self>, cause: Cause) -> Walk {
        Walk::new(self.tree.clone(), self.node, walk::Scope::Descendants, walk::Act::Kill(cause))
    }

    /// The narrowing that first took one of `missing` from it.
    #[cold]
    pub fn cause(&self, missing: Rights) -> Option<Cause> {
        walk::first_cause(&self.tree, self.node, missing)
    }

    /// Whether nothing is left.
    pub fn is_revoked(&self) -> bool {
        self.limit().is_empty()
    }

    /// How many derivations lie above it.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    fn keep(&self, rights: Rights) {
        let bits = rights.bits();
        self.low.fetch_and(bits as u64, Ordering::AcqRel);
        self.high.fetch_and((bits >> 64) as u64, Ordering::AcqRel);
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let mut left = Some(self.node);
        locked(&*self.tree, |links| links.abandon(self.node));
        while let Some(node) = left {
            left = locked(&*self.tree, |links| links.prune(node));
        }
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("depth", &self.depth).field("limit", &self.limit()).finish()
    }
}
