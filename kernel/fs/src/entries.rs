//! The entries of one directory: a hash index over a list that keeps the order of creation.
//!
//! Every entry bears a cookie that grows with each insertion and never comes back, and the list
//! is sorted by it. A reader that remembers the cookie it will continue at therefore sees every
//! entry that exists throughout its walk exactly once, whatever is created or removed meanwhile.

use alloc::vec::Vec;
use core::hash::BuildHasher;
use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Cookies 0 and 1 mean `.` and `..`, which are not stored.
pub const FIRST_COOKIE: u64 = 2;

/// Why an entry could not be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertError {
    /// The name is taken.
    Exists,
    /// No memory for the entry.
    NoMemory,
}

/// One named entry.
#[derive(Debug)]
pub struct Entry<T> {
    /// Position in the walk order; a walk continues at `cookie + 1`.
    pub cookie: u64,
    /// File name, without slashes.
    pub name: Vec<u8>,
    /// What the name stands for.
    pub value: T,
}

/// The entries.
#[derive(Debug)]
pub struct Entries<T> {
    /// Sorted by cookie; removed entries leave a hole until the next compaction.
    list: Vec<(u64, Option<Entry<T>>)>,
    /// Positions in `list`, by name.
    index: HashTable<u32>,
    hasher: FixedState,
    next_cookie: u64,
}

