//! The ordered map of an address space: disjoint ranges of addresses, split and merged as calls change parts of them.
//!
//! The ranges lie in one sorted vector. Address spaces have tens of regions, rarely thousands; a search is a few
//! cache lines, and fork copies the map with one allocation. Growth is fallible and separate: [`RegionMap::reserve`]
//! first,
//! then an operation that cannot fail.

use heap_crate::collections::TryReserveError;
use heap_crate::vec::Vec;

/// What a region carries besides its bounds.
pub trait Payload: Clone {
    /// The payload of the part that starts `by` bytes further up.
    fn advanced(&self, by: u64) -> Self;

    /// Whether `above`, which starts `len` bytes after this one's start, just where it ends, continues it, so that
    /// both can be one.
    fn continues_as(&self, len: u64, above: &Self) -> bool;
}

/// Addresses `start..end` and what they carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region<T> {
    /// First address.
    pub start: u64,
    /// First address above.
    pub end: u64,
    /// The payload.
    pub value: T,
}

impl<T> Region<T> {
    /// Bytes.
    pub fn len(&self) -> u64 {
        self.end - self.start
    }

    /// Never: a region has at least one byte.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// How many further regions an operation may need.
pub const MOST_ADDED: usize = 2;

/// Disjoint regions in order of address.
#[derive(Debug)]
pub struct RegionMap<T> {
    regions: Vec<Region<T>>,
}

impl<T: Payload> Default for RegionMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Payload> RegionMap<T> {
    /// No regions.
    pub const fn new() -> Self {
        Self { regions: Vec::new() }
    }

    /// Room for `additional` more regions; [`MOST_ADDED`] is enough for any one operation.
    pub fn reserve(&mut self, additional: usize) -> Result<(), TryReserveError> {
        self.regions.try_reserve(additional)
    }

    /// All regions in order.
    pub fn as_slice(&self) -> &[Region<T>] {
        &self.regions
    }

    /// How many regions there are.
    pub fn len(&self) -> usize {
        self.regions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.regions.is_empty()
    }

    /// The index of the first region that ends above `address`.
    fn position(&self, address: u64) -> usize {
        self.regions.partition_point(|region| region.end <= address)
    }

    /// The region that holds `address`.
    pub fn find(&self, address: u64) -> Option<&Region<T>> {
        self.next(address).filter(|region| region.start <= address)
    }

    /// The region that holds `address`, else the lowest one above it.
    pub fn next(&self, address: u64) -> Option<&Region<T>> {
        self.regions.get(self.position(address))
    }

    /// The highest region that ends at or below `address`.
    pub fn previous(&self, address: u64) -> Option<&Region<T>> {
        self.regions.get(self.position(address).checked_sub(1)?)
    }

    /// The regions that share an address with `start..end`.
    pub fn overlapping(&self, start: u64, end: u64) -> &[Region<T>] {
        let first = self.position(start);
        let count = if start < end { self.regions[first..].partition_point(|region| region.start < end) } else { 0 };
        &self.regions[first..first + count]
    }

    /// Whether `start..end` is covered without a hole.
    pub fn covers(&self, start: u64, end: u64) -> bool {
        let mut reached = start;
        for region in self.overlapping(start, end) {
            if region.start > reached {
                return false;
            }
            reached = region.end;
        }
        reached >= end
    }

    /// Adds a region where there is none, merging it with its neighbours. Needs room for one.
    pub fn insert(&mut self, start: u64, end: u64, value: T) {
        debug_assert!(start < end && self.overlapping(start, end).is_empty());
        let at = self.position(start);
        self.regions.insert(at, Region { start, end, value });
        self.merge(at + 1);
        self.merge(at);
    }

