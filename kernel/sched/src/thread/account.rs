//! A thread's CPU time and switches.

use core::sync::atomic::{AtomicU64, Ordering};

use arch::clock::now_ns;

use crate::switch::Why;

/// What a thread has used.
#[derive(Default)]
pub(crate) struct Account {
    /// User and system time, up to the last charge. Written under the run queue's lock.
    total_ns: AtomicU64,
    /// User time that has gone to a CPU's account. Written under the run queue's lock.
    user_taken_ns: AtomicU64,
    /// User time up to the last return from user mode. Written by the thread itself.
    user_ns: AtomicU64,
    /// When user mode was entered; 0 in the kernel. Written by the thread itself.
    user_since_ns: AtomicU64,
    voluntary: AtomicU64,
    involuntary: AtomicU64,
}

impl Account {
    /// The thread has run for `ran_ns`.
    #[inline]
    pub(crate) fn charge(&self, ran_ns: u64) {
        self.total_ns.store(self.total_ns.load(Ordering::Relaxed) + ran_ns, Ordering::Relaxed);
    }

    /// The user time up to `now` that has not been taken before.
    #[inline]
    pub(crate) fn take_user(&self, now: u64) -> u64 {
        let user = self.user_ns_at(now);
        let taken = self.user_taken_ns.load(Ordering::Relaxed);
        if user <= taken {
            return 0;
        }
        self.user_taken_ns.store(user, Ordering::Relaxed);
        user - taken
    }

    #[inline(always)]
    pub(crate) fn enter_user(&self) {
        self.user_since_ns.store(now_ns(), Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) fn leave_user(&self) {
        let since = self.user_since_ns.load(Ordering::Relaxed);
        // In this order: who looks in between sees too little, and sees the rest next time.
        self.user_since_ns.store(0, Ordering::Relaxed);
        let ran = now_ns().saturating_sub(since);
        self.user_ns.store(self.user_ns.load(Ordering::Relaxed) + ran, Ordering::Relaxed);
    }

    /// User time up to `now`.
    pub(super) fn user_ns_at(&self, now: u64) -> u64 {
        let since = self.user_since_ns.load(Ordering::Relaxed);
        let running = if since == 0 { 0 } else { now.saturating_sub(since) };
        self.user_ns.load(Ordering::Relaxed) + running
    }

    /// User and system time up to the last charge.
    pub(super) fn total_ns(&self) -> u64 {
        self.total_ns.load(Ordering::Relaxed)
    }

    /// Counts a switch away from the thread.
    #[inline]
    pub(crate) fn count_switch(&self, why: Why) {
        let counter = if why == Why::Preempted { &self.involuntary } else { &self.voluntary };
        counter.store(counter.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Voluntary and involuntary switches.
    pub(super) fn switches(&self) -> (u64, u64) {
        (self.voluntary.load(Ordering::Relaxed), self.involuntary.load(Ordering::Relaxed))
    }
}
