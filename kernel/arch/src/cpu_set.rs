//! Sets of processors.

use core::sync::atomic::{AtomicU64, Ordering};

use crate::cpu::{CpuId, MAX_CPUS};

const WORDS: usize = MAX_CPUS.div_ceil(64);

/// A set of processors, a bitmap over dense [`CpuId`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CpuSet {
    words: [u64; WORDS],
}

impl CpuSet {
    /// The empty set.
    pub const fn empty() -> Self {
        Self { words: [0; WORDS] }
    }

    /// Every processor that the kernel could ever number.
    pub const fn full() -> Self {
        let mut words = [u64::MAX; WORDS];
        if !MAX_CPUS.is_multiple_of(64) {
            words[WORDS - 1] = (1 << (MAX_CPUS % 64)) - 1;
        }
        Self { words }
    }

    /// The set that holds `cpu` alone.
    pub const fn of(cpu: CpuId) -> Self {
        let mut set = Self::empty();
        set.set(cpu);
        set
    }

    /// Adds `cpu`.
    #[inline]
    pub const fn set(&mut self, cpu: CpuId) {
        self.words[cpu.index() / 64] |= 1 << (cpu.index() % 64);
    }

    /// Removes `cpu`.
    #[inline]
    pub const fn clear(&mut self, cpu: CpuId) {
        self.words[cpu.index() / 64] &= !(1 << (cpu.index() % 64));
    }

    /// Whether `cpu` is a member.
    #[inline]
    pub const fn contains(&self, cpu: CpuId) -> bool {
        self.words[cpu.index() / 64] >> (cpu.index() % 64) & 1 != 0
    }

    /// Whether no processor is a member.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// How many processors are members.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The lowest-numbered member.
    pub fn first(&self) -> Option<CpuId> {
        self.iter().next()
    }

    /// The members in both sets.
    pub fn intersect(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & b)
    }

    /// The members of either set.
    pub fn union(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a | b)
    }

    /// The members of `self` that are not in `other`.
    pub fn difference(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & !b)
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = CpuId> + use<> {
        let words = self.words;
        let (mut index, mut rest) = (0, words[0]);
        core::iter::from_fn(move || {
            while rest == 0 {
                index += 1;
                rest = *words.get(index)?;
            }
            let bit = rest.trailing_zeros();
            rest &= rest - 1;
            CpuId::new(index as u32 * 64 + bit)
        })
    }

    /// Bits of a little-endian byte string (`sched_setaffinity`'s form); bits past [`MAX_CPUS`] are
    /// dropped.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut set = Self::empty();
        for (index, byte) in bytes.iter().take(WORDS * 8).enumerate() {
            set.words[index / 8] |= u64::from(*byte) << (index % 8 * 8);
        }
        set.intersect(&Self::full())
    }

    /// The set as a little-endian byte string.
    pub fn to_bytes(&self) -> [u8; WORDS * 8] {
        let mut bytes = [0; WORDS * 8];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn combine(&self, other: &Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        let mut result = Self::empty();
        for (index, word) in result.words.iter_mut().enumerate() {
            *word = operation(self.words[index], other.words[index]);
        }
        result
    }
}

impl core::fmt::Debug for CpuSet {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_set().entries(self.iter().map(CpuId::index)).finish()
    }
}

impl FromIterator<CpuId> for CpuSet {
    fn from_iter<I: IntoIterator<Item = CpuId>>(members: I) -> Self {
        let mut set = Self::empty();
        members.into_iter().for_each(|cpu| set.set(cpu));
        set
    }
}

/// A [`CpuSet`] that many processors may change at once.
///
/// Each member is atomic; a [`snapshot`](Self::snapshot) is not, across words.
pub struct AtomicCpuSet {
    words: [AtomicU64; WORDS],
}

impl AtomicCpuSet {
    /// The empty set.
    pub const fn empty() -> Self {
        Self { words: [const { AtomicU64::new(0) }; WORDS] }
    }

    /// Adds `cpu`; says whether it was a member before.
    #[inline]
    pub fn set(&self, cpu: CpuId, order: Ordering) -> bool {
        let bit = 1 << (cpu.index() % 64);
        self.words[cpu.index() / 64].fetch_or(bit, order) & bit != 0
    }

    /// Removes `cpu`; says whether it was a member before.
    #[inline]
    pub fn clear(&self, cpu: CpuId, order: Ordering) -> bool {
        let bit = 1 << (cpu.index() % 64);
        self.words[cpu.index() / 64].fetch_and(!bit, order) & bit != 0
    }

    /// Whether `cpu` is a member.
    #[inline]
    pub fn contains(&self, cpu: CpuId, order: Ordering) -> bool {
        self.words[cpu.index() / 64].load(order) >> (cpu.index() % 64) & 1 != 0
    }

    /// The lowest-numbered member that `other` has too. Costs little where this set is empty.
    #[inline]
    pub fn first_common(&self, other: &Self, order: Ordering) -> Option<CpuId> {
        // Words beyond the last present processor are never set, so they need no look.
        let words = crate::cpu::count().div_ceil(64).min(WORDS);
        self.words[..words].iter().zip(&other.words).enumerate().find_map(|(index, (word, other))| {
            let word = word.load(order);
            let common = if word == 0 { 0 } else { word & other.load(order) };
            if common == 0 { None } else { CpuId::new(index as u32 * 64 + common.trailing_zeros()) }
        })
    }

    /// Replaces the members, word by word.
    pub fn store(&self, set: &CpuSet, order: Ordering) {
        for (word, new) in self.words.iter().zip(set.words) {
            word.store(new, order);
        }
    }

    /// The members, word by word.
    pub fn snapshot(&self, order: Ordering) -> CpuSet {
        CpuSet { words: core::array::from_fn(|index| self.words[index].load(order)) }
    }
}

impl Default for AtomicCpuSet {
    fn default() -> Self {
        Self::empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(index: u32) -> CpuId {
        CpuId::new(index).unwrap()
    }

    #[test]
    fn members_come_back_in_order_across_words() {
        let set: CpuSet = [287, 0, 64, 63].into_iter().map(cpu).collect();
        let members: alloc::vec::Vec<_> = set.iter().map(CpuId::index).collect();
        assert_eq!(members, [0, 63, 64, 287]);
        assert_eq!(set.count(), 4);
    }

    #[test]
    fn bytes_round_trip_and_drop_excess_bits() {
        let set: CpuSet = [1, 100, 287].into_iter().map(cpu).collect();
        assert_eq!(CpuSet::from_bytes(&set.to_bytes()), set);
        assert_eq!(CpuSet::from_bytes(&[0xff; 128]), CpuSet::full());
        assert_eq!(CpuSet::full().count(), MAX_CPUS);
    }
}
