//! Interval timers: ITIMER_REAL, ITIMER_VIRTUAL and ITIMER_PROF; and the limit of CPU time, which is a timer too.
//!
//! The real one is a timer of the scheduler. The others count what the process uses, and share one timer that looks at it
//! ([`crate::look`]). No tick is needed, and a process without such timers pays nothing.

use crate::Process;
use crate::limits::{Resource, UNLIMITED};
use crate::look::Looks;
use crate::signal::send_from_kernel;
use abi::{Result, Signal};
use alloc::sync::{Arc, Weak};
use arch::clock::now_ns;
use sched::timer::{Schedule, Timer};
use sync::{IrqLock, Once, ranks};

const SECOND_NS: u64 = 1_000_000_000;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Counts time; SIGALRM.
    Real,
    /// Counts the process's time in user mode; SIGVTALRM.
    Virtual,
    /// Counts the process's time in user mode and in the kernel; SIGPROF.
    Profile,
    /// The limit of the same; SIGXCPU each second, and SIGKILL at the hard limit.
    Limit,
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
    settings: IrqLock<[Schedule; 4], ranks::ProgramTimer>,
    /// Made when first needed.
    timers: Once<Timers>,
    looks: Looks,
}

struct Timers {
    real: Timer,
    used: Timer,
}

impl Which {
    const OF_USE: [Self; 3] = [Self::Virtual, Self::Profile, Self::Limit];

    const fn signal(self) -> Signal {
        match self {
            Self::Real => Signal::ALRM,
            Self::Virtual => Signal::VTALRM,
            Self::Profile => Signal::PROF,
            Self::Limit => Signal::XCPU,
        }
    }

    /// The time on the clock that it counts by.
    fn now(self, process: &Process) -> u64 {
        match self {
            Self::Real => now_ns(),
            Self::Virtual => process.used_time_ns().0,
            Self::Profile | Self::Limit => process.used_time_ns().1,
        }
    }
}

fn expiry(schedule: Schedule, now: u64) -> Expiry {
    Expiry { left_ns: schedule.left_ns(now), interval_ns: schedule.interval_ns }
}

impl IntervalTimers {
    pub(crate) const fn new() -> Self {
        Self { settings: IrqLock::new([Schedule::OFF; 4]), timers: Once::new(), looks: Looks::new() }
    }

    /// When a timer of `process`, which has these timers, expires.
    pub fn get(&self, process: &Process, which: Which) -> Expiry {
        let now = which.now(process);
        expiry(self.settings.lock()[which as usize], now)
    }

    /// Sets a timer of `process`, which has these timers; what was before. ENOMEM.
    pub fn set(&self, process: &Arc<Process>, which: Which, wanted: Expiry) -> Result<Expiry> {
        let now = which.now(process);
        let new = Schedule::after(now, wanted.left_ns, wanted.interval_ns);
        Ok(expiry(self.replace(process, which, new)?, now))
    }

    /// Makes what [`follow_limit`](Self::follow_limit) needs, if `process` has a limit of CPU time. ENOMEM.
    pub(crate) fn prepare_limit(&self, process: &Arc<Process>) -> Result<()> {
        if process.limit(Resource::Cpu) != UNLIMITED {
            self.timers.try_call_once(|| Timers::make(process))?;
        }
        Ok(())
    }

    /// Has the timer of the CPU time limit follow the limit of `process`, which has these timers. ENOMEM.
    pub(crate) fn follow_limit(&self, process: &Arc<Process>) -> Result<()> {
        let schedule = match process.limit(Resource::Cpu) {
            UNLIMITED if self.timers.get().is_none() => return Ok(()),
            UNLIMITED => Schedule::OFF,
            seconds => {
                // As on Linux, who limits itself to nothing at all has a second. A limit that has been passed is told of at
                // once.
                let due_ns = Some(seconds.max(1).saturating_mul(SECOND_NS));
                Schedule { due_ns, interval_ns: SECOND_NS }
            }
        };
        self.replace(process, Which::Limit, schedule)?;
        Ok(())
    }

    fn replace(&self, process: &Arc<Process>, which: Which, new: Schedule) -> Result<Schedule> {
        let timers = self.timers.try_call_once(|| Timers::make(process))?;
        let old = {
            let mut settings = self.settings.lock();
            if let (Which::Real, Some(due)) = (which, new.due_ns) {
                timers.real.arm_at(due);
            }
            core::mem::replace(&mut settings[which as usize], new)
        };
        match which {
            Which::Real if new.due_ns.is_none() => _ = timers.real.cancel(),
            Which::Real => {}
            _ => self.plan_look(process, timers),
        }
        Ok(old)
    }

    /// Stops all timers: the end of the process.
    pub(crate) fn stop(&self) {
        *self.settings.lock() = [Schedule::OFF; 4];
        if let Some(timers) = self.timers.get() {
            timers.real.cancel();
            timers.used.cancel();
        }
    }

    /// Sets the timer for the earliest moment at which the process can have used enough. Any context.
    fn plan_look(&self, process: &Process, timers: &Timers) {
        let used = Which::OF_USE.map(|which| (which, which.now(process)));
        let parallelism = process.parallelism();
        let settings = self.settings.lock();
        let left =
            used.iter().filter_map(|&(which, now)| settings[which as usize].due_ns.map(|due| due.saturating_sub(now)));
        if let Some(left) = left.min() {
            let earliest = now_ns().saturating_add(left / parallelism);
            timers.used.arm_at(self.looks.next(Which::Profile.now_of(&used), earliest));
        }
    }

    /// The real timer has fired. In interrupt context.
    fn expire_real(&self, process: &Arc<Process>) {
        let expiries = {
            let mut settings = self.settings.lock();
            let real = &mut settings[Which::Real as usize];
            let expiries = real.advance(now_ns());
            if let (Some(due), Some(timers)) = (real.due_ns, self.timers.get()) {
                timers.real.arm_at(due);
            }
            expiries
        };
        if expiries > 0 {
            send_from_kernel(process, Signal::ALRM);
        }
    }

    /// The process may have used enough. In interrupt context.
    fn look(&self, process: &Arc<Process>) {
        for which in Which::OF_USE {
            let now = which.now(process);
            let expiries = self.settings.lock()[which as usize].advance(now);
            if expiries == 0 {
                continue;
            }
            let is_final = which == Which::Limit && now / SECOND_NS >= process.limits().get(Resource::Cpu).hard;
            send_from_kernel(process, if is_final { Signal::KILL } else { which.signal() });
        }
        if let Some(timers) = self.timers.get() {
            self.plan_look(process, timers);
        }
    }
}

impl Which {
    /// What its clock showed, of what all clocks of used time showed.
    fn now_of(self, shown: &[(Self, u64)]) -> u64 {
        shown.iter().find(|(which, _)| *which == self).map_or(0, |(_, now)| *now)
    }
}

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
        let used = calling(process, IntervalTimers::look)?;
        Ok(Self { real, used })
    }
}
