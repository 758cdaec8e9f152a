//! A bounded store of records that no one source can take over.
//!
//! Records are kept in the order in which they came, each with a number. When there is no room, one goes: a source
//! that has its share already loses one of its own, never another's; the first few of a source stay, because how it
//! began tells most. Whatever goes leaves a gap in the numbers, so a reader knows how many it does not see.

/// A record, as the ring needs to know it.
pub trait Entry {
    /// Who caused it.
    fn source(&self) -> (i32, u64);
}

/// How many of the first records of a source stay when it has its share.
pub const FIRST: usize = 8;

/// The records, at most `N`.
pub struct Ring<R, const N: usize> {
    places: [Option<(u64, R)>; N],
    /// Indices of places: the first `length` are filled, in the order of their numbers; the others are free.
    order: [u16; N],
    length: usize,
    next: u64,
}

impl<R: Entry, const N: usize> Ring<R, N> {
    /// The most records of one source.
    pub const SHARE: usize = N / 8;

    /// A ring without records.
    pub const fn new() -> Self {
        assert!(N <= u16::MAX as usize && N / 8 > FIRST);
        let mut order = [0; N];
        let mut at = 0;
        while at < N {
            order[at] = at as u16;
            at += 1;
        }
        Self { places: [const { None }; N], order, length: 0, next: 0 }
    }

    /// Keeps the record that `make` makes of its number.
    pub fn push(&mut self, source: (i32, u64), make: impl FnOnce(u64) -> R) {
        self.make_room(source);
        let number = self.next;
        self.next += 1;
        let place = usize::from(self.order[self.length]);
        self.places[place] = Some((number, make(number)));
        self.length += 1;
    }

    fn make_room(&mut self, source: (i32, u64)) {
        let mut own = (0..self.length).filter(|at| self.at(*at).is_some_and(|(_, record)| record.source() == source));
        let later = own.by_ref().nth(FIRST);
        let count = FIRST + 1 + own.count();
        match later {
            Some(at) if count >= Self::SHARE => self.remove(at),
            _ if self.length == N => self.remove(0),
            _ => {}
        }
    }

    fn remove(&mut self, at: usize) {
        let place = self.order[at];
        self.places[usize::from(place)] = None;
        self.order.copy_within(at + 1..self.length, at);
        self.length -= 1;
        self.order[self.length] = place;
    }

    fn at(&self, position: usize) -> Option<&(u64, R)> {
        self.places[usize::from(self.order[position])].as_ref()
    }

    /// The first record that is kept with at least this number, and its number.
    pub fn first_from(&self, number: u64) -> Option<(u64, &R)> {
        let kept = &self.order[..self.length];
        let at = kept.partition_point(|place| {
            self.places[usize::from(*place)].as_ref().is_some_and(|(other, _)| *other < number)
        });
        if at == self.length {
            return None;
        }
        self.at(at).map(|(number, record)| (*number, record))
    }

    /// How many records there ever were.
    pub fn count(&self) -> u64 {
        self.next
    }
}

impl<R: Entry, const N: usize> Default for Ring<R, N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Small = Ring<(i32, u64), 128>;

    impl Entry for (i32, u64) {
        fn source(&self) -> (i32, u64) {
            (self.0, 0)
        }
    }

    fn push(ring: &mut Small, source: i32) {
        ring.push((source, 0), |number| (source, number));
    }

    fn kept(ring: &Small) -> Vec<(i32, u64)> {
        let mut all = Vec::new();
        let mut from = 0;
        while let Some((number, record)) = ring.first_from(from) {
            assert_eq!(number, record.1);
            all.push(*record);
            from = number + 1;
        }
        all
    }

    #[test]
    fn a_flood_takes_its_share_and_no_more() {
        let mut ring = Small::new();
        (0..20).for_each(|_| push(&mut ring, 1));
        push(&mut ring, 2);
        (0..100_000).for_each(|_| push(&mut ring, 1));
        let kept = kept(&ring);
        assert!(kept.contains(&(2, 20)));
        let flood: Vec<u64> = kept.iter().filter(|(source, _)| *source == 1).map(|(_, number)| *number).collect();
        assert_eq!(flood.len(), Small::SHARE);
        assert_eq!(&flood[..FIRST], &(0..FIRST as u64).collect::<Vec<_>>());
        assert_eq!(flood[FIRST..], ((100_021 - (Small::SHARE - FIRST) as u64)..100_021).collect::<Vec<_>>());
        assert_eq!(ring.count(), 100_021);
    }

    #[test]
    fn of_many_sources_the_oldest_goes() {
        let mut ring = Small::new();
        (0..200).for_each(|source| push(&mut ring, source));
        let kept = kept(&ring);
        assert_eq!(kept.len(), 128);
        assert_eq!(kept.first(), Some(&(72, 72)));
        assert_eq!(kept.last(), Some(&(199, 199)));
    }

    #[test]
    fn the_newest_is_always_kept() {
        let mut ring = Small::new();
        for round in 0..5_000u64 {
            let source = (round * 7 % 11 % 3) as i32;
            push(&mut ring, source);
            assert_eq!(ring.first_from(round), Some((round, &(source, round))));
            assert_eq!(ring.first_from(round + 1), None);
        }
        assert!(kept(&ring).windows(2).all(|pair| pair[0].1 < pair[1].1));
    }
}
