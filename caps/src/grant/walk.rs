//! Walks over a derivation tree, in pieces.

use super::Grant;
use super::tree::{Links, Node, PIECE, TreeLock, locked};
use crate::{Cause, Rights};
use alloc::sync::Arc;

/// Whom a walk narrows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The grant it starts from too.
    All,
    /// Those that derive from it.
    Descendants,
}

/// What a walk does to a grant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Keep(Rights),
    Kill(Cause),
}

/// A narrowing under way over a part of a derivation tree.
///
/// It yields the grants that are still held by somebody, each after it was narrowed. The tree's lock is held for a few dozen of them
/// at a time, so others get through. A walk that is dropped early narrows the rest by itself.
#[must_use = "the walk is what narrows"]
pub struct Walk {
    tree: Arc<dyn TreeLock>,
    top: Node,
    /// Where it stands, pinned as is the top. None when it is through.
    at: Option<Node>,
    scope: Scope,
    act: Act,
    piece: [Option<Arc<Grant>>; PIECE],
    taken: usize,
}

impl Walk {
    pub(super) fn new(tree: Arc<dyn TreeLock>, top: Node, scope: Scope, act: Act) -> Self {
        let mut piece = [const { None }; PIECE];
        locked(&*tree, |links| {
            // One pin for the top, one for where the walk stands.
            links.pin(top);
            links.pin(top);
            if scope == Scope::All {
                piece[0] = act_on(links, top, act);
            }
        });
        Self { tree, top, at: Some(top), scope, act, piece, taken: 0 }
    }

    /// Narrows the next piece. Dropping what the last one had is the caller's: no grant is dropped under the lock.
    fn advance(&mut self, from: Node) {
        self.tree.give_way();
        let Self { top, act, piece, .. } = self;
        self.at = locked(&*self.tree, |links| {
            let mut at = from;
            for place in piece.iter_mut() {
                let Some(next) = links.following(at, *top) else {
                    links.unpin(from);
                    links.unpin(*top);
                    return None;
                };
                *place = act_on(links, next, *act);
                at = next;
            }
            links.pin(at);
            links.unpin(from);
            Some(at)
        });
        self.taken = 0;
        prune(&*self.tree, from);
        if self.at.is_none() {
            prune(&*self.tree, self.top);
        }
    }
}

impl Iterator for Walk {
    type Item = Arc<Grant>;

    fn next(&mut self) -> Option<Arc<Grant>> {
        loop {
            while let Some(place) = self.piece.get_mut(self.taken) {
                self.taken += 1;
                if let Some(grant) = place.take() {
                    return Some(grant);
                }
            }
            self.advance(self.at?);
        }
    }
}

impl Drop for Walk {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl core::fmt::Debug for Walk {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Walk").field("scope", &self.scope).field("act", &self.act).finish_non_exhaustive()
    }
}

/// Narrows a node; its grant, if anybody still holds it.
fn act_on(links: &mut Links, node: Node, act: Act) -> Option<Arc<Grant>> {
    let rights = match act {
        Act::Keep(rights) => rights,
        Act::Kill(cause) => {
            links.kill(node, cause);
            Rights::NONE
        }
    };
    let grant = links.grant(node)?;
    grant.keep(rights);
    Some(grant)
}

fn prune(tree: &dyn TreeLock, node: Node) {
    let mut left = Some(node);
    while let Some(node) = left {
        left = locked(tree, |links| links.prune(node));
    }
}

/// The first narrowing that took one of `missing` from a node or from one above it.
pub(super) fn first_cause(tree: &Arc<dyn TreeLock>, node: Node, missing: Rights) -> Option<Cause> {
    let mut first: Option<Cause> = None;
    let mut at = Some(node);
    while let Some(from) = at {
        // The nodes above a grant stay as long as it does, and the caller holds the grant.
        at = locked(&**tree, |links| {
            let mut at = Some(from);
            for _ in 0..PIECE {
                let Some(node) = at else { break };
                let found = links.cause(node, missing);
                first = first.into_iter().chain(found).min_by_key(|cause| cause.sequence);
                at = links.parent(node);
            }
            at
        });
    }
    first
}
