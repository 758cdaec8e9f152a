//! The numbers that name processes, threads, groups and sessions.
//!
//! One bitmap serves all four kinds, so a number is never live as two of them unless they belong together (a
//! process and its first thread, a group and its leader). Who keeps a number live is the registry's business;
//! this file only hands numbers out, each as late after its last use as the space allows.

/// One more than the largest id.
pub const ID_LIMIT: usize = 32768;

/// After the first wrap, ids below this stay unused: early ids belong to long-lived system processes.
const RESERVED: usize = 300;

const WORDS: usize = ID_LIMIT / 64;

/// Which ids are live.
pub struct IdMap {
    words: [u64; WORDS],
    last: usize,
    live: usize,
}

impl IdMap {
    /// A map in which no id is live; the first one handed out is 1.
    pub const fn new() -> Self {
        let mut words = [0; WORDS];
        words[0] = 1;
        Self { words, last: 0, live: 0 }
    }

    /// Takes the next free id after the last one taken, going round at the end.
    pub fn allocate(&mut self) -> Option<i32> {
        let id = self.next_free(self.last + 1, ID_LIMIT).or_else(|| self.next_free(RESERVED, self.last + 1))?;
        self.words[id / 64] |= 1 << (id % 64);
        self.last = id;
        self.live += 1;
        Some(id as i32)
    }

    /// Gives an id back.
    pub fn free(&mut self, id: i32) {
        debug_assert!(self.is_live(id), "id {id} freed twice");
        if let Some(word) = self.words.get_mut(id as usize / 64) {
            *word &= !(1 << (id as usize % 64));
            self.live -= 1;
        }
    }

    /// Whether an id is taken.
    pub fn is_live(&self, id: i32) -> bool {
        (1..ID_LIMIT as i32).contains(&id) && self.words[id as usize / 64] & 1 << (id as usize % 64) != 0
    }

    /// How many ids are taken.
    pub const fn live(&self) -> usize {
        self.live
    }

    /// The id handed out last.
    pub const fn last(&self) -> i32 {
        self.last as i32
    }

    /// Makes the search go on after this id, as `/proc/sys/kernel/ns_last_pid` does.
    pub fn set_last(&mut self, id: i32) {
        self.last = (id.max(0) as usize).min(ID_LIMIT - 1);
    }

    /// The lowest live id in `from..to`. Id 0 counts as live.
    pub fn next_live(&self, from: usize, to: usize) -> Option<usize> {
        self.search(from, to, |word| word)
    }

    /// The lowest free id in `from..to`.
    fn next_free(&self, from: usize, to: usize) -> Option<usize> {
        self.search(from, to, |word| !word)
    }

    /// The lowest id in `from..to` whose bit is set in what `view` makes of its word.
    fn search(&self, from: usize, to: usize, view: impl Fn(u64) -> u64) -> Option<usize> {
        let mut at = from;
        while at < to.min(ID_LIMIT) {
            let found = view(self.words[at / 64]) & u64::MAX << (at % 64);
            if found != 0 {
                let id = at / 64 * 64 + found.trailing_zeros() as usize;
                return (id < to).then_some(id);
            }
            at = (at / 64 + 1) * 64;
        }
        None
    }
}

impl Default for IdMap {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_start_at_one_and_are_not_reused_at_once() {
        let mut map = IdMap::new();
        assert_eq!(map.allocate(), Some(1));
        assert_eq!(map.allocate(), Some(2));
        map.free(2);
        assert_eq!(map.allocate(), Some(3));
        assert_eq!(map.live(), 2);
    }

    #[test]
    fn the_search_wraps_and_skips_live_and_reserved_ids() {
        let mut map = IdMap::new();
        assert_eq!(map.allocate(), Some(1));
        map.set_last(ID_LIMIT as i32 - 2);
        assert_eq!(map.allocate(), Some(ID_LIMIT as i32 - 1));
        assert_eq!(map.allocate(), Some(300));
        map.set_last(ID_LIMIT as i32 - 2);
        assert_eq!(map.allocate(), Some(301));
    }

    #[test]
    fn a_full_map_says_so_and_recovers() {
        let mut map = IdMap::new();
        map.set_last(299);
        let taken = core::iter::from_fn(|| map.allocate()).count();
        assert_eq!(taken, ID_LIMIT - 300);
        assert!(map.is_live(5000));
        map.free(5000);
        assert_eq!(map.allocate(), Some(5000));
        assert_eq!(map.allocate(), None);
    }

    #[test]
    fn live_ids_are_found_within_their_range_alone() {
        let mut map = IdMap::new();
        map.set_last(999);
        assert_eq!(map.allocate(), Some(1000));
        assert_eq!(map.next_live(1, 1000), None);
        assert_eq!(map.next_live(1, 1001), Some(1000));
        assert_eq!(map.next_live(1000, ID_LIMIT), Some(1000));
        assert_eq!(map.next_live(1001, usize::MAX), None);
    }

    #[test]
    fn ids_out_of_range_are_never_live() {
        let map = IdMap::new();
        assert!(!map.is_live(0) && !map.is_live(-1) && !map.is_live(i32::MAX) && !map.is_live(i32::MIN));
    }
}
