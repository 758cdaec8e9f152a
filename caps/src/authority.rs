//! The authority word: what a system call needs beside its arguments, readable with one load.

use crate::shim::{AtomicU64, Ordering, constructor};
use crate::{Promises, RootSet};

/// Where the root capabilities begin; promises lie below.
const ROOTS: u32 = 48;

/// A copy of a table's promises and of which root capabilities are there, for the gate that every call goes through.
///
/// The table is the truth: whoever changes it publishes the new word before anybody else can change it again. A reader that
/// sees the old word began before the narrowing took effect.
#[derive(Debug)]
pub struct Authority {
    word: AtomicU64,
}

impl Authority {
    constructor! {
        /// Everything.
        pub fn new() -> Self {
            Self { word: AtomicU64::new(u64::MAX) }
        }
    }

    /// Whether a call may be made that needs one of `promises` and all of `roots`. A call that names no promise may be made by
    /// whoever made none.
    #[inline(always)]
    pub fn allows(&self, promises: Promises, roots: RootSet) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        let one_of = promises.bits() | Promises::UNPLEDGED.bits();
        let all_of = (roots.bits() as u64) << ROOTS;
        word & one_of != 0 && word & all_of == all_of
    }

    /// Publishes what a table has now.
    pub fn publish(&self, promises: Promises, roots: RootSet) {
        self.word.store(promises.bits() | (roots.bits() as u64) << ROOTS, Ordering::Release);
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

const _: () = assert!(Promises::all().bits() >> ROOTS == 0 && RootSet::all().bits() >> (64 - ROOTS) == 0);
