//! Timers and sleeping.
//!
//! Each CPU has a tree of armed timers and a one-shot interrupt for the first. A timer is armed on the CPU that arms
//! it and fires there. Arming and cancelling are O(log n); cancelling works from any CPU and waits for a running
//! callback.

mod core_timer;
mod cpu_timers;
mod schedule;
mod sleep;

use alloc::boxed::Box;

use mm::OutOfMemory;

pub(crate) use core_timer::{Action, TimerCore};
pub(crate) use cpu_timers::CpuTimers;
pub use schedule::Schedule;
pub(crate) use sleep::Alarm;
pub use sleep::sleep_until;

/// A callback at a point in time.
pub struct Timer {
    /// Boxed, since armed timers are linked where they lie.
    core: Box<TimerCore>,
}

impl Timer {
    /// A timer that is not armed. `callback` runs in interrupt context, on the CPU that armed the timer; it may arm
    /// the timer again, but must not drop it.
    pub fn new(callback: impl Fn() + Send + Sync + 'static) -> Result<Self, OutOfMemory> {
        let callback = mm::alloc::try_box(callback)?;
        Ok(Self { core: mm::alloc::try_box(TimerCore::new(Action::Call(callback)))? })
    }

    /// Arms it for `deadline_ns` (in `arch::clock::now_ns` time), instead of an earlier arming. Any context.
    pub fn arm_at(&self, deadline_ns: u64) {
        // SAFETY: the core is boxed, and `drop` disarms it.
        unsafe { self.core.arm(deadline_ns) };
    }

    /// Disarms it. When this returns, its callback is not running, unless the callback itself is the caller. True if
    /// it was armed.
    pub fn cancel(&self) -> bool {
        self.core.cancel()
    }

    /// When it is due, if it is armed.
    pub fn deadline_ns(&self) -> Option<u64> {
        self.core.deadline_ns()
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.core.cancel();
    }
}
