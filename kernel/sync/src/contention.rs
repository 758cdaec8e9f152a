//! How locks are used, by class: counted while measuring is on (`sync::trace`).

use crate::class::{ClassInfo, LockClass};
use crate::trace::{self, LockCounts};

/// Counts a lock that is about to be taken.
#[inline(always)]
pub(crate) fn count<C: LockClass>() {
    if trace::is_measuring() {
        trace::note_lock(C::INDEX);
    }
}

/// The wait for a lock that was not free, until it is dropped.
pub(crate) struct Waiting {
    class: usize,
    /// 0 while nothing is measured.
    since: u64,
}

impl Waiting {
    /// The wait begins.
    pub(crate) fn begin(class: &'static ClassInfo) -> Self {
        let since = if trace::is_measuring() { trace::waits_for(class.index, 0) } else { 0 };
        Self { class: class.index, since }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.since != 0 {
            trace::note_wait(self.class, 0, self.since);
        }
    }
}

/// Each class with its name and what was counted, in the order of their ranks.
pub fn lock_counts() -> impl Iterator<Item = (&'static str, LockCounts)> {
    crate::ranks::TABLE.iter().enumerate().map(|(index, (name, _))| (*name, trace::locks_of(index)))
}
