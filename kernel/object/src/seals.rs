//! Seals: what may not happen to memory any more, whoever asks and whatever they hold.

use bitflags::bitflags;
use core::sync::atomic::{AtomicU32, Ordering};

bitflags! {
    /// A set of seals; F_SEAL_*.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SealSet: u32 {
        /// No more seals.
        const SEAL = 1;
        /// It does not become shorter.
        const SHRINK = 2;
        /// It does not become longer.
        const GROW = 4;
        /// It is not written.
        const WRITE = 8;
        /// It is not written but through mappings that are there already.
        const FUTURE_WRITE = 16;
        /// Whether it may be executed does not change.
        const EXECUTE = 32;
        /// What keeps it from being written anew.
        const READ_ONLY = Self::WRITE.bits() | Self::FUTURE_WRITE.bits();
    }
}

/// The seals of a file. Who may add to them, and what has to be still meanwhile, its file system knows.
#[derive(Debug)]
pub struct Seals(AtomicU32);

impl Seals {
    /// Of a file that cannot be sealed.
    pub const fn closed() -> Self {
        Self(AtomicU32::new(SealSet::SEAL.bits()))
    }

    /// Lets a new file be sealed, which begins with these.
    pub fn open(&self, first: SealSet) {
        self.0.store(first.bits(), Ordering::SeqCst);
    }

    /// The seals that are there.
    pub fn get(&self) -> SealSet {
        SealSet::from_bits_retain(self.0.load(Ordering::SeqCst))
    }

    /// Adds seals.
    pub fn add(&self, seals: SealSet) {
        self.0.fetch_or(seals.bits(), Ordering::SeqCst);
    }

    /// Takes back seals that were added in vain.
    pub fn remove(&self, seals: SealSet) {
        self.0.fetch_and(!seals.bits(), Ordering::SeqCst);
    }
}
