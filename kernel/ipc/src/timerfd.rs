//! Timers as objects: `timerfd`.

use crate::anonymous;
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use caps::Kind;
use mm::user::Sink;
use object::{Object, Ready, StatusFlags};
use sched::calendar::{self, Follower, Scale};
use sched::timer::{Schedule, Timer};
use sched::{Wait, WaitQueue};
use sync::{IrqLock, ranks};

/// A timer that counts its expiries.
pub struct TimerObject {
    state: IrqLock<State, ranks::ProgramTimer>,
    /// The clock it was made for.
    clock: TimerClock,
    timer: Timer,
    flags: StatusFlags,
    queue: WaitQueue,
}

struct State {
    /// Expiries since the last read.
    expiries: u64,
    setting: Setting,
    /// The calendar was set since, and reads are to say so.
    is_cancelled: bool,
}

/// What a timer counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerClock {
    /// The calendar, for absolute times.
    Calendar,
    /// The time since boot.
    Boot,
}

/// From when the time in a setting counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reckoning {
    /// From the boot: `arch::clock::now_ns` time.
    #[default]
    Boot,
    /// From 1970, by the calendar as it is set.
    Calendar,
    /// The same; setting the calendar ends reads with ECANCELED.
    CalendarAsItIs,
}

/// When a timer is due, and how often from then on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// When.
    pub schedule: Schedule,
    /// By which clock.
    pub reckoning: Reckoning,
}

impl Setting {
    fn now_ns(&self) -> u64 {
        match self.reckoning {
            Reckoning::Boot => arch::clock::now_ns(),
            Reckoning::Calendar | Reckoning::CalendarAsItIs => Scale::Utc.now_ns(),
        }
    }

    /// The time left, never 0 while it is armed.
    pub fn left_ns(&self) -> u64 {
        self.schedule.left_ns(self.now_ns())
    }

    /// The next expiry in `arch::clock::now_ns` time.
    fn moment(&self) -> Option<u64> {
        match self.reckoning {
            Reckoning::Boot => self.schedule.due_ns,
            Reckoning::Calendar | Reckoning::CalendarAsItIs => {
                self.schedule.due_ns.map(|due| Scale::Utc.moment_of(due))
            }
        }
    }
}

impl TimerObject {
    /// A timer that is not armed.
    pub fn new(clock: TimerClock, flags: OpenFlags) -> Result<Arc<Self>> {
        // The callback needs the object and the object its timer, so the callback learns of the object after it is made.
        let target: Arc<sync::Once<Weak<Self>>> = mm::alloc::try_arc(sync::Once::new())?;
        let callback_target = target.clone();
        let timer = Timer::new(move || {
            if let Some(object) = callback_target.get().and_then(Weak::upgrade) {
                object.expire();
            }
        })?;
        let object = mm::alloc::try_arc(Self {
            state: IrqLock::new(State { expiries: 0, setting: Setting::default(), is_cancelled: false }),
            clock,
            timer,
            flags: StatusFlags::new(OpenFlags::READ_WRITE | flags & OpenFlags::NONBLOCK),
            queue: WaitQueue::new(),
        })?;
        target.call_once(|| Arc::downgrade(&object));
        if clock == TimerClock::Calendar {
            calendar::follow(&object)?;
        }
        Ok(object)
    }

    /// What it counts by.
    pub fn clock(&self) -> TimerClock {
        self.clock
    }

    /// Sets it anew and says how it was set.
    pub fn set(&self, setting: Setting) -> Setting {
        let mut state = self.state.lock();
        let old = core::mem::replace(&mut *state, State { expiries: 0, setting, is_cancelled: false });
        self.arm(&state);
        old.setting
    }

    /// How it is set.
    pub fn setting(&self) -> Setting {
        self.state.lock().setting
    }

    /// Arms the scheduler's timer. One that comes for an earlier setting finds nothing due.
    fn arm(&self, state: &State) {
        if let Some(moment) = state.setting.moment() {
            self.timer.arm_at(moment);
        }
    }

    /// Counts every period that has passed, and arms for the next. In interrupt context.
    fn expire(&self) {
        let expiries = {
            let mut state = self.state.lock();
            let now = state.setting.now_ns();
            let expiries = state.setting.schedule.advance(now);
            state.expiries += expiries;
            self.arm(&state);
            expiries
        };
        if expiries > 0 {
            self.queue.wake_all();
        }
    }

    /// The expiries since the last time; none is none. ECANCELED once the calendar was set.
    fn try_take(&self) -> Option<Result<u64>> {
        let mut state = self.state.lock();
        if core::mem::take(&mut state.is_cancelled) {
            return Some(Err(Errno::ECANCELED));
        }
        match core::mem::take(&mut state.expiries) {
            0 => None,
            count => Some(Ok(count)),
        }
    }
}

impl Follower for TimerObject {
    fn calendar_was_set(&self) {
        {
            let mut state = self.state.lock();
            if state.setting.reckoning == Reckoning::Boot {
                return;
            }
            state.is_cancelled = state.setting.reckoning == Reckoning::CalendarAsItIs;
            self.arm(&state);
        }
        self.queue.wake_all();
    }
}

impl Object for TimerObject {
    fn kind(&self) -> Kind {
        Kind::Timer
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        if to.remaining() < 8 {
            return Err(Errno::EINVAL);
        }
        let count = match self.try_take() {
            Some(count) => count?,
            None if self.status_flags().contains(OpenFlags::NONBLOCK) => return Err(Errno::EAGAIN),
            None => {
                let taken = self.queue.wait_until(Wait::INTERRUPTIBLE, || self.try_take());
                taken.map_err(|_| Errno::ERESTARTSYS)??
            }
        };
        to.write(&count.to_ne_bytes())
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(anonymous::stat())
    }

    fn poll(&self) -> Ready {
        let state = self.state.lock();
        if state.expiries > 0 || state.is_cancelled { Ready::READABLE } else { Ready::empty() }
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(&self.queue)
    }

    fn path(&self) -> Option<Vec<u8>> {
        mm::alloc::try_to_vec(b"anon_inode:[timerfd]").ok()
    }
}

impl Drop for TimerObject {
    fn drop(&mut self) {
        self.timer.cancel();
    }
}
