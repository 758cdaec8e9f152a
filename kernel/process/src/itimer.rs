//! Interval timers: ITIMER_REAL, ITIMER_VIRTUAL and ITIMER_PROF.
//!
//! The real one is a timer of the scheduler. The other two count what the process uses. That grows no faster than
//! time passes on each of its threads, so a timer is set for the earliest moment at which they could be due; it has
//! the threads look, and the first to look counts and sets the timer again. No tick is needed, and a process without
//! such a timer pays nothing.

use crate::Process;
use crate::signal::send_from_kernel;
use abi::{Result, Signal};
use alloc::sync::{Arc, Weak};
use arch::clock::now_ns;
use core::sync::atomic::{AtomicBool, Ordering};
use sched::attention;
use sched::timer::Timer;
use sync::{IrqLock, Once, ranks};

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Counts time; SIGALRM.
    Real,
    /// Counts the process's time in user mode; SIGVTALRM.
    Virtual,
    /// Counts the process's time in user mode and in the kernel; SIGPROF.
    Profile,
}

/// When a timer expires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expiry {
    /// Time left; 0 for not at all.
    pub left_ns: u64,
    /// Time between further expiries; 0 for none.
    pub interval_ns: u64,
}

/// The interval timers of a process.
pub struct IntervalTimers {
    settings: IrqLock<[Setting; 3], ranks::IntervalTimers>,
    /// Made when first needed.
    timers: Once<Timers>,
    /// A thread is to look at what was used.
    is_look_due: AtomicBool,
}

struct Timers {
    real: Timer,
    used: Timer,
}

#[derive(Clone, Copy, Default)]
struct Setting {
    /// When it is due, on the clock that it counts by.
    due_ns: Option<u64>,
    interval_ns: u64,
}

impl Setting {
    fn of(expiry: Expiry, now: u64) -> Self {
        let due_ns = (expiry.left_ns > 0).then(|| now.saturating_add(expiry.left_ns));
        Self { due_ns, interval_ns: expiry.interval_ns }
    }

    fn expiry(self, now: u64) -> Expiry {
        let left_ns = self.due_ns.map_or(0, |due| due.saturating_sub(now).max(1));
        Expiry { left_ns, interval_ns: self.interval_ns }
    }

    /// Whether it is due; if so, it is set for the next time, leaving out those that were missed.
    fn expire(&mut self, now: u64) -> bool {
        let Some(due) = self.due_ns.filter(|&due| due <= now) else {
            return false;
        };
        self.due_ns = match self.interval_ns {
            0 => None,
            interval => Some(now + interval - (now - due) % interval),
        };
        true
    }
}

impl Which {
    const fn signal(self) -> Signal {
        match self {
            Self::Real => Signal::ALRM,
            Self::Virtual => Signal::VTALRM,
            Self::Profile => Signal::PROF,
        }
    }

    /// The time on the clock that it counts by.
    fn now(self, process: &Process) -> u64 {
        match self {
            Self::Real => now_ns(),
            Self::Virtual => process.used().user_ns,
            Self::Profile => {
                let used = process.used();
                used.user_ns + used.system_ns
            }
        }
    }
}

impl IntervalTimers {
    pub(crate) const fn new() -> Self {
        const OFF: Setting = Setting { due_ns: None, interval_ns: 0 };
        Self { settings: IrqLock::new([OFF; 3]), timers: Once::new(), is_look_due: AtomicBool::new(false) }
    }

    /// When a timer of `process`, which has these timers, expires.
    pub fn get(&self, process: &Process, which: Which) -> Expiry {
        let now = which.now(process);
        self.settings.lock()[which as usize].expiry(now)
    }

    /// Sets a timer of `process`, which has these timers; what was before. ENOMEM.
    pub fn set(&self, process: &Arc<Process>, which: Which, expiry: Expiry) -> Result<Expiry> {
        let timers = self.timers.try_call_once(|| Timers::make(process))?;
        let now = which.now(process);
        let before = {
            let mut settings = self.settings.lock();
            let new = Setting::of(expiry, now);
            let old = core::mem::replace(&mut settings[which as usize], new);
            if let (Which::Real, Some(due)) = (which, new.due_ns) {
                timers.real.arm_at(due);
            }
            old.expiry(now)
        };
        match which {
            Which::Real if expiry.left_ns == 0 => _ = timers.real.cancel(),
            Which::Real => {}
            _ => self.plan_look(process, timers),
        }
        Ok(before)
    }

    /// Stops all timers: the end of the process.
    pub(crate) fn stop(&self) {
        *self.settings.lock() = [Setting::default(); 3];
        if let Some(timers) = self.timers.get() {
            timers.real.cancel();
            timers.used.cancel();
        }
    }

    /// Counts what the process has used, if a look is due. For its own threads, on their way to user mode.
    pub(crate) fn look(&self, process: &Arc<Process>) {
        if !self.is_look_due.swap(false, Ordering::Relaxed) {
            return;
        }
        for which in [Which::Virtual, Which::Profile] {
            let now = which.now(process);
            let is_due = self.settings.lock()[which as usize].expire(now);
            if is_due {
                send_from_kernel(process, which.signal());
            }
        }
        if let Some(timers) = self.timers.get() {
            self.plan_look(process, timers);
        }
    }

    /// Sets the timer for the earliest moment at which the process can have used enough.
    fn plan_look(&self, process: &Process, timers: &Timers) {
        let used = [Which::Virtual, Which::Profile].map(|which| (which, which.now(process)));
        let threads = process.signals.lock().tasks.len().max(1) as u64;
        let settings = self.settings.lock();
        let left =
            used.iter().filter_map(|&(which, now)| settings[which as usize].due_ns.map(|due| due.saturating_sub(now)));
        if let Some(left) = left.min() {
            timers.used.arm_at(now_ns().saturating_add((left / threads).max(MIN_LOOK_NS)));
        }
    }

    /// The real timer has fired. In interrupt context.
    fn expire_real(&self, process: &Arc<Process>) {
        let is_due = {
            let mut settings = self.settings.lock();
            let real = &mut settings[Which::Real as usize];
            let is_due = real.expire(now_ns());
            if let (Some(due), Some(timers)) = (real.due_ns, self.timers.get()) {
                timers.real.arm_at(due);
            }
            is_due
        };
        if is_due {
            send_from_kernel(process, Signal::ALRM);
        }
    }

    /// The process may have used enough. In interrupt context.
    fn demand_look(&self, process: &Process) {
        self.is_look_due.store(true, Ordering::Relaxed);
        for task in &process.signals.lock().tasks {
            task.alert(attention::SIGNAL);
        }
    }
}

/// Looks come no more often than this, which is what the timers are fine to.
const MIN_LOOK_NS: u64 = 1_000_000;

impl Timers {
    fn make(process: &Arc<Process>) -> Result<Self> {
        let calling = |process: &Arc<Process>, action: fn(&IntervalTimers, &Arc<Process>)| {
            // Weak, because the process owns its timers. It stops them before it can go, so this is never the last
            // reference.
            let process: Weak<Process> = Arc::downgrade(process);
            Timer::new(move || {
                if let Some(process) = process.upgrade() {
                    action(process.itimers(), &process);
                }
            })
        };
        let real = calling(process, IntervalTimers::expire_real)?;
        let used = calling(process, |timers, process| timers.demand_look(process))?;
        Ok(Self { real, used })
    }
}
