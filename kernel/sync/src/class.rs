//! Lock classes: what a lock is for, and where it stands in the order.

/// The class of a lock. Declared in [`crate::ranks`] and nowhere else.
pub trait LockClass {
    /// The name that the checker prints.
    const NAME: &'static str;
    /// The place in the order: locks are taken in strictly increasing rank.
    const RANK: u8;
    /// The place in [`crate::ranks::TABLE`].
    const INDEX: usize;
    /// The same as a value with an address.
    const INFO: &'static ClassInfo = &ClassInfo { name: Self::NAME, rank: Self::RANK, index: Self::INDEX };
}

/// A lock class as data.
#[derive(Debug)]
pub struct ClassInfo {
    /// The name that the checker prints.
    pub name: &'static str,
    /// The place in the order.
    pub rank: u8,
    /// The place in the table.
    pub index: usize,
}

/// The first rank of spinning locks; lower ones belong to sleeping locks.
pub const FIRST_SPINNING_RANK: u8 = 100;

/// Refuses, while compiling, a sleeping lock with a spinning lock's rank.
pub(crate) const fn assert_sleeping<C: LockClass>() {
    assert!(C::RANK < FIRST_SPINNING_RANK, "a sleeping lock needs a rank below 100");
}

/// Refuses, while compiling, a spinning lock with a sleeping lock's rank.
pub(crate) const fn assert_spinning<C: LockClass>() {
    assert!(C::RANK >= FIRST_SPINNING_RANK, "a spinning lock needs a rank of 100 or more");
}
