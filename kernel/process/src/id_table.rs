//! What each live id names: entries in small chunks, which are there only while one of their ids is live.
//!
//! Ids are given out one after the other, so without that each id ever given out would leave its entry behind. An empty
//! chunk is laid aside for the next one that is wanted; a second one goes back to the caller, as everything that frees
//! memory does: the table is used under a lock.

use crate::id::{ID_LIMIT, IdMap};
use alloc::boxed::Box;

/// Entries in a chunk.
pub const CHUNK: usize = 16;
const CHUNKS: usize = ID_LIMIT / CHUNK;

/// The entries of ids that follow each other.
pub type Chunk<E> = Box<[E; CHUNK]>;

/// The live ids and what they name.
pub struct IdTable<E> {
    ids: IdMap,
    chunks: [Option<Chunk<E>>; CHUNKS],
    /// A chunk for the next place without one.
    spare: Option<Chunk<E>>,
}

impl<E> IdTable<E> {
    /// No id is live.
    pub const fn new() -> Self {
        Self { ids: IdMap::new(), chunks: [const { None }; CHUNKS], spare: None }
    }

    /// Takes the next free id. Its entry is whatever the id named last; where [`Self::has_place`] says that it has
    /// none, [`Self::provide`] one.
    pub fn allocate(&mut self) -> Option<i32> {
        let id = self.ids.allocate()?;
        let place = &mut self.chunks[id as usize / CHUNK];
        if place.is_none() {
            *place = self.spare.take();
        }
        Some(id)
    }

    /// Whether this id has an entry.
    pub fn has_place(&self, id: i32) -> bool {
        self.get(id).is_some()
    }

    /// Gives a live id and its neighbours their entries; the chunk comes back if they have them already.
    pub fn provide(&mut self, id: i32, chunk: Chunk<E>) -> Option<Chunk<E>> {
        let place = &mut self.chunks[id as usize / CHUNK];
        if place.is_some() {
            return Some(chunk);
        }
        *place = Some(chunk);
        None
    }

    /// Gives an id back, and with it perhaps a chunk that nobody needs any more.
    #[must_use = "drop it after the lock"]
    pub fn free(&mut self, id: i32) -> Option<Chunk<E>> {
        self.ids.free(id);
        let number = id as usize / CHUNK;
        let first = number * CHUNK;
        // Id 0 is never anybody's.
        if self.ids.next_live(first.max(1), first + CHUNK).is_some() {
            return None;
        }
        let empty = self.chunks[number].take()?;
        self.spare.replace(empty)
    }

    /// The entry of an id, if it may have one.
    pub fn get(&self, id: i32) -> Option<&E> {
        let id = usize::try_from(id).ok()?;
        self.chunks.get(id / CHUNK)?.as_deref()?.get(id % CHUNK)
    }

    /// The entry of an id, to change.
    pub fn get_mut(&mut self, id: i32) -> Option<&mut E> {
        let id = usize::try_from(id).ok()?;
        self.chunks.get_mut(id / CHUNK)?.as_deref_mut()?.get_mut(id % CHUNK)
    }

    /// Which ids are live.
    pub const fn ids(&self) -> &IdMap {
        &self.ids
    }

    /// Makes the search for the next id go on after this one.
    pub fn set_last(&mut self, id: i32) {
        self.ids.set_last(id);
    }
}

impl<E> Default for IdTable<E> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Table = IdTable<u32>;

    fn take(table: &mut Table) -> i32 {
        let id = table.allocate().unwrap();
        if !table.has_place(id) {
            assert!(table.provide(id, Box::new([0; CHUNK])).is_none());
        }
        id
    }

    fn chunks(table: &Table) -> usize {
        table.chunks.iter().flatten().count() + usize::from(table.spare.is_some())
    }

    #[test]
    fn entries_of_all_ids_that_were_ever_live_take_no_more_room_than_those_of_one() {
        let mut table = Box::new(Table::new());
        for _ in 0..2 * ID_LIMIT {
            let id = take(&mut table);
            *table.get_mut(id).unwrap() = id as u32;
            assert_eq!(table.get(id), Some(&(id as u32)));
            drop(table.free(id));
            assert_eq!(chunks(&table), 1);
        }
    }

    #[test]
    fn a_chunk_stays_while_any_of_its_ids_is_live() {
        let mut table = Box::new(Table::new());
        let ids: Vec<i32> = (0..100).map(|_| take(&mut table)).collect();
        let held = chunks(&table);
        assert_eq!(held, 101usize.div_ceil(CHUNK));
        for id in &ids {
            *table.get_mut(*id).unwrap() = *id as u32;
        }
        let (gone, rest) = ids.split_at(60);
        gone.iter().for_each(|id| drop(table.free(*id)));
        assert!(rest.iter().all(|id| table.get(*id) == Some(&(*id as u32))));
        rest.iter().for_each(|id| drop(table.free(*id)));
        assert_eq!(chunks(&table), 1);
    }

    #[test]
    fn who_comes_second_with_a_chunk_gets_it_back() {
        let mut table = Box::new(Table::new());
        let (first, second) = (table.allocate().unwrap(), table.allocate().unwrap());
        assert!(table.provide(first, Box::new([1; CHUNK])).is_none());
        assert_eq!(table.provide(second, Box::new([2; CHUNK])), Some(Box::new([2; CHUNK])));
        assert_eq!(table.get(second), Some(&1));
    }

    #[test]
    fn ids_out_of_range_have_no_entry() {
        let mut table = Box::new(Table::new());
        for id in [-1, i32::MIN, i32::MAX, ID_LIMIT as i32] {
            assert!(table.get(id).is_none() && table.get_mut(id).is_none());
        }
    }
}