    /// Removes what lies in `start..end`, handing each removed piece to `each`. Returns the bounds of the hole that
    /// is there now:
    /// the end of the region below, if there is one, and the start of the one above. Needs room for one.
    pub fn remove(&mut self, start: u64, end: u64, each: impl FnMut(Region<T>)) -> (Option<u64>, Option<u64>) {
        let first = self.split(start);
        let last = self.split(end);
        self.regions.drain(first..last).for_each(each);
        let below = first.checked_sub(1).and_then(|below| self.regions.get(below));
        (below.map(|below| below.end), self.regions.get(first).map(|above| above.start))
    }

    /// Changes what lies in `start..end`, splitting at its ends and merging what has become alike. Needs room for two.
    pub fn update(&mut self, start: u64, end: u64, mut change: impl FnMut(&mut T)) {
        let first = self.split(start);
        let last = self.split(end);
        for region in &mut self.regions[first..last] {
            change(&mut region.value);
        }
        for at in (first..=last).rev() {
            self.merge(at);
        }
    }

    /// Moves the start of the region that holds `address` down to `start`; the payload is that of the new start. The
    /// room
    /// must be free.
    pub fn grow_down(&mut self, address: u64, start: u64, value: T) {
        let at = self.position(address);
        let free_from = at.checked_sub(1).map_or(0, |below| self.regions[below].end);
        if let Some(region) = self.regions.get_mut(at) {
            debug_assert!(start >= free_from && start <= region.start);
            region.start = start;
            region.value = value;
        }
    }

    /// The highest `len` free bytes within `low..high`. `margin` says how many free bytes just below a
    /// region must stay so.
    pub fn find_gap(&self, len: u64, low: u64, high: u64, margin: impl Fn(&T) -> u64) -> Option<u64> {
        let mut top = high;
        let below = self.regions.partition_point(|region| region.start < high);
        // The region just above `high` may keep a margin that reaches below it.
        if let Some(above) = self.regions.get(below) {
            top = top.min(above.start.saturating_sub(margin(&above.value)));
        }
        for region in self.regions[..below].iter().rev() {
            if region.end < top && top - region.end.max(low).min(top) >= len {
                break;
            }
            top = region.start.saturating_sub(margin(&region.value));
            if top < low {
                return None;
            }
        }
        top.checked_sub(len).filter(|start| *start >= low)
    }

    /// A copy, of those regions that `keep` keeps.
    pub fn try_clone(&self, keep: impl Fn(&Region<T>) -> bool) -> Result<Self, TryReserveError> {
        let mut regions = Vec::new();
        regions.try_reserve(self.regions.len())?;
        regions.extend(self.regions.iter().filter(|region| keep(region)).cloned());
        Ok(Self { regions })
    }

    /// Takes all regions out.
    pub fn take_all(&mut self) -> Vec<Region<T>> {
        core::mem::take(&mut self.regions)
    }

    /// Makes `address` a bound if it lies inside a region. Returns the index of the first region from there on.
    fn split(&mut self, address: u64) -> usize {
        let at = self.position(address);
        let Some(region) = self.regions.get_mut(at).filter(|region| region.start < address) else { return at };
        let upper = Region { start: address, end: region.end, value: region.value.advanced(address - region.start) };
        region.end = address;
        self.regions.insert(at + 1, upper);
        at + 1
    }

