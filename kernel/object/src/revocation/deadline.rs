//! Grants that are lent for a time.
//!
//! One thread sleeps until the first of all deadlines and takes back what is due then. It is of a real-time class, so that
//! no amount of ordinary work makes it late.

use super::carry_out;
use abi::{Errno, Result};
use alloc::collections::BinaryHeap;
use alloc::sync::{Arc, Weak};
use caps::{Cause, Grant};
use core::cmp::{Ordering, Reverse};
use sched::{Policy, RealTimePriority, Thread, Wait, WaitQueue};
use sync::Mutex;
use sync::ranks::GrantDeadlines;

static DEADLINES: Mutex<Deadlines, GrantDeadlines> =
    Mutex::new(Deadlines { due: BinaryHeap::new(), purge_at: PURGE_MINIMUM, keeper: Keeper::Absent });
/// Woken when an earlier deadline than before came in.
static CHANGED: WaitQueue = WaitQueue::new();

/// The thread's real-time priority: the highest there is.
const PRIORITY: i32 = 99;
/// Below this many nothing is purged.
const PURGE_MINIMUM: usize = 64;

struct Deadlines {
    due: BinaryHeap<Reverse<Deadline>>,
    /// At this size those whose grants are gone are taken out: twice what was left last time.
    purge_at: usize,
    keeper: Keeper,
}

/// Whether the thread is there; it is made with the first deadline.
#[derive(PartialEq, Eq)]
enum Keeper {
    Absent,
    Present,
}

struct Deadline {
    time_ns: u64,
    grant: Weak<Grant>,
    cause: Cause,
}

impl PartialEq for Deadline {
    fn eq(&self, other: &Self) -> bool {
        self.time_ns == other.time_ns
    }
}

impl Eq for Deadline {}

impl PartialOrd for Deadline {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Deadline {
    fn cmp(&self, other: &Self) -> Ordering {
        self.time_ns.cmp(&other.time_ns)
    }
}

/// Takes everything from `grant`, and from all that derives from it, at `time_ns` (monotonic). ENOMEM.
pub fn limit_time(grant: &Arc<Grant>, time_ns: u64, cause: Cause) -> Result<()> {
    let mut deadlines = DEADLINES.lock();
    deadlines.purge();
    deadlines.due.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    if deadlines.keeper == Keeper::Absent {
        let policy = RealTimePriority::new(PRIORITY).map_or(Policy::Normal, Policy::Fifo);
        Thread::builder("deadlines")
            .affinity(arch::CpuSet::full())
            .policy(policy)
            .spawn(keep)
            .map_err(|_| Errno::ENOMEM)?;
        deadlines.keeper = Keeper::Present;
    }
    deadlines.due.push(Reverse(Deadline { time_ns, grant: Arc::downgrade(grant), cause }));
    drop(deadlines);
    CHANGED.wake_one();
    Ok(())
}

impl Deadlines {
    fn first_ns(&self) -> Option<u64> {
        self.due.peek().map(|Reverse(first)| first.time_ns)
    }

    /// Takes out those whose grants are gone, now and then, so that each addition stays cheap on average.
    fn purge(&mut self) {
        if self.due.len() < self.purge_at {
            return;
        }
        self.due.retain(|Reverse(deadline)| deadline.grant.strong_count() > 0);
        self.purge_at = (2 * self.due.len()).max(PURGE_MINIMUM);
    }

    fn take_due(&mut self, now_ns: u64) -> Option<Deadline> {
        self.first_ns().filter(|first| *first <= now_ns)?;
        self.due.pop().map(|Reverse(deadline)| deadline)
    }
}

/// What the thread does.
fn keep() {
    loop {
        let first_ns = DEADLINES.lock().first_ns();
        let how = Wait { deadline_ns: first_ns, ..Wait::UNINTERRUPTIBLE };
        let is_changed = || (DEADLINES.lock().first_ns() != first_ns).then_some(());
        // Either end of the sleep is a reason to look.
        let _ = CHANGED.wait_until(how, is_changed);
        loop {
            let due = DEADLINES.lock().take_due(arch::clock::now_ns());
            let Some(deadline) = due else { break };
            if let Some(grant) = deadline.grant.upgrade() {
                let cause = Cause { time_ns: arch::clock::now_ns(), ..deadline.cause };
                carry_out(grant.revoke(cause));
                super::users::interrupt();
            }
        }
    }
}
