//! Sleeping until a point in time.

use core::pin::pin;

use arch::clock::now_ns;

use super::{Action, TimerCore};
use crate::current::current_thread;
use crate::park::park;
use crate::wait::{Interruptible, WaitError};

/// Sleeps until `deadline_ns`; with [`Interruptible::No`] it cannot fail.
pub fn sleep_until(deadline_ns: u64, interruptible: Interruptible) -> Result<(), WaitError> {
    let me = current_thread();
    let alarm = pin!(Alarm::new());
    loop {
        if now_ns() >= deadline_ns {
            return Ok(());
        }
        if me.is_interrupted(interruptible) {
            return Err(WaitError::Interrupted);
        }
        alarm.as_ref().set(deadline_ns);
        park(interruptible);
    }
}

/// The running thread's alarm: grants it its permit at the deadline. It lies on the thread's stack.
pub(crate) struct Alarm {
    timer: TimerCore,
    is_set: core::cell::Cell<bool>,
    _pinned: core::marker::PhantomPinned,
}

impl Alarm {
    /// An alarm for the running thread.
    pub(crate) fn new() -> Self {
        let timer = TimerCore::new(Action::Unpark(current_thread()));
        Self { timer, is_set: core::cell::Cell::new(false), _pinned: core::marker::PhantomPinned }
    }

    /// Sets it, once; a second call does nothing.
    pub(crate) fn set(self: core::pin::Pin<&Self>, deadline_ns: u64) {
        if !self.is_set.replace(true) {
            // SAFETY: pinned, and `drop` cancels it.
            unsafe { self.timer.arm(deadline_ns) };
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if self.is_set.get() && !self.timer.is_over() {
            self.timer.cancel();
        }
    }
}
