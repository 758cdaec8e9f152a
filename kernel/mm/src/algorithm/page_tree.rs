//! A sparse array indexed by page number, whose growth can fail: the pages of a file or of shared memory.

use heap_crate::boxed::Box;
use heap_crate::collections::TryReserveError;
use heap_crate::vec::Vec;

/// Index bits a node resolves.
const BITS: u32 = 6;
const WIDTH: usize = 1 << BITS;

enum Node<T> {
    Inner(Box<[Option<Node<T>>]>),
    Leaf(Box<[Option<T>]>),
}

/// A radix tree from `u64` to `T`. Reads cost one step for each six bits of the largest index.
pub struct PageTree<T> {
    root: Option<Node<T>>,
    /// Levels above the leaves.
    height: u32,
    count: usize,
}

impl<T> Default for PageTree<T> {
    fn default() -> Self {
        Self::new()
    }
}

fn slots<T>() -> Result<Box<[Option<T>]>, TryReserveError> {
    let mut slots = Vec::new();
    slots.try_reserve_exact(WIDTH)?;
    slots.extend((0..WIDTH).map(|_| None));
    Ok(slots.into_boxed_slice())
}

fn slot_of(index: u64, height: u32) -> usize {
    index.checked_shr(height * BITS).unwrap_or(0) as usize % WIDTH
}

/// How many indices a slot of a node at `height` spans; saturates.
fn span(height: u32) -> u64 {
    1u64.checked_shl(height * BITS).unwrap_or(u64::MAX)
}

