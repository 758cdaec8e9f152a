//! An intrusive balanced tree: ordered by a key, and summarising the least *value* of each subtree.
//!
//! It is a treap: a search tree by key that is a heap by random priorities, so its depth is O(log n) whatever the
//! order of insertions. Nodes are linked where they lie, so no operation allocates or fails. The summary answers "the
//! first node by key whose value is at most x" in O(log n): the fair class's question, with deadlines as keys and
//! virtual runtimes as values. Timers use the tree for its order alone.

use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::NonNull;

/// The links of a node that is in at most one tree.
pub struct Links<T> {
    left: Cell<Option<NonNull<T>>>,
    right: Cell<Option<NonNull<T>>>,
    priority: Cell<u32>,
    least: Cell<u64>,
}

impl<T> Links<T> {
    /// Links of a node in no tree.
    pub const fn new() -> Self {
        Self { left: Cell::new(None), right: Cell::new(None), priority: Cell::new(0), least: Cell::new(0) }
    }
}

impl<T> Default for Links<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// What a tree needs to know of its nodes. Key and value must not change while the node is in a tree.
pub trait TreeNode: Sized {
    /// Its links.
    fn links(&self) -> &Links<Self>;
    /// The order; equal keys are ordered by address.
    fn key(&self) -> u64;
    /// What subtrees keep the least of.
    fn value(&self) -> u64;
}

/// A tree of nodes that its user keeps alive and in place.
pub struct Tree<T> {
    root: Option<NonNull<T>>,
    first: Option<NonNull<T>>,
    random: u32,
    nodes_belong_elsewhere: PhantomData<T>,
}

// SAFETY: the tree is a set of pointers; its user's lock decides who follows them.
unsafe impl<T: Send> Send for Tree<T> {}

type Link<T> = Option<NonNull<T>>;

#[cfg(test)]
std::thread_local! {
    /// How many nodes have been looked at.
    pub(super) static LOOKS: Cell<u64> = const { Cell::new(0) };
}

/// The node behind a link.
fn at<'a, T>(node: NonNull<T>) -> &'a T {
    #[cfg(test)]
    LOOKS.set(LOOKS.get() + 1);
    // SAFETY: linked nodes are alive and in place (`Tree::insert`'s contract), and the references made here end with
    // the tree's method.
    unsafe { node.as_ref() }
}