impl<T> Entries<T> {
    /// No entries. The seed makes the hash unpredictable for whoever chooses names.
    pub fn new(seed: u64) -> Self {
        Self {
            list: Vec::new(),
            index: HashTable::new(),
            hasher: FixedState::with_seed(seed),
            next_cookie: FIRST_COOKIE,
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// What `name` stands for.
    pub fn get(&self, name: &[u8]) -> Option<&T> {
        let position = *self.index.find(self.hasher.hash_one(name), |at| self.bears(*at, name))?;
        self.list[position as usize].1.as_ref().map(|entry| &entry.value)
    }

    /// Adds an entry.
    pub fn insert(&mut self, name: &[u8], value: T) -> Result<(), InsertError> {
        if self.get(name).is_some() {
            return Err(InsertError::Exists);
        }
        self.reserve()?;
        let mut owned = Vec::new();
        owned.try_reserve_exact(name.len()).map_err(|_| InsertError::NoMemory)?;
        owned.extend_from_slice(name);
        let (list, hasher) = (&self.list, &self.hasher);
        let position = u32::try_from(list.len()).map_err(|_| InsertError::NoMemory)?;
        // Capacity was reserved, so the re-hashing closure only satisfies the signature.
        self.index.insert_unique(hasher.hash_one(name), position, |at| hash_at(list, hasher, *at));
        let cookie = self.next_cookie;
        self.next_cookie += 1;
        self.list.push((cookie, Some(Entry { cookie, name: owned, value })));
        Ok(())
    }

    /// Replaces what `name` stands for; the entry keeps its place in the walk.
    pub fn replace(&mut self, name: &[u8], value: T) -> Option<T> {
        let hash = self.hasher.hash_one(name);
        let position = *self.index.find(hash, |at| self.bears(*at, name))?;
        let entry = self.list[position as usize].1.as_mut()?;
        Some(core::mem::replace(&mut entry.value, value))
    }

    /// Takes an entry out.
    pub fn remove(&mut self, name: &[u8]) -> Option<T> {
        let hash = self.hasher.hash_one(name);
        let list = &self.list;
        let bears = |at: &u32| list[*at as usize].1.as_ref().is_some_and(|entry| entry.name == name);
        let position = *self.index.find(hash, bears)?;
        let (position, _) = self.index.find_entry(hash, |at| *at == position).ok()?.remove();
        let removed = self.list[position as usize].1.take();
        if self.list.len() > 16 && self.index.len() < self.list.len() / 2 {
            self.compact();
        }
        removed.map(|entry| entry.value)
    }

    /// The first entry whose cookie is `from` or greater.
    pub fn next(&self, from: u64) -> Option<&Entry<T>> {
        self.iterate(from).next()
    }

    /// All entries whose cookie is `from` or greater, in order.
    pub fn iterate(&self, from: u64) -> impl Iterator<Item = &Entry<T>> {
        let start = self.list.partition_point(|(cookie, _)| *cookie < from);
        self.list[start..].iter().filter_map(|(_, entry)| entry.as_ref())
    }

    /// Takes everything out.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.index.clear();
        core::mem::take(&mut self.list).into_iter().filter_map(|(_, entry)| entry.map(|entry| entry.value))
    }

    /// Makes room for one more, so that adding it cannot fail after the first change.
    fn reserve(&mut self) -> Result<(), InsertError> {
        self.list.try_reserve(1).map_err(|_| InsertError::NoMemory)?;
        let (list, hasher) = (&self.list, &self.hasher);
        self.index.try_reserve(1, |at| hash_at(list, hasher, *at)).map_err(|_| InsertError::NoMemory)
    }

    fn bears(&self, position: u32, name: &[u8]) -> bool {
        self.list[position as usize].1.as_ref().is_some_and(|entry| entry.name == name)
    }

    /// Squeezes the holes out. Cookies stay, so walks in progress do not notice. The index has
    /// room for at least as many positions as are put back, so nothing is allocated.
    fn compact(&mut self) {
        self.list.retain(|(_, entry)| entry.is_some());
        self.index.clear();
        let (list, hasher) = (&self.list, &self.hasher);
        for position in 0..list.len() as u32 {
            let hash = hash_at(list, hasher, position);
            self.index.insert_unique(hash, position, |at| hash_at(list, hasher, *at));
        }
    }
}

fn hash_at<T>(list: &[(u64, Option<Entry<T>>)], hasher: &FixedState, position: u32) -> u64 {
    let name = list[position as usize].1.as_ref().map_or(&[][..], |entry| &entry.name);
    hasher.hash_one(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::{format, string::String};

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8),
        Remove(u8),
        Replace(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0u8..60).prop_map(Step::Insert),
            3 => (0u8..60).prop_map(Step::Remove),
            1 => (0u8..60).prop_map(Step::Replace),
        ]
    }

    fn name(id: u8) -> String {
        format!("name-{id}")
    }

    proptest! {
        #[test]
        fn behaves_as_a_map(steps in proptest::collection::vec(step(), 1..400)) {
            let mut entries = Entries::new(7);
            let mut model: BTreeMap<String, usize> = BTreeMap::new();
            for (time, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert(id) => {
                        let inserted = entries.insert(name(id).as_bytes(), time);
                        let expected = match model.contains_key(&name(id)) {
                            true => Err(InsertError::Exists),
                            false => { model.insert(name(id), time); Ok(()) }
                        };
                        prop_assert_eq!(inserted, expected);
                    }
                    Step::Remove(id) => {
                        prop_assert_eq!(entries.remove(name(id).as_bytes()), model.remove(&name(id)));
                    }
                    Step::Replace(id) => {
                        let old = model.get_mut(&name(id)).map(|v| core::mem::replace(v, time));
                        prop_assert_eq!(entries.replace(name(id).as_bytes(), time), old);
                    }
                }
                prop_assert_eq!(entries.len(), model.len());
                for id in 0..60 {
                    prop_assert_eq!(entries.get(name(id).as_bytes()), model.get(&name(id)));
                }
            }
        }

        /// What exists from the start of a walk to its end is seen once, whatever happens between.
        #[test]
        fn a_walk_sees_the_lasting_entries_once(changes in proptest::collection::vec(step(), 0..300)) {
            let mut entries = Entries::new(1);
            for id in 100..140u8 { entries.insert(name(id).as_bytes(), 0).unwrap(); }
            let (mut cookie, mut seen, mut changes) = (FIRST_COOKIE, std::vec::Vec::new(), changes.into_iter());
            loop {
                let Some(entry) = entries.next(cookie) else { break };
                cookie = entry.cookie + 1;
                seen.push(entry.name.clone());
                for change in changes.by_ref().take(7) {
                    match change {
                        Step::Insert(id) | Step::Replace(id) => { let _ = entries.insert(name(id).as_bytes(), 1); }
                        Step::Remove(id) => { entries.remove(name(id).as_bytes()); }
                    }
                }
            }
            for id in 100..140u8 {
                prop_assert_eq!(seen.iter().filter(|n| n[..] == *name(id).as_bytes()).count(), 1);
            }
        }
    }
}
