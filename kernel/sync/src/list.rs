//! A doubly linked list whose nodes live where their owners put them, usually on the stack of a waiting thread.
//!
//! The list itself is plain data; a lock around it gives exclusion. Linking a node never allocates, which is what
//! waiting needs.

use core::cell::Cell;
use core::marker::{PhantomData, PhantomPinned};
use core::ptr::NonNull;

/// A list of nodes, first in, first out.
pub struct List<T> {
    head: Option<NonNull<Node<T>>>,
    tail: Option<NonNull<Node<T>>>,
    owns_no_nodes: PhantomData<T>,
}

// SAFETY: the list hands out `&T` only under the lock that its user puts around it; `T: Sync` since the node's owner
// has the value as well.
unsafe impl<T: Sync> Send for List<T> {}

/// A value that can be in one list.
///
/// The links are touched only by the list's methods, that is under the list's lock.
pub struct Node<T> {
    previous: Cell<Option<NonNull<Node<T>>>>,
    next: Cell<Option<NonNull<Node<T>>>>,
    linked: Cell<bool>,
    value: T,
    _pinned: PhantomPinned,
}

impl<T> Node<T> {
    /// A node in no list.
    pub const fn new(value: T) -> Self {
        Self {
            previous: Cell::new(None),
            next: Cell::new(None),
            linked: Cell::new(false),
            value,
            _pinned: PhantomPinned,
        }
    }

    /// The value.
    #[inline]
    pub fn value(&self) -> &T {
        &self.value
    }
}

impl<T> List<T> {
    /// An empty list.
    pub const fn new() -> Self {
        Self { head: None, tail: None, owns_no_nodes: PhantomData }
    }

    /// Whether nothing is linked.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Whether `node`, which is in this list or in none, is in it.
    #[inline]
    pub fn contains(&self, node: &Node<T>) -> bool {
        node.linked.get()
    }

    /// The value that has been in the list for longest.
    #[inline]
    pub fn front(&self) -> Option<&T> {
        // SAFETY: linked nodes are alive (`push_back`'s contract).
        self.head.map(|head| unsafe { &head.as_ref().value })
    }

    /// Links a node at the end.
    ///
    /// # Safety
    /// The node is in no list, and it is neither moved nor dropped nor used through this module by others until it
    /// has left this list, which happens under the same lock as this call.
    #[inline]
    pub unsafe fn push_back(&mut self, node: &Node<T>) {
        let pointer = NonNull::from(node);
        node.previous.set(self.tail);
        node.next.set(None);
        node.linked.set(true);
        match self.tail {
            // SAFETY: linked nodes are alive.
            Some(tail) => unsafe { tail.as_ref() }.next.set(Some(pointer)),
            None => self.head = Some(pointer),
        }
        self.tail = Some(pointer);
    }

    /// Links a node behind the last one that it does not precede.
    ///
    /// # Safety
    /// As [`push_back`](Self::push_back).
    pub unsafe fn push_in_order(&mut self, node: &Node<T>, precedes: impl Fn(&T, &T) -> bool) {
        let (mut previous, mut next) = (self.tail, None);
        while let Some(at) = previous {
            // SAFETY: linked nodes are alive.
            let there = unsafe { at.as_ref() };
            if !precedes(&node.value, &there.value) {
                break;
            }
            (previous, next) = (there.previous.get(), previous);
        }
        let pointer = Some(NonNull::from(node));
        node.previous.set(previous);
        node.next.set(next);
        node.linked.set(true);
        match previous {
            // SAFETY: linked nodes are alive.
            Some(previous) => unsafe { previous.as_ref() }.next.set(pointer),
            None => self.head = pointer,
        }
        match next {
            // SAFETY: linked nodes are alive.
            Some(next) => unsafe { next.as_ref() }.previous.set(pointer),
            None => self.tail = pointer,
        }
    }

    /// Unlinks `node`, which is in this list or in none. True if it was in it.
    #[inline]
    pub fn remove(&mut self, node: &Node<T>) -> bool {
        if !node.linked.replace(false) {
            return false;
        }
        let (previous, next) = (node.previous.take(), node.next.take());
        match previous {
            // SAFETY: linked nodes are alive.
            Some(previous) => unsafe { previous.as_ref() }.next.set(next),
            None => self.head = next,
        }
        match next {
            // SAFETY: linked nodes are alive.
            Some(next) => unsafe { next.as_ref() }.previous.set(previous),
            None => self.tail = previous,
        }
        true
    }

    /// Unlinks the first node, and gives `f` its value while the lock still keeps the node's owner from going on.
    #[inline]
    pub fn pop_front_with<R>(&mut self, f: impl FnOnce(&T) -> R) -> Option<R> {
        let head = self.head?;
        // SAFETY: linked nodes are alive, and the owner cannot release the node before it has had the list's lock.
        let node = unsafe { head.as_ref() };
        self.remove(node);
        Some(f(&node.value))
    }

    /// Calls `f` for each value, first to last.
    pub fn for_each(&self, mut f: impl FnMut(&T)) {
        let mut at = self.head;
        while let Some(pointer) = at {
            // SAFETY: linked nodes are alive.
            let node = unsafe { pointer.as_ref() };
            f(&node.value);
            at = node.next.get();
        }
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{List, Node};
    use std::vec::Vec;

    #[test]
    fn nodes_stand_in_order_and_equals_by_arrival() {
        let nodes: Vec<_> = [(1, 'a'), (3, 'b'), (1, 'c'), (2, 'd'), (3, 'e')].into_iter().map(Node::new).collect();
        let mut list = List::new();
        for node in &nodes {
            // SAFETY: the nodes stay until they have been popped.
            unsafe { list.push_in_order(node, |new, there| new.0 > there.0) };
        }
        let order = std::iter::from_fn(|| list.pop_front_with(|value| value.1));
        assert_eq!(order.collect::<std::string::String>(), "bedac");
        assert!(list.is_empty());
    }

    #[test]
    fn nodes_leave_in_order_or_from_the_middle() {
        let nodes: Vec<_> = (0..4).map(Node::new).collect();
        let mut list = List::new();
        for node in &nodes {
            // SAFETY: `nodes` outlives `list`'s use and does not move.
            unsafe { list.push_back(node) };
        }
        assert!(list.remove(&nodes[2]));
        assert!(!list.remove(&nodes[2]));
        assert_eq!(list.pop_front_with(|value| *value), Some(0));
        assert_eq!(list.front(), Some(&1));
        let mut seen = Vec::new();
        list.for_each(|value| seen.push(*value));
        assert_eq!(seen, [1, 3]);
        assert!(list.remove(&nodes[3]));
        assert!(list.remove(&nodes[1]));
        assert!(list.is_empty());
    }
}
