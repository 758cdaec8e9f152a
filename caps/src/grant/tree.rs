//! The links of a derivation tree: an arena of nodes, and the operations on it that are short enough for a lock.

use super::Grant;
use crate::{Cause, History, OutOfMemory, Rights, Taken};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;

/// How many nodes the arena grows by, so that growing copies little.
const CHUNK: usize = 32;
/// How many nodes one hold of the lock goes over.
pub(super) const PIECE: usize = 32;

/// A node's place in the arena.
pub(super) type Node = u32;
const NONE: Node = Node::MAX;

/// A lock around the links of one tree.
///
/// Grants are dropped anywhere, so it must be one that may be taken anywhere, and it must be the last one taken but for those
/// of the allocator.
pub trait TreeLock: Send + Sync {
    /// Runs `body` once, alone.
    fn with(&self, body: &mut dyn FnMut(&mut Links));

    /// Lets those have a turn who wait for the lock: a walk calls this between two pieces, without the lock. For locks that
    /// do so by themselves there is nothing to do.
    fn give_way(&self) {}
}

/// What `body` answers, run under the lock.
pub(super) fn locked<R: Default>(tree: &dyn TreeLock, body: impl FnOnce(&mut Links) -> R) -> R {
    let (mut body, mut result) = (Some(body), R::default());
    tree.with(&mut |links| {
        if let Some(body) = body.take() {
            result = body(links);
        }
    });
    result
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Free,
    /// Its grant is there or being made.
    Live,
    /// Its grant is gone; it stays for its children and for walks.
    Abandoned,
}

/// One node. A free one uses `next` alone.
#[derive(Debug)]
struct Record {
    grant: Weak<Grant>,
    parent: Node,
    first_child: Node,
    next: Node,
    previous: Node,
    /// How many walks stand here.
    pins: u32,
    state: State,
    /// What narrowings of it took.
    history: History,
    /// What the derivation did not pass on.
    kept_back: Rights,
    derived: Option<Cause>,
    /// What took everything.
    killed: Option<Cause>,
}

impl Record {
    const FREE: Self = Self {
        grant: Weak::new(),
        parent: NONE,
        first_child: NONE,
        next: NONE,
        previous: NONE,
        pins: 0,
        state: State::Free,
        history: History::new(),
        kept_back: Rights::NONE,
        derived: None,
        killed: None,
    };
}

/// The links of one tree.
#[derive(Debug)]
pub struct Links {
    chunks: Vec<Vec<Record>>,
    free: Node,
}

impl Links {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), free: NONE }
    }

    fn at(&self, node: Node) -> &Record {
        &self.chunks[node as usize / CHUNK][node as usize % CHUNK]
    }

    fn at_mut(&mut self, node: Node) -> &mut Record {
        &mut self.chunks[node as usize / CHUNK][node as usize % CHUNK]
    }

    /// Takes a node for a grant that is being made; none if there is no memory.
    pub(super) fn take(&mut self) -> Option<Node> {
        if self.free == NONE {
            self.grow()?;
        }
        let node = self.free;
        self.free = core::mem::replace(self.at_mut(node), Record { state: State::Live, ..Record::FREE }).next;
        Some(node)
    }

    fn grow(&mut self) -> Option<()> {
        let first = self.chunks.len() * CHUNK;
        if first + CHUNK > NONE as usize {
            return None;
        }
        self.chunks.try_reserve(1).ok()?;
        let mut chunk = Vec::new();
        chunk.try_reserve_exact(CHUNK).ok()?;
        chunk.extend((first + 1..=first + CHUNK).map(|next| Record { next: next as Node, ..Record::FREE }));
        if let Some(last) = chunk.last_mut() {
            last.next = NONE;
        }
        self.chunks.push(chunk);
        self.free = first as Node;
        Some(())
    }

    /// Puts a grant in the node taken for it, beneath its parent.
    pub(super) fn plant(
        &mut self,
        node: Node,
        grant: &Arc<Grant>,
        parent: Option<Node>,
        kept_back: Rights,
        cause: Cause,
    ) {
        let sibling = parent.map_or(NONE, |parent| core::mem::replace(&mut self.at_mut(parent).first_child, node));
        if sibling != NONE {
            self.at_mut(sibling).previous = node;
        }
        let record = self.at_mut(node);
        record.grant = Arc::downgrade(grant);
        record.parent = parent.unwrap_or(NONE);
        record.next = sibling;
        record.kept_back = kept_back;
        record.derived = Some(cause);
    }

    /// Notes a narrowing of a node.
    pub(super) fn note(&mut self, node: Node, lost: Rights, cause: Cause) -> Result<(), OutOfMemory> {
        let history = &mut self.at_mut(node).history;
        history.try_reserve(1)?;
        history.record(Taken::Rights(lost), cause);
        Ok(())
    }

    /// Notes what took everything from a node, if nothing did before.
    pub(super) fn kill(&mut self, node: Node, cause: Cause) {
        self.at_mut(node).killed.get_or_insert(cause);
    }

    /// The grant of a node, unless it was dropped.
    pub(super) fn grant(&self, node: Node) -> Option<Arc<Grant>> {
        self.at(node).grant.upgrade()
    }

    /// The first narrowing that took one of `missing` at this very node.
    pub(super) fn cause(&self, node: Node, missing: Rights) -> Option<Cause> {
        let record = self.at(node);
        let derived = record.derived.filter(|_| record.kept_back.intersects(missing));
        let narrowed = record.history.first(Taken::Rights(missing));
        [derived, narrowed, record.killed].into_iter().flatten().min_by_key(|cause| cause.sequence)
    }

    /// The node above.
    pub(super) fn parent(&self, node: Node) -> Option<Node> {
        Some(self.at(node).parent).filter(|parent| *parent != NONE)
    }

    /// The node after this one in a walk over what is beneath `top`, parents first.
    pub(super) fn following(&self, node: Node, top: Node) -> Option<Node> {
        let child = self.at(node).first_child;
        if child != NONE {
            return Some(child);
        }
        let mut node = node;
        while node != top {
            let record = self.at(node);
            if record.next != NONE {
                return Some(record.next);
            }
            node = record.parent;
        }
        None
    }

    /// Keeps a node where it is.
    pub(super) fn pin(&mut self, node: Node) {
        self.at_mut(node).pins += 1;
    }

    /// Lets a node go that was pinned. It is to be pruned then.
    pub(super) fn unpin(&mut self, node: Node) {
        self.at_mut(node).pins -= 1;
    }

    /// The node's grant is gone.
    pub(super) fn abandon(&mut self, node: Node) {
        let record = self.at_mut(node);
        record.state = State::Abandoned;
        record.grant = Weak::new();
    }

    /// Frees a node that nobody needs, and then its parent if that was needed for this one only, and so on; the node to go on
    /// with, after a piece.
    pub(super) fn prune(&mut self, node: Node) -> Option<Node> {
        let mut node = node;
        for _ in 0..PIECE {
            let Record { state, pins, first_child, parent, next, previous, .. } = *self.at(node);
            if state != State::Abandoned || pins > 0 || first_child != NONE {
                return None;
            }
            if next != NONE {
                self.at_mut(next).previous = previous;
            }
            match (previous, parent) {
                (NONE, NONE) => {}
                (NONE, parent) => self.at_mut(parent).first_child = next,
                (previous, _) => self.at_mut(previous).next = next,
            }
            let free = self.free;
            *self.at_mut(node) = Record { next: free, ..Record::FREE };
            self.free = node;
            node = Some(parent).filter(|parent| *parent != NONE)?;
        }
        Some(node)
    }
}
