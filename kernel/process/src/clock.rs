//! The clocks that programs name, and when each will show a time.

use crate::{Context, Process, Task, registry};
use abi::consts::general;
use abi::{Errno, Result};
use alloc::sync::Arc;
use arch::clock::now_ns;
use sched::calendar::Scale;

/// What coarse clocks resolve: a tick of Linux's usual 250 Hz.
const COARSE_NS: u64 = 4_000_000;

/// A clock.
#[derive(Clone)]
pub enum Clock {
    /// Since 1970; may be set.
    Calendar(Scale),
    /// Since boot.
    Monotonic,
    /// As UTC and since boot, but less precise, and for nothing but reading.
    Coarse(Base),
    /// Since boot, of the machine's own counter; for nothing but reading.
    Raw,
    /// What a process has used.
    Process(Arc<Process>, Share),
    /// What a thread has used.
    Thread(Arc<Task>, Share),
}

/// What a coarse clock counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// 1970.
    Calendar,
    /// The boot.
    Boot,
}

/// Which part of the time used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// In user mode and in the kernel.
    All,
    /// In user mode.
    User,
}

impl Share {
    const fn of(self, (user_ns, all_ns): (u64, u64)) -> u64 {
        match self {
            Self::All => all_ns,
            Self::User => user_ns,
        }
    }
}

impl Clock {
    /// The clock with this number. EINVAL.
    pub fn find(cx: &Context, id: i32) -> Result<Self> {
        if id < 0 {
            return Self::find_of_other(cx, id);
        }
        Ok(match id as u32 {
            general::CLOCK_REALTIME | general::CLOCK_REALTIME_ALARM => Self::Calendar(Scale::Utc),
            general::CLOCK_TAI => Self::Calendar(Scale::Tai),
            general::CLOCK_MONOTONIC | general::CLOCK_BOOTTIME | general::CLOCK_BOOTTIME_ALARM => Self::Monotonic,
            general::CLOCK_MONOTONIC_RAW => Self::Raw,
            general::CLOCK_REALTIME_COARSE => Self::Coarse(Base::Calendar),
            general::CLOCK_MONOTONIC_COARSE => Self::Coarse(Base::Boot),
            general::CLOCK_PROCESS_CPUTIME_ID => Self::Process(cx.process().clone(), Share::All),
            general::CLOCK_THREAD_CPUTIME_ID => Self::Thread(cx.task.clone(), Share::All),
            _ => return Err(Errno::EINVAL),
        })
    }

    /// The clock of somebody else: the complement of an id above three bits that say which.
    fn find_of_other(cx: &Context, id: i32) -> Result<Self> {
        const OF_THREAD: i32 = 4;
        let share = match id & 3 {
            0 | 2 => Share::All,
            1 => Share::User,
            _ => return Err(Errno::EINVAL),
        };
        let target = !(id >> 3);
        if id & OF_THREAD != 0 {
            let task = match target {
                0 => cx.task.clone(),
                tid => registry::find_task(tid).ok_or(Errno::EINVAL)?,
            };
            // Only threads of one's own process are shown.
            let is_own = task.process().id() == cx.process().id();
            return if is_own { Ok(Self::Thread(task, share)) } else { Err(Errno::EINVAL) };
        }
        let process = match target {
            0 => cx.process().clone(),
            pid => registry::find_process(pid).ok_or(Errno::EINVAL)?,
        };
        Ok(Self::Process(process, share))
    }

    /// What it shows. Any context.
    pub fn now_ns(&self) -> u64 {
        match self {
            Self::Calendar(scale) => scale.now_ns(),
            Self::Coarse(Base::Calendar) => Scale::Utc.now_ns(),
            Self::Monotonic | Self::Raw | Self::Coarse(Base::Boot) => now_ns(),
            Self::Process(process, share) => share.of(process.used_time_ns()),
            Self::Thread(task, share) => {
                task.thread().map_or(0, |thread| share.of((thread.user_time_ns(), thread.cpu_time_ns())))
            }
        }
    }

    /// Its resolution.
    pub const fn resolution_ns(&self) -> u64 {
        match self {
            Self::Coarse(_) => COARSE_NS,
            _ => 1,
        }
    }

    /// Whether it counts what somebody uses.
    pub const fn is_of_use(&self) -> bool {
        matches!(self, Self::Process(..) | Self::Thread(..))
    }

    /// The earliest moment, in `arch::clock::now_ns` time, at which it can show `time_ns`: used time grows no faster than
    /// time passes on each of the owner's threads. Any context.
    pub fn earliest(&self, time_ns: u64) -> u64 {
        let used = |parallelism: u64| {
            let left_ns = time_ns.saturating_sub(self.now_ns());
            now_ns().saturating_add(left_ns / parallelism)
        };
        match self {
            Self::Calendar(scale) => scale.moment_of(time_ns),
            Self::Monotonic | Self::Raw | Self::Coarse(_) => time_ns,
            Self::Process(process, _) => used(process.parallelism()),
            Self::Thread(..) => used(1),
        }
    }
}
