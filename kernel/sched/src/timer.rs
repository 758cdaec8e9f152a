//! Timers and sleeping.

use mm::OutOfMemory;

use crate::wait::{Interruptible, WaitError};

/// A callback at a point in time.
pub struct Timer {
    _private: (),
}

impl Timer {
    /// A timer that is not armed. `callback` runs in interrupt context, on the CPU that armed the timer.
    pub fn new(_callback: impl Fn() + Send + Sync + 'static) -> Result<Self, OutOfMemory> {
        todo!()
    }

    /// Arms it for `deadline_ns` (in `arch::clock::now_ns` time), instead of an earlier arming. Any context.
    pub fn arm_at(&self, _deadline_ns: u64) {
        todo!()
    }

    /// Disarms it. When this returns, its callback is not running, unless the callback itself is the caller. True if it was armed.
    pub fn cancel(&self) -> bool {
        todo!()
    }

    /// When it is due, if it is armed.
    pub fn deadline_ns(&self) -> Option<u64> {
        todo!()
    }
}

/// Sleeps until `deadline_ns`; with [`Interruptible::No`] it cannot fail.
pub fn sleep_until(_deadline_ns: u64, _interruptible: Interruptible) -> Result<(), WaitError> {
    todo!()
}
