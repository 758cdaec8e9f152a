//! A thread's CPU time and switches.

use core::sync::atomic::{AtomicU64, Ordering};

use arch::clock::{read_tsc, ticks_to_ns};

use crate::switch::Why;

/// What a thread has used.
#[derive(Default)]
pub(crate) struct Account {
    /// User and system time, up to the last charge. Written under the run queue's lock.
    total_ns: AtomicU64,
    /// User time that has gone to a CPU's account. Written under the run queue's lock.
    user_taken_ns: AtomicU64,
    /// User time up to the last return from user mode, in ticks of the TSC: the way of every system call passes here,
    /// and has no use for nanoseconds. Written by the thread itself.
    user_ticks: AtomicU64,
    /// The TSC when user mode was entered; 0 in the kernel. Written by the thread itself.
    user_since: AtomicU64,
    /// When it began to wait in a queue. Written under the run queue's lock.
    waits_since_ns: AtomicU64,
    /// How long it waited in queues. Written under the run queue's lock.
    wait_ns: AtomicU64,
    /// How often it was given a CPU. Written under the run queue's lock.
    turns: AtomicU64,
    voluntary: AtomicU64,
    involuntary: AtomicU64,
}

impl Account {
    /// The thread has run for `ran_ns`.
    #[inline]
    pub(crate) fn charge(&self, ran_ns: u64) {
        self.total_ns.store(self.total_ns.load(Ordering::Relaxed) + ran_ns, Ordering::Relaxed);
    }

    /// The user time so far that has not been taken before.
    #[inline]
    pub(crate) fn take_user(&self) -> u64 {
        let user = self.user_ns();
        let taken = self.user_taken_ns.load(Ordering::Relaxed);
        if user <= taken {
            return 0;
        }
        self.user_taken_ns.store(user, Ordering::Relaxed);
        user - taken
    }

    #[inline(always)]
    pub(crate) fn enter_user(&self) {
        self.user_since.store(read_tsc(), Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) fn leave_user(&self) {
        let since = self.user_since.load(Ordering::Relaxed);
        // In this order: who looks in between sees too little, and sees the rest next time.
        self.user_since.store(0, Ordering::Relaxed);
        // Both were read on one CPU: no switch happens in user mode.
        let ran = read_tsc().wrapping_sub(since);
        self.user_ticks.store(self.user_ticks.load(Ordering::Relaxed).wrapping_add(ran), Ordering::Relaxed);
    }

    /// User time up to now.
    pub(super) fn user_ns(&self) -> u64 {
        let since = self.user_since.load(Ordering::Relaxed);
        // Another CPU's TSC may differ a little.
        let running = if since == 0 { 0 } else { read_tsc().saturating_sub(since) };
        ticks_to_ns(self.user_ticks.load(Ordering::Relaxed).wrapping_add(running))
    }

    /// User and system time up to the last charge.
    pub(super) fn total_ns(&self) -> u64 {
        self.total_ns.load(Ordering::Relaxed)
    }

    /// It waits in a queue from now on.
    #[inline]
    pub(crate) fn begin_wait(&self, now_ns: u64) {
        self.waits_since_ns.store(now_ns, Ordering::Relaxed);
    }

    /// It runs from now on; how long it has waited.
    #[inline]
    pub(crate) fn end_wait(&self, now_ns: u64) -> u64 {
        // Queued by another CPU, whose clock may be ahead a little.
        let waited = now_ns.saturating_sub(self.waits_since_ns.load(Ordering::Relaxed));
        self.wait_ns.store(self.wait_ns.load(Ordering::Relaxed) + waited, Ordering::Relaxed);
        waited
    }

    /// Counts its being given a CPU.
    #[inline]
    pub(crate) fn count_turn(&self) {
        self.turns.store(self.turns.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How long it waited in queues, and how often it was given a CPU.
    pub(super) fn waits(&self) -> (u64, u64) {
        (self.wait_ns.load(Ordering::Relaxed), self.turns.load(Ordering::Relaxed))
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
