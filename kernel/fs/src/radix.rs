//! A radix tree from page numbers to values: the index of a file's cached pages.
//!
//! Each node has 64 slots, so a file of up to 256 KiB is one node and a terabyte takes five
//! levels. Growing is fallible, which the standard maps cannot offer: how many pages a file has
//! is for its writer to decide, and running out of memory there must be an ordinary error.

use alloc::vec::Vec;
use core::mem;

const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;

/// Memory for a node could not be had; the tree is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// The tree. Empty until something is inserted; shrinks to nothing when all is removed.
#[derive(Debug)]
pub struct Radix<T> {
    root: Option<Node<T>>,
    /// Levels below the root: keys below `64^(height + 1)` fit.
    height: u32,
    len: usize,
}

#[derive(Debug)]
struct Node<T> {
    slots: Vec<Slot<T>>,
    used: usize,
}

#[derive(Debug)]
enum Slot<T> {
    Empty,
    Leaf(T),
    Inner(Node<T>),
}

impl<T> Default for Radix<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Radix<T> {
    /// An empty tree.
    pub const fn new() -> Self {
        Self { root: None, height: 0, len: 0 }
    }

    /// Number of values held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value at `key`.
    pub fn get(&self, key: u64) -> Option<&T> {
        let mut node = self.root.as_ref()?;
        if !fits(key, self.height) {
            return None;
        }
        let mut level = self.height;
        loop {
            match &node.slots[slot_of(key, level)] {
                Slot::Empty => return None,
                Slot::Leaf(value) => return Some(value),
                Slot::Inner(next) => node = next,
            }
            level = level.saturating_sub(1);
        }
    }

    /// Puts `value` at `key` and returns what was there. On failure the value is dropped.
    pub fn insert(&mut self, key: u64, value: T) -> Result<Option<T>, NoMemory> {
        self.grow_to(key)?;
        let Some(root) = self.root.as_mut() else { return Err(NoMemory) };
        let old = root.insert(key, self.height, value);
        match &old {
            Ok(None) => self.len += 1,
            Ok(Some(_)) => {}
            Err(_) => self.prune(),
        }
        old
    }

    /// Takes out the value at `key`.
    pub fn remove(&mut self, key: u64) -> Option<T> {
        if !fits(key, self.height) {
            return None;
        }
        let removed = self.root.as_mut()?.remove(key, self.height)?;
        self.len -= 1;
        self.prune();
        Some(removed)
    }

    /// Drops all values at `from` and beyond, giving each to `dropped` first.
    pub fn truncate(&mut self, from: u64, mut dropped: impl FnMut(u64, T)) {
        while let Some((key, _)) = self.next(from) {
            if let Some(value) = self.remove(key) {
                dropped(key, value);
            }
        }
    }

    /// The first value at `from` or beyond, with its key.
    pub fn next(&self, from: u64) -> Option<(u64, &T)> {
        if !fits(from, self.height) {
            return None;
        }
        self.root.as_ref()?.next(from, self.height, 0)
    }

    /// Raises the tree until `key` fits under its root.
    fn grow_to(&mut self, key: u64) -> Result<(), NoMemory> {
        if self.root.is_none() {
            self.height = 0;
            self.root = Some(Node::new()?);
        }
        while !fits(key, self.height) {
            let mut above = Node::new()?;
            if let Some(root) = self.root.take_if(|root| root.used > 0) {
                above.slots[0] = Slot::Inner(root);
                above.used = 1;
            }
            self.root = Some(above);
            self.height += 1;
        }
        Ok(())
    }

    fn prune(&mut self) {
        if self.root.as_ref().is_some_and(|root| root.used == 0) {
            self.root = None;
            self.height = 0;
        }
    }
}

impl<T> Node<T> {
    fn new() -> Result<Self, NoMemory> {
        let mut slots = Vec::new();
        slots.try_reserve_exact(SLOTS).map_err(|_| NoMemory)?;
        slots.resize_with(SLOTS, || Slot::Empty);
        Ok(Self { slots, used: 0 })
    }