impl<T> PageTree<T> {
    /// An empty tree.
    pub const fn new() -> Self {
        Self { root: None, height: 0, count: 0 }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn reaches(&self, index: u64) -> bool {
        index.checked_shr((self.height + 1) * BITS).unwrap_or(0) == 0
    }

    /// The element at `index`.
    pub fn get(&self, index: u64) -> Option<&T> {
        if !self.reaches(index) {
            return None;
        }
        let mut node = self.root.as_ref()?;
        let mut height = self.height;
        loop {
            match node {
                Node::Leaf(slots) => return slots[slot_of(index, 0)].as_ref(),
                Node::Inner(slots) => node = slots[slot_of(index, height)].as_ref()?,
            }
            height -= 1;
        }
    }

    /// Puts `value` at `index`; returns what was there. On failure the tree is as it was.
    pub fn insert(&mut self, index: u64, value: T) -> Result<Option<T>, TryReserveError> {
        while self.root.is_some() && !self.reaches(index) {
            let mut above = slots()?;
            above[0] = self.root.take();
            self.root = Some(Node::Inner(above));
            self.height += 1;
        }
        if self.root.is_none() {
            self.height = 0;
            while !self.reaches(index) {
                self.height += 1;
            }
        }
        let mut place = &mut self.root;
        for height in (1..=self.height).rev() {
            if place.is_none() {
                *place = Some(Node::Inner(slots()?));
            }
            // All nodes above the leaves are inner ones, so neither `else` is ever taken.
            let Some(Node::Inner(inner)) = place else { return Ok(None) };
            place = &mut inner[slot_of(index, height)];
        }
        if place.is_none() {
            *place = Some(Node::Leaf(slots()?));
        }
        let Some(Node::Leaf(leaf)) = place else { return Ok(None) };
        let old = leaf[slot_of(index, 0)].replace(value);
        self.count += usize::from(old.is_none());
        Ok(old)
    }

    /// Takes the element at `index` out.
    pub fn remove(&mut self, index: u64) -> Option<T> {
        let mut taken = None;
        self.remove_range(index, index.saturating_add(1), &mut |_, value| taken = Some(value));
        taken
    }

    /// Takes all elements of `from..to` out, in order; emptied nodes are freed.
    pub fn remove_range(&mut self, from: u64, to: u64, each: &mut dyn FnMut(u64, T)) {
        let mut removed = 0;
        let mut count = |index, value| {
            removed += 1;
            each(index, value);
        };
        if let Some(root) = &mut self.root
            && remove_below(root, self.height, 0, from, to, &mut count)
        {
            self.root = None;
        }
        self.count -= removed;
    }

    /// Visits all elements of `from..to` in order.
    pub fn for_each(&self, from: u64, to: u64, each: &mut dyn FnMut(u64, &T)) {
        if let Some(root) = &self.root {
            visit(root, self.height, 0, from, to, each);
        }
    }
}

/// The slots of a node at `height` with first index `base` that touch `from..to`.
fn touched(height: u32, base: u64, from: u64, to: u64) -> core::ops::Range<usize> {
    let width = span(height);
    let first = from.saturating_sub(base) / width;
    let last = to.saturating_sub(base).div_ceil(width);
    (first.min(WIDTH as u64) as usize)..(last.min(WIDTH as u64) as usize)
}

/// Whether the node is empty afterwards. Recursion is bounded by the height, at most ten.
fn remove_below<T>(
    node: &mut Node<T>,
    height: u32,
    base: u64,
    from: u64,
    to: u64,
    each: &mut dyn FnMut(u64, T),
) -> bool {
    let range = touched(height, base, from, to);
    match node {
        Node::Leaf(slots) => {
            for slot in range {
                if let Some(value) = slots[slot].take() {
                    each(base + slot as u64, value);
                }
            }
            slots.iter().all(Option::is_none)
        }
        Node::Inner(slots) => {
            for slot in range {
                let below = base + slot as u64 * span(height);
                if let Some(child) = &mut slots[slot]
                    && remove_below(child, height - 1, below, from, to, each)
                {
                    slots[slot] = None;
                }
            }
            slots.iter().all(Option::is_none)
        }
    }
}

fn visit<T>(node: &Node<T>, height: u32, base: u64, from: u64, to: u64, each: &mut dyn FnMut(u64, &T)) {
    for slot in touched(height, base, from, to) {
        match node {
            Node::Leaf(slots) => {
                if let Some(value) = &slots[slot] {
                    each(base + slot as u64, value);
                }
            }
            Node::Inner(slots) => {
                if let Some(child) = &slots[slot] {
                    visit(child, height - 1, base + slot as u64 * span(height), from, to, each);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn index() -> impl Strategy<Value = u64> {
        prop_oneof![0u64..200, 0u64..100_000, any::<u64>(), Just(u64::MAX), Just(u64::MAX - 1)]
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64, u32),
        Remove(u64),
        RemoveRange(u64, u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (index(), any::<u32>()).prop_map(|(index, value)| Step::Insert(index, value)),
            1 => index().prop_map(Step::Remove),
            1 => (index(), index()).prop_map(|(from, to)| Step::RemoveRange(from, to)),
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_an_ordered_map(steps in prop::collection::vec(step(), 0..150)) {
            let mut tree = PageTree::new();
            let mut model = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Insert(index, value) => prop_assert_eq!(tree.insert(index, value).unwrap(), model.insert(index, value)),
                    Step::Remove(index) if index < u64::MAX => prop_assert_eq!(tree.remove(index), model.remove(&index)),
                    Step::Remove(_) => {}
                    Step::RemoveRange(from, to) => {
                        let mut taken = Vec::new();
                        tree.remove_range(from, to, &mut |index, value| taken.push((index, value)));
                        let expected: Vec<_> = model.iter().filter(|(index, _)| (from..to).contains(index)).map(|(index, value)| (*index, *value)).collect();
                        model.retain(|index, _| !(from..to).contains(index));
                        prop_assert_eq!(taken, expected);
                    }
                }
                prop_assert_eq!(tree.len(), model.len());
            }
            for (index, value) in &model { prop_assert_eq!(tree.get(*index), Some(value)); }
            let mut seen = Vec::new();
            tree.for_each(100, 50_000, &mut |index, value| seen.push((index, *value)));
            let expected: Vec<_> = model.range(100..50_000).map(|(index, value)| (*index, *value)).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
