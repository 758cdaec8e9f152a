//! Locks on ranges of one file: who holds what, and what stands in whose way.

use abi::{Errno, Result};
use alloc::vec::Vec;

/// Who holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockOwner {
    /// A process, by its table: the lock goes when any of its slots with the file is closed.
    Table(usize),
    /// An open file: the lock goes with its last slot.
    OpenFile(usize),
}

/// What a lock keeps others from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// Others may read.
    Shared,
    /// Others may do nothing.
    Exclusive,
}

/// A lock on the bytes `start..=end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangeLock {
    /// Who holds it.
    pub owner: LockOwner,
    /// What it keeps others from.
    pub kind: LockKind,
    /// The first byte.
    pub start: u64,
    /// The last byte.
    pub end: u64,
    /// The process that took it, to be told to who asks.
    pub process: i32,
}

impl RangeLock {
    fn overlaps(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    fn excludes(&self, other: &Self) -> bool {
        let either_is_exclusive = self.kind == LockKind::Exclusive || other.kind == LockKind::Exclusive;
        self.owner != other.owner && either_is_exclusive && self.overlaps(other)
    }
}

/// The locks on a file. Those of one owner never overlap each other.
#[derive(Debug, Default)]
pub struct RangeLocks(Vec<RangeLock>);

impl RangeLocks {
    /// No locks.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether nobody holds any.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A lock that stands in the way of `wanted`.
    pub fn conflict(&self, wanted: &RangeLock) -> Option<&RangeLock> {
        self.0.iter().filter(|held| held.excludes(wanted)).min_by_key(|held| held.start)
    }

    /// Takes a lock that nothing stands in the way of, in place of whatever its owner held there.
    pub fn take(&mut self, lock: RangeLock) -> Result<()> {
        // One for the lock itself, one for the second half of one that it splits.
        self.0.try_reserve(2).map_err(|_| Errno::ENOMEM)?;
        self.release(lock.owner, lock.start, lock.end)?;
        self.0.push(lock);
        Ok(())
    }

    /// Gives up whatever an owner holds of `start..=end`. ENOMEM only where that splits a lock.
    pub fn release(&mut self, owner: LockOwner, start: u64, end: u64) -> Result<()> {
        self.0.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        let mut at = 0;
        while let Some(lock) = self.0.get(at).copied() {
            if lock.owner != owner || lock.start > end || lock.end < start {
                at += 1;
                continue;
            }
            self.0.swap_remove(at);
            // What is left of it lies outside the range, and is passed over when it is met at the end of the list.
            if lock.end > end {
                self.0.push(RangeLock { start: end + 1, ..lock });
            }
            if lock.start < start {
                self.0.push(RangeLock { end: start - 1, ..lock });
            }
        }
        Ok(())
    }

    /// Gives up everything that an owner holds.
    pub fn release_all(&mut self, owner: LockOwner) {
        self.0.retain(|lock| lock.owner != owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LockOwner = LockOwner::Table(1);
    const B: LockOwner = LockOwner::Table(2);

    fn lock(owner: LockOwner, kind: LockKind, start: u64, end: u64) -> RangeLock {
        RangeLock { owner, kind, start, end, process: 1 }
    }

    #[test]
    fn releasing_the_middle_leaves_both_ends_locked() {
        let mut locks = RangeLocks::new();
        locks.take(lock(A, LockKind::Exclusive, 0, u64::MAX)).unwrap();
        locks.release(A, 10, 19).unwrap();
        let blocks = |start, end| locks.conflict(&lock(B, LockKind::Shared, start, end)).is_some();
        assert!(blocks(0, 9) && blocks(20, 20) && blocks(5, 25));
        assert!(!blocks(10, 19));
    }

    #[test]
    fn shared_locks_exclude_only_exclusive_ones_and_never_their_owner() {
        let mut locks = RangeLocks::new();
        locks.take(lock(A, LockKind::Shared, 0, 9)).unwrap();
        assert!(locks.conflict(&lock(B, LockKind::Shared, 0, 9)).is_none());
        assert!(locks.conflict(&lock(B, LockKind::Exclusive, 9, 9)).is_some());
        assert!(locks.conflict(&lock(A, LockKind::Exclusive, 0, 9)).is_none());
        locks.take(lock(A, LockKind::Exclusive, 3, 4)).unwrap();
        assert!(locks.conflict(&lock(B, LockKind::Shared, 4, 4)).is_some());
        assert!(locks.conflict(&lock(B, LockKind::Shared, 5, 9)).is_none());
        locks.release_all(A);
        assert!(locks.is_empty());
    }
}