impl<T: TreeNode> Tree<T> {
    /// An empty tree.
    pub const fn new() -> Self {
        Self { root: None, first: None, random: 0x9e37_79b9, nodes_belong_elsewhere: PhantomData }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// The node with the least key.
    #[inline]
    pub fn first(&self) -> Option<NonNull<T>> {
        self.first
    }

    /// The least value in the tree.
    pub fn least_value(&self) -> Option<u64> {
        self.root.map(|root| at(root).links().least.get())
    }

    /// Links a node.
    ///
    /// # Safety
    /// The node is in no tree, and it stays alive and in place until it has been removed from this one. Only one
    /// thread at a time uses the tree and its nodes' links.
    pub unsafe fn insert(&mut self, node: &T) {
        let pointer = NonNull::from(node);
        let links = node.links();
        links.left.set(None);
        links.right.set(None);
        links.least.set(node.value());
        let (Some(root), Some(first)) = (self.root, self.first) else {
            // Without company any priority will do, the one from last time too.
            (self.root, self.first) = (Some(pointer), Some(pointer));
            return;
        };
        links.priority.set(self.next_random());
        if precedes(pointer, first) {
            self.first = Some(pointer);
        }
        self.root = Some(insert_below(root, pointer));
    }

    /// Unlinks the only node.
    #[inline]
    pub fn remove_last(&mut self) {
        debug_assert!(self.root == self.first, "there are others");
        (self.root, self.first) = (None, None);
    }

    /// Unlinks a node that is in this tree.
    pub fn remove(&mut self, node: &T) {
        let pointer = NonNull::from(node);
        let links = node.links();
        self.root = match self.root {
            Some(root) if root == pointer => merge(links.left.get(), links.right.get()),
            Some(root) => {
                remove_below(root, pointer);
                Some(root)
            }
            None => None,
        };
        if self.first == Some(pointer) {
            self.first = leftmost(self.root);
        }
    }

    /// The first node, by key, whose value is at most `limit`.
    pub fn first_with_value_at_most(&self, limit: u64) -> Option<NonNull<T>> {
        let mut next = self.root.filter(|root| at(*root).links().least.get() <= limit);
        while let Some(node) = next {
            let links = at(node).links();
            if let Some(left) = links.left.get().filter(|left| at(*left).links().least.get() <= limit) {
                next = Some(left);
            } else if at(node).value() <= limit {
                return Some(node);
            } else {
                // The summary promised one, and it is neither here nor to the left.
                next = links.right.get();
            }
        }
        None
    }

    /// The first node, by key, that `wanted` accepts, among at most `limit` nodes.
    pub fn find(&self, limit: usize, mut wanted: impl FnMut(&T) -> bool) -> Option<NonNull<T>> {
        let mut rest = limit;
        find_below(self.root, &mut rest, &mut wanted)
    }

    fn next_random(&mut self) -> u32 {
        // Marsaglia's xorshift; its quality is ample for balance.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 17;
        self.random ^= self.random << 5;
        self.random
    }
}

impl<T: TreeNode> Default for Tree<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The order: by key, then by address.
#[inline]
fn precedes<T: TreeNode>(a: NonNull<T>, b: NonNull<T>) -> bool {
    (at(a).key(), a.as_ptr()) < (at(b).key(), b.as_ptr())
}

/// Recomputes a node's summary from its children's.
#[inline]
fn update<T: TreeNode>(node: NonNull<T>) {
    let links = at(node).links();
    let least_of = |link: Link<T>| link.map_or(u64::MAX, |child| at(child).links().least.get());
    links.least.set(at(node).value().min(least_of(links.left.get())).min(least_of(links.right.get())));
}

/// Inserts into a subtree and returns its new root.
fn insert_below<T: TreeNode>(root: NonNull<T>, node: NonNull<T>) -> NonNull<T> {
    let (root_links, node_links) = (at(root).links(), at(node).links());
    if node_links.priority.get() > root_links.priority.get() {
        let (before, after) = split(Some(root), node);
        node_links.left.set(before);
        node_links.right.set(after);
        update(node);
        return node;
    }
    let side = if precedes(node, root) { &root_links.left } else { &root_links.right };
    side.set(Some(match side.get() {
        None => node,
        Some(child) => insert_below(child, node),
    }));
    update(root);
    root
}

/// Divides a subtree into what comes before `node` and what comes after.
fn split<T: TreeNode>(root: Link<T>, node: NonNull<T>) -> (Link<T>, Link<T>) {
    let Some(root) = root else { return (None, None) };
    let links = at(root).links();
    if precedes(root, node) {
        let (before, after) = split(links.right.get(), node);
        links.right.set(before);
        update(root);
        (Some(root), after)
    } else {
        let (before, after) = split(links.left.get(), node);
        links.left.set(after);
        update(root);
        (before, Some(root))
    }
}

/// Joins two subtrees, all of the first before all of the second.
fn merge<T: TreeNode>(before: Link<T>, after: Link<T>) -> Link<T> {
    let (Some(a), Some(b)) = (before, after) else { return before.or(after) };
    let (a_links, b_links) = (at(a).links(), at(b).links());
    if a_links.priority.get() > b_links.priority.get() {
        a_links.right.set(merge(a_links.right.get(), after));
        update(a);
        before
    } else {
        b_links.left.set(merge(before, b_links.left.get()));
        update(b);
        after
    }
}

/// Removes `node` from below `root`, which it is not itself.
fn remove_below<T: TreeNode>(root: NonNull<T>, node: NonNull<T>) {
    let links = at(root).links();
    let side = if precedes(node, root) { &links.left } else { &links.right };
    match side.get() {
        Some(child) if child == node => {
            let links = at(node).links();
            side.set(merge(links.left.get(), links.right.get()));
        }
        Some(child) => remove_below(child, node),
        None => debug_assert!(false, "the node is not in the tree"),
    }
    update(root);
}

fn leftmost<T: TreeNode>(root: Link<T>) -> Link<T> {
    let mut node = root?;
    while let Some(left) = at(node).links().left.get() {
        node = left;
    }
    Some(node)
}

fn find_below<T: TreeNode>(root: Link<T>, rest: &mut usize, wanted: &mut impl FnMut(&T) -> bool) -> Link<T> {
    let node = root?;
    let links = at(node).links();
    if let Some(found) = find_below(links.left.get(), rest, wanted) {
        return Some(found);
    }
    *rest = rest.checked_sub(1)?;
    if wanted(at(node)) {
        return Some(node);
    }
    find_below(links.right.get(), rest, wanted)
}

#[cfg(test)]
mod tests {
    use super::{Links, Tree, TreeNode};
    use proptest::prelude::*;
    use std::boxed::Box;
    use std::vec::Vec;