    /// Makes the region at index `at` and the one before it one, if they are alike and touch.
    fn merge(&mut self, at: usize) {
        let Some(lower) = at.checked_sub(1).and_then(|below| self.regions.get(below)) else { return };
        let Some(upper) = self.regions.get(at) else { return };
        if lower.end == upper.start && lower.value.continues_as(lower.len(), &upper.value) {
            let end = upper.end;
            self.regions.remove(at);
            self.regions[at - 1].end = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOP: u64 = 96;

    /// A kind and an offset that advances with the address, as a file mapping has.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Piece {
        kind: u8,
        offset: u64,
    }

    impl Payload for Piece {
        fn advanced(&self, by: u64) -> Self {
            Piece { kind: self.kind, offset: self.offset + by }
        }

        fn continues_as(&self, len: u64, above: &Self) -> bool {
            self.kind == above.kind && self.offset + len == above.offset
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Map(u64, u64, u8, u64),
        Unmap(u64, u64),
        Change(u64, u64, u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        let range = || (0..TOP, 1..20u64).prop_map(|(start, len)| (start, (start + len).min(TOP)));
        prop_oneof![
            (range(), 0..3u8, prop_oneof![Just(0u64), 0..4u64]).prop_map(|((start, end), kind, shift)| Step::Map(
                start,
                end,
                kind,
                start + shift
            )),
            range().prop_map(|(start, end)| Step::Unmap(start, end)),
            (range(), 0..3u8).prop_map(|((start, end), kind)| Step::Change(start, end, kind)),
        ]
    }

    fn apply(map: &mut RegionMap<Piece>, model: &mut [Option<Piece>], step: Step) {
        map.reserve(MOST_ADDED).unwrap();
        let capacity = map.regions.capacity();
        match step {
            Step::Map(start, end, kind, offset) => {
                map.remove(start, end, |_| ());
                map.reserve(MOST_ADDED).unwrap();
                map.insert(start, end, Piece { kind, offset });
                for at in start..end {
                    model[at as usize] = Some(Piece { kind, offset: offset + at - start });
                }
                return;
            }
            Step::Unmap(start, end) => {
                let mut removed = 0;
                map.remove(start, end, |region| removed += region.len());
                let expected = model[start as usize..end as usize].iter_mut().filter_map(Option::take).count();
                assert_eq!(removed, expected as u64);
            }
            Step::Change(start, end, kind) => {
                map.update(start, end, |piece| piece.kind = kind);
                model[start as usize..end as usize].iter_mut().flatten().for_each(|piece| piece.kind = kind);
            }
        }
        assert_eq!(map.regions.capacity(), capacity, "an operation grew the map by itself");
    }

    fn check(map: &RegionMap<Piece>, model: &[Option<Piece>]) {
        for (at, expected) in model.iter().enumerate() {
            let found = map.find(at as u64).map(|region| region.value.advanced(at as u64 - region.start));
            assert_eq!(&found, expected, "at {at}");
        }
        for pair in map.as_slice().windows(2) {
            assert!(pair[0].end <= pair[1].start);
            let touching = pair[0].end == pair[1].start;
            assert!(!(touching && pair[0].value.continues_as(pair[0].len(), &pair[1].value)), "unmerged {pair:?}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_one_cell_an_address(steps in prop::collection::vec(step(), 0..60), probe in (0..TOP, 0..TOP)) {
            let mut map = RegionMap::new();
            let mut model = vec![None; TOP as usize];
            for step in steps {
                apply(&mut map, &mut model, step);
                check(&map, &model);
            }
            let (start, end) = (probe.0.min(probe.1), probe.0.max(probe.1));
            let cells = &model[start as usize..end as usize];
            prop_assert_eq!(map.covers(start, end), cells.iter().all(Option::is_some));
            prop_assert_eq!(map.overlapping(start, end).is_empty(), cells.iter().all(Option::is_none));
        }

        #[test]
        fn the_gap_found_is_the_highest_that_fits(
            steps in prop::collection::vec(step(), 0..30), len in 1..20u64, low in 0..TOP / 2, high in TOP / 2..TOP,
        ) {
            let mut map = RegionMap::new();
            let mut model = vec![None; TOP as usize];
            for step in steps { apply(&mut map, &mut model, step); }
            let margin = |piece: &Piece| if piece.kind == 2 { 3 } else { 0 };
            let is_free = |at: u64| model[at as usize].is_none()
                && map.next(at).is_none_or(|above| above.start - at > margin(&above.value));
            let expected = (low..=high.saturating_sub(len)).rev().find(|&start| start + len <= high && (start..start + len).all(is_free));
            prop_assert_eq!(map.find_gap(len, low, high, margin), expected);
        }
    }
}
