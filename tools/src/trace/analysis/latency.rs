//! How long threads wait between being woken and running.

use std::collections::BTreeMap;

use super::super::model::Class;
use super::super::slices::Slices;

/// The waits of one class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latency {
    /// The class.
    pub class: Class,
    /// Ascending, in nanoseconds.
    waits: Vec<u64>,
}

impl Latency {
    /// How many wake-ups there were.
    pub fn count(&self) -> usize {
        self.waits.len()
    }

    /// So many of a hundred waits were no longer than this, in nanoseconds.
    pub fn percentile(&self, part: usize) -> u64 {
        let rank = (self.waits.len() * part).div_ceil(100).max(1);
        self.waits.get(rank - 1).copied().unwrap_or(0)
    }
}

/// The waits of each class that had any, of wake-ups from the time `from` on.
pub fn latencies(slices: &Slices, from: u64) -> Vec<Latency> {
    let mut by_class: BTreeMap<Class, Vec<u64>> = BTreeMap::new();
    for wake_up in slices.wake_ups.iter().filter(|wake_up| wake_up.woken >= from) {
        by_class.entry(wake_up.class).or_default().push(wake_up.ran - wake_up.woken);
    }
    let sorted = by_class.into_iter().map(|(class, mut waits)| {
        waits.sort_unstable();
        Latency { class, waits }
    });
    sorted.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_waits() {
        let latency = Latency { class: Class::Fair, waits: (1..=200).collect() };
        assert_eq!([0, 50, 99, 100].map(|part| latency.percentile(part)), [1, 100, 198, 200]);
        assert_eq!(Latency { class: Class::Fair, waits: vec![7] }.percentile(50), 7);
    }
}