    struct Item {
        links: Links<Item>,
        key: u64,
        value: u64,
    }

    impl TreeNode for Item {
        fn links(&self) -> &Links<Self> {
            &self.links
        }
        fn key(&self) -> u64 {
            self.key
        }
        fn value(&self) -> u64 {
            self.value
        }
    }

    proptest! {
        #[test]
        fn the_tree_answers_as_a_sorted_list_does(
            items in prop::collection::vec((0_u64..50, 0_u64..50), 1..200),
            removals in prop::collection::vec(any::<prop::sample::Index>(), 0..150),
            limits in prop::collection::vec(0_u64..60, 1..20),
        ) {
            let mut tree = Tree::new();
            let mut model: Vec<Box<Item>> = Vec::new();
            for (key, value) in items {
                let item = Box::new(Item { links: Links::new(), key, value });
                // SAFETY: boxed, and removed or forgotten before it is dropped.
                unsafe { tree.insert(&*item) };
                model.push(item);
            }
            for index in removals {
                if model.len() > 1 {
                    let item = model.swap_remove(index.index(model.len()));
                    tree.remove(&item);
                }
            }
            model.sort_by_key(|item| (item.key, std::ptr::from_ref(&**item)));
            let address = |found: Option<core::ptr::NonNull<Item>>| found.map(|item| item.as_ptr().cast_const());
            prop_assert_eq!(address(tree.first()), model.first().map(|item| std::ptr::from_ref(&**item)));
            prop_assert_eq!(tree.least_value(), model.iter().map(|item| item.value).min());
            for limit in limits {
                let expected = model.iter().find(|item| item.value <= limit).map(|item| std::ptr::from_ref(&**item));
                prop_assert_eq!(address(tree.first_with_value_at_most(limit)), expected);
                let expected = model.iter().find(|item| item.value == limit).map(|item| std::ptr::from_ref(&**item));
                prop_assert_eq!(address(tree.find(1000, |item| item.value == limit)), expected);
            }
        }
    }

    #[test]
    fn sorted_insertion_stays_shallow() {
        let items: Vec<_> = (0..4096).map(|key| Item { links: Links::new(), key, value: key }).collect();
        let mut tree = Tree::new();
        for item in &items {
            // SAFETY: `items` outlives the use of the tree and does not move.
            unsafe { tree.insert(item) };
        }
        fn depth(node: Option<core::ptr::NonNull<Item>>) -> usize {
            node.map_or(0, |node| {
                let links = super::at(node).links();
                1 + depth(links.left.get()).max(depth(links.right.get()))
            })
        }
        assert!(depth(tree.root) < 48, "depth {}", depth(tree.root));
    }
}