    fn insert(&mut self, key: u64, level: u32, value: T) -> Result<Option<T>, NoMemory> {
        let slot = &mut self.slots[slot_of(key, level)];
        if level == 0 {
            return Ok(match mem::replace(slot, Slot::Leaf(value)) {
                Slot::Leaf(old) => Some(old),
                _ => {
                    self.used += 1;
                    None
                }
            });
        }
        if let Slot::Inner(next) = slot {
            return next.insert(key, level - 1, value);
        }
        // A new branch is linked only once it is whole, so failing midway leaves no empty node.
        let mut branch = Self::new()?;
        branch.insert(key, level - 1, value)?;
        *slot = Slot::Inner(branch);
        self.used += 1;
        Ok(None)
    }

    fn remove(&mut self, key: u64, level: u32) -> Option<T> {
        let slot = &mut self.slots[slot_of(key, level)];
        let removed = match slot {
            Slot::Empty => None,
            Slot::Inner(next) => {
                let removed = next.remove(key, level.saturating_sub(1))?;
                if next.used > 0 {
                    return Some(removed);
                }
                *slot = Slot::Empty;
                Some(removed)
            }
            Slot::Leaf(_) => match mem::replace(slot, Slot::Empty) {
                Slot::Leaf(value) => Some(value),
                _ => None,
            },
        }?;
        self.used -= 1;
        Some(removed)
    }

    fn next(&self, from: u64, level: u32, base: u64) -> Option<(u64, &T)> {
        let first = slot_of(from, level);
        for (index, slot) in self.slots.iter().enumerate().skip(first) {
            let start = base | (index as u64) << (level * BITS);
            match slot {
                Slot::Empty => {}
                Slot::Leaf(value) => return Some((start, value)),
                Slot::Inner(node) => {
                    // Only the first branch is entered midway; later ones from their start.
                    let within = if index == first { from } else { start };
                    if let found @ Some(_) = node.next(within, level.saturating_sub(1), start) {
                        return found;
                    }
                }
            }
        }
        None
    }
}

fn slot_of(key: u64, level: u32) -> usize {
    (key >> (level * BITS)) as usize & (SLOTS - 1)
}

fn fits(key: u64, height: u32) -> bool {
    key.checked_shr((height + 1) * BITS).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64, u32),
        Remove(u64),
        Truncate(u64),
        Next(u64),
    }

    fn key() -> impl Strategy<Value = u64> {
        prop_oneof![0u64..200, 4000u64..4200, any::<u64>(), (0u32..64).prop_map(|bit| 1 << bit)]
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (key(), any::<u32>()).prop_map(|(key, value)| Step::Insert(key, value)),
            2 => key().prop_map(Step::Remove),
            1 => key().prop_map(Step::Truncate),
            2 => key().prop_map(Step::Next),
        ]
    }

    proptest! {
        #[test]
        fn behaves_as_an_ordered_map(steps in proptest::collection::vec(step(), 1..200)) {
            let mut tree = Radix::new();
            let mut model = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Insert(key, value) => {
                        prop_assert_eq!(tree.insert(key, value), Ok(model.insert(key, value)));
                    }
                    Step::Remove(key) => prop_assert_eq!(tree.remove(key), model.remove(&key)),
                    Step::Truncate(from) => {
                        let mut dropped = BTreeMap::new();
                        tree.truncate(from, |key, value| { dropped.insert(key, value); });
                        prop_assert_eq!(dropped, model.split_off(&from));
                    }
                    Step::Next(from) => {
                        let expected = model.range(from..).next().map(|(key, value)| (*key, value));
                        prop_assert_eq!(tree.next(from), expected);
                    }
                }
                prop_assert_eq!(tree.len(), model.len());
                for key in model.keys() {
                    prop_assert_eq!(tree.get(*key), model.get(key));
                }
            }
        }
    }

    #[test]
    fn an_emptied_tree_holds_no_nodes() {
        let mut tree = Radix::new();
        tree.insert(1 << 40, ()).unwrap();
        tree.remove(1 << 40);
        assert!(tree.root.is_none());
    }
}
