//! The protocol of [`crate::BigReaderLock`]: readers announce which lock they read, each on its own CPU's line.
//!
//! A reader announces, and then looks whether somebody writes; a writer says so, and then looks at all announcements.
//! With a full fence between the two steps on either side, at least one of two that meet sees the other.
//! The loom model (`tests/loom.rs`) compiles this file over loom's atomics.

use crate::shim::{AtomicBool, AtomicUsize, Ordering, constructor, fence};

/// What a CPU is reading: the address of a [`Gate`], or 0.
pub(crate) struct Announcement(AtomicUsize);

impl Announcement {
    constructor! {
        /// Of reading nothing.
        pub(crate) fn new() -> Self {
            Self(AtomicUsize::new(0))
        }
    }

    /// Whether nothing is read here.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Takes it back: the reader is done.
    #[inline(always)]
    pub(crate) fn withdraw(&self) {
        self.0.store(0, Ordering::Release);
    }
}

/// Whether somebody writes.
pub(crate) struct Gate {
    is_writing: AtomicBool,
}

impl Gate {
    constructor! {
        /// An open gate.
        pub(crate) fn new() -> Self {
            Self { is_writing: AtomicBool::new(false) }
        }
    }

    fn address(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Begins to read, by the calling CPU's announcement. `relax` is called while a writer is waited for.
    #[inline(always)]
    pub(crate) fn enter(&self, mine: &Announcement, relax: impl FnMut()) {
        if !self.try_enter(mine) {
            self.enter_slowly(mine, relax);
        }
    }

    #[inline(always)]
    fn try_enter(&self, mine: &Announcement) -> bool {
        mine.0.store(self.address(), Ordering::Relaxed);
        fence(Ordering::SeqCst);
        !self.is_writing.load(Ordering::Acquire)
    }

    #[cold]
    fn enter_slowly(&self, mine: &Announcement, mut relax: impl FnMut()) {
        loop {
            mine.withdraw();
            while self.is_writing.load(Ordering::Relaxed) {
                relax();
            }
            if self.try_enter(mine) {
                return;
            }
        }
    }

    /// Begins to write, once every other writer and every reader among `all` is done.
    pub(crate) fn close<'a>(&self, all: impl Iterator<Item = &'a Announcement>, mut relax: impl FnMut()) {
        while self.is_writing.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_err() {
            relax();
        }
        fence(Ordering::SeqCst);
        for announcement in all {
            while announcement.0.load(Ordering::Acquire) == self.address() {
                relax();
            }
        }
    }

    /// Ends writing.
    pub(crate) fn open(&self) {
        self.is_writing.store(false, Ordering::Release);
    }
}
