//! The calendar: the clocks that can be set, and those who follow them.
//!
//! Sleeps and timers count in the time since boot. Who waits for a time of the calendar computes that moment, and does
//! so anew when the calendar is set: sleepers through [`changes`], timers as [`Follower`]s.

use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use arch::clock::{now_ns, set_wall_clock, tai_offset_seconds, wall_clock_at_boot_ns};
use mm::OutOfMemory;
use sync::{SpinLock, ranks};

use crate::timer::sleep_until;
use crate::wait::{Interruptible, Wait, WaitError};
use crate::wait_queue::WaitQueue;

const SECOND_NS: u64 = 1_000_000_000;

/// Is told when the calendar was set.
pub trait Follower: Send + Sync {
    /// The calendar was set. In a thread, with no lock held.
    fn calendar_was_set(&self);
}

static CHANGES: AtomicU64 = AtomicU64::new(0);
static SLEEPERS: WaitQueue = WaitQueue::new();
static FOLLOWERS: SpinLock<Followers, ranks::CalendarFollowers> =
    SpinLock::new(Followers { list: Vec::new(), look_at: 16 });

struct Followers {
    list: Vec<Weak<dyn Follower>>,
    /// At this length the list is searched for those that are gone.
    look_at: usize,
}

/// A clock of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// UTC, as it was set.
    Utc,
    /// Atomic time: UTC and the leap seconds so far.
    Tai,
}

impl Scale {
    /// Nanoseconds from 1970 to the boot, on this clock.
    pub fn at_boot_ns(self) -> u64 {
        match self {
            Self::Utc => wall_clock_at_boot_ns(),
            Self::Tai => {
                wall_clock_at_boot_ns().saturating_add_signed(i64::from(tai_offset_seconds()) * SECOND_NS as i64)
            }
        }
    }

    /// Nanoseconds since 1970, on this clock.
    pub fn now_ns(self) -> u64 {
        self.at_boot_ns().saturating_add(now_ns())
    }

    /// When this clock says `time_ns`, in `arch::clock::now_ns` time; a time before the boot is the boot.
    pub fn moment_of(self, time_ns: u64) -> u64 {
        time_ns.saturating_sub(self.at_boot_ns())
    }
}

/// How often the calendar was set.
pub fn changes() -> u64 {
    CHANGES.load(Ordering::Acquire)
}

/// Sets the calendar, and tells all who follow it. Sleeps.
pub fn set(at_boot_ns: u64, tai_offset_seconds: i32) {
    set_wall_clock(at_boot_ns, tai_offset_seconds);
    CHANGES.fetch_add(1, Ordering::AcqRel);
    SLEEPERS.wake_all();
    let mut at = 0;
    loop {
        // One at a time: the lock is not held while one is told, or dropped for the last time.
        let follower = match FOLLOWERS.lock().list.get(at) {
            Some(follower) => follower.upgrade(),
            None => return,
        };
        if let Some(follower) = follower {
            follower.calendar_was_set();
        }
        at += 1;
    }
}

/// Tells `follower` of every setting of the calendar from now on.
pub fn follow(follower: &Arc<impl Follower + 'static>) -> Result<(), OutOfMemory> {
    let follower: Arc<dyn Follower> = follower.clone();
    let mut followers = FOLLOWERS.lock();
    if followers.list.len() >= followers.look_at {
        followers.list.retain(|follower| follower.strong_count() > 0);
        followers.look_at = (followers.list.len() * 2).max(16);
    }
    followers.list.try_reserve(1)?;
    followers.list.push(Arc::downgrade(&follower));
    drop(followers);
    Ok(())
}

/// Sleeps until a clock of the calendar says `time_ns`, however often it is set meanwhile.
pub fn sleep_until_time(scale: Scale, time_ns: u64) -> Result<(), WaitError> {
    loop {
        let seen = changes();
        let deadline_ns = scale.moment_of(time_ns);
        if now_ns() >= deadline_ns {
            return Ok(());
        }
        let how = Wait::INTERRUPTIBLE.until(deadline_ns);
        match SLEEPERS.wait_until(how, || (changes() != seen).then_some(())) {
            Ok(()) => {}
            Err(WaitError::TimedOut) => return sleep_until(deadline_ns, Interruptible::BySignal),
            Err(WaitError::Interrupted) => return Err(WaitError::Interrupted),
        }
    }
}
