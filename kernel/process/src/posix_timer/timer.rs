//! One timer.

use crate::clock::Clock;
use crate::look::Looks;
use crate::signal::{details, send_timer};
use crate::{Process, Task};
use abi::{Result, Signal};
use alloc::sync::{Arc, Weak};
use arch::clock::now_ns;
use core::num::NonZeroU32;
use sched::calendar::{self, Follower};
use sched::timer::{Schedule, Timer};
use sync::{IrqLock, Once, ranks};

/// A timer whose signal found no room, or was ignored, tries again after this time at the earliest.
const PAUSE_NS: u64 = 1_000_000;

/// How expiries are told.
#[derive(Clone)]
pub enum Notice {
    /// Not at all: the timer is asked.
    None,
    /// By a signal with a value.
    Signal {
        /// The signal.
        signal: Signal,
        /// The value that comes with it; the timer's id if none was given.
        value: Option<u64>,
        /// The thread that gets it; the process if none.
        to: Option<Arc<Task>>,
    },
}

/// From when a first expiry counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From now.
    Now,
    /// From the clock's zero.
    Zero,
}

/// A timer of a process.
pub struct PosixTimer {
    clock: Clock,
    notice: Notice,
    process: Arc<Process>,
    state: IrqLock<State, ranks::ProgramTimer>,
    timer: Timer,
    looks: Looks,
}

struct State {
    id: i32,
    schedule: Schedule,
    start: Start,
    /// Counts settings; a signal of an earlier one does not move the timer on.
    setting: NonZeroU32,
    /// Its signal waits to be taken.
    is_told: bool,
    /// Expiries since the signal was sent.
    missed: u64,
    /// The overruns told with the last signal that was taken.
    overrun: i32,
    has_ended: bool,
}

impl PosixTimer {
    /// A timer that is not armed. ENOMEM.
    pub fn new(id: i32, process: &Arc<Process>, clock: Clock, notice: Notice) -> Result<Arc<Self>> {
        // The callback needs the timer and the timer its callback, so the callback learns of the timer after it is made.
        let target: Arc<Once<Weak<Self>>> = mm::alloc::try_arc(Once::new())?;
        let callback_target = Arc::clone(&target);
        let timer = Timer::new(move || {
            // Never the last reference: whoever ends a timer waits for this callback first.
            if let Some(timer) = callback_target.get().and_then(Weak::upgrade) {
                timer.expire();
            }
        })?;
        let state = State {
            id,
            schedule: Schedule::OFF,
            start: Start::Now,
            setting: NonZeroU32::MIN,
            is_told: false,
            missed: 0,
            overrun: 0,
            has_ended: false,
        };
        let follows_calendar = matches!(clock, Clock::Calendar(_));
        let new = Self {
            clock,
            notice,
            process: Arc::clone(process),
            state: IrqLock::new(state),
            timer,
            looks: Looks::new(),
        };
        let new = mm::alloc::try_arc(new)?;
        target.call_once(|| Arc::downgrade(&new));
        if follows_calendar {
            calendar::follow(&new)?;
        }
        Ok(new)
    }

    pub(super) fn set_id(&self, id: i32) {
        self.state.lock().id = id;
    }

    /// Sets it: the first expiry `value_ns` after `start` (not at all if that is 0), and every `interval_ns` from then on.
    /// The time left and the interval before.
    pub fn set(&self, start: Start, value_ns: u64, interval_ns: u64) -> (u64, u64) {
        self.timer.cancel();
        let now = self.clock(start).now_ns();
        let base = if start == Start::Now { now } else { 0 };
        let schedule = Schedule::after(base, value_ns, interval_ns);
        let old = {
            let mut state = self.state.lock();
            state.setting = state.setting.checked_add(1).unwrap_or(NonZeroU32::MIN);
            (state.is_told, state.missed, state.overrun) = (false, 0, 0);
            (core::mem::replace(&mut state.start, start), core::mem::replace(&mut state.schedule, schedule))
        };
        self.arm(0);
        self.shown(old)
    }

    /// The time left, and the interval.
    pub fn get(&self) -> (u64, u64) {
        let setting = {
            let state = self.state.lock();
            (state.start, state.schedule)
        };
        self.shown(setting)
    }

