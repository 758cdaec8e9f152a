//! Sets of slot numbers, as bitmaps that grow.

use alloc::vec::Vec;

const BITS: usize = u64::BITS as usize;

/// A set of slots; numbers beyond its words are not in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlotSet {
    words: Vec<u64>,
}

impl SlotSet {
    pub(crate) const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// Makes room for slots below `slots`; false if there is no memory.
    pub(crate) fn try_grow(&mut self, slots: usize) -> bool {
        let words = slots.div_ceil(BITS);
        if words <= self.words.len() {
            return true;
        }
        if self.words.try_reserve(words - self.words.len()).is_err() {
            return false;
        }
        self.words.resize(words, 0);
        true
    }

    #[inline]
    pub(crate) fn contains(&self, slot: usize) -> bool {
        self.words.get(slot / BITS).is_some_and(|word| word & 1 << (slot % BITS) != 0)
    }

    /// Adds a slot for which there is room.
    #[inline]
    pub(crate) fn insert(&mut self, slot: usize) {
        self.words[slot / BITS] |= 1 << (slot % BITS);
    }

    #[inline]
    pub(crate) fn remove(&mut self, slot: usize) {
        if let Some(word) = self.words.get_mut(slot / BITS) {
            *word &= !(1 << (slot % BITS));
        }
    }

    /// The lowest slot from `from` on that is not in the set.
    #[inline]
    pub(crate) fn first_absent(&self, from: usize) -> usize {
        let mut index = from / BITS;
        let mut below = (1 << (from % BITS)) - 1;
        while let Some(word) = self.words.get(index) {
            let absent = !(word | below);
            if absent != 0 {
                return index * BITS + absent.trailing_zeros() as usize;
            }
            below = 0;
            index += 1;
        }
        from.max(index * BITS)
    }

    /// The lowest slot from `from` on that is in the set.
    pub(crate) fn first_present(&self, from: usize) -> Option<usize> {
        let mut index = from / BITS;
        let mut wanted = u64::MAX << (from % BITS);
        while let Some(word) = self.words.get(index) {
            let present = word & wanted;
            if present != 0 {
                return Some(index * BITS + present.trailing_zeros() as usize);
            }
            wanted = u64::MAX;
            index += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_cross_words_and_end_behind_the_last() {
        let mut set = SlotSet::new();
        assert!(set.try_grow(130));
        assert_eq!(set.first_absent(0), 0);
        (0..128).for_each(|slot| set.insert(slot));
        assert_eq!(set.first_absent(0), 128);
        assert_eq!(set.first_absent(500), 500);
        assert_eq!(set.first_present(127), Some(127));
        assert_eq!(set.first_present(128), None);
        set.remove(64);
        assert_eq!(set.first_absent(3), 64);
        assert!(!set.contains(1 << 20));
    }
}