    /// The time left of a setting, and its interval. Expiries that have not been counted yet are over all the same.
    fn shown(&self, (start, mut schedule): (Start, Schedule)) -> (u64, u64) {
        let now = self.clock(start).now_ns();
        if schedule.interval_ns != 0 || matches!(self.notice, Notice::None) {
            schedule.advance(now);
        }
        (schedule.left_ns(now), schedule.interval_ns)
    }

    /// How many expiries the last signal that was taken stood for, beside its own.
    pub fn overrun(&self) -> i32 {
        self.state.lock().overrun
    }

    /// Ends it. Nothing happens after that.
    pub(super) fn end(&self) {
        self.state.lock().has_ended = true;
        self.timer.cancel();
    }

    /// The signal sent in `setting` is taken: the overruns. The timer goes on.
    pub(super) fn note_taken(&self, setting: u32) -> i32 {
        let start = self.state.lock().start;
        let now = self.clock(start).now_ns();
        let overrun = {
            let mut state = self.state.lock();
            if state.setting.get() != setting || !state.is_told {
                return state.overrun;
            }
            state.is_told = false;
            // Without an interval the schedule is off, and nothing is missed.
            let missed = state.missed + state.schedule.advance(now);
            state.missed = 0;
            state.overrun = i32::try_from(missed).unwrap_or(i32::MAX);
            state.overrun
        };
        self.arm(0);
        overrun
    }

    /// Has the scheduler's timer come when this one can be due, but not before `at_least_ns`. Any context.
    fn arm(&self, at_least_ns: u64) {
        let (start, schedule) = {
            let state = self.state.lock();
            (state.start, state.schedule)
        };
        let (Some(due), Notice::Signal { .. }) = (schedule.due_ns, &self.notice) else { return };
        let clock = self.clock(start);
        let earliest = clock.earliest(due);
        let moment = if clock.is_of_use() { self.looks.next(clock.now_ns(), earliest) } else { earliest };
        let state = self.state.lock();
        // Set anew meanwhile: then it is armed by who did that.
        if !state.has_ended && !state.is_told && state.schedule == schedule {
            self.timer.arm_at(moment.max(at_least_ns));
        }
    }

    /// The clock that it counts by: lengths of time do not follow the calendar.
    fn clock(&self, start: Start) -> &Clock {
        match (&self.clock, start) {
            (Clock::Calendar(_), Start::Now) => &Clock::Monotonic,
            (clock, _) => clock,
        }
    }

    /// It may be due. In interrupt context.
    fn expire(&self) {
        let start = self.state.lock().start;
        let now = self.clock(start).now_ns();
        let setting = {
            let mut state = self.state.lock();
            if state.has_ended || state.is_told || state.start != start {
                return;
            }
            match state.schedule.advance(now) {
                0 => None,
                expiries => {
                    state.is_told = true;
                    state.missed = expiries - 1;
                    Some((state.id, state.setting))
                }
            }
        };
        match setting {
            None => self.arm(0),
            Some((id, setting)) if !self.tell(id, setting) => self.go_on_untold(setting),
            Some(_) => {}
        }
    }

    /// Sends the signal; false if nobody will take it.
    fn tell(&self, id: i32, setting: NonZeroU32) -> bool {
        let Notice::Signal { signal, value, to } = &self.notice else { return false };
        let value = value.unwrap_or(id as u32 as u64);
        let mut details = details::from_timer(*signal, id, 0, value);
        details.timer_setting = Some(setting);
        send_timer(&self.process, to.as_deref(), *signal, details)
    }

    /// Nobody takes its signal: it keeps its beat, but not faster than anybody could notice.
    fn go_on_untold(&self, setting: NonZeroU32) {
        {
            let mut state = self.state.lock();
            if state.setting != setting {
                return;
            }
            state.is_told = false;
        }
        self.arm(now_ns() + PAUSE_NS);
    }
}

impl Follower for PosixTimer {
    fn calendar_was_set(&self) {
        // A length of time stays what it was.
        if self.state.lock().start == Start::Zero {
            self.timer.cancel();
            self.arm(0);
        }
    }
}
