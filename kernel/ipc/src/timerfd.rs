//! Timers as objects: `timerfd`.

use crate::anonymous;
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use caps::Kind;
use core::sync::atomic::{AtomicU64, Ordering};
use mm::user::Sink;
use object::{Object, Ready, StatusFlags};
use sched::timer::Timer;
use sched::{Wait, WaitQueue};

/// A timer that counts its expiries.
pub struct TimerObject {
    /// Expiries since the last read.
    expiries: AtomicU64,
    /// When it expires next, in `arch::clock::now_ns` time; 0 if it is not armed.
    due_ns: AtomicU64,
    /// Time between expiries; 0 for a single one.
    interval_ns: AtomicU64,
    /// The clock it was made for, as `timerfd_create` numbers it.
    clock: i32,
    timer: Timer,
    flags: StatusFlags,
    queue: WaitQueue,
}

/// When a timer is due, and how often from then on, in `arch::clock::now_ns` time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// The next expiry; `None` for a timer that is not armed.
    pub due_ns: Option<u64>,
    /// Time between expiries; 0 for a single one.
    pub interval_ns: u64,
}

impl TimerObject {
    /// A timer that is not armed.
    pub fn new(clock: i32, flags: OpenFlags) -> Result<Arc<Self>> {
        // The callback needs the object and the object its timer, so the callback learns of the object after it is made.
        let target: Arc<sync::Once<Weak<Self>>> = mm::alloc::try_arc(sync::Once::new())?;
        let callback_target = target.clone();
        let timer = Timer::new(move || {
            if let Some(object) = callback_target.get().and_then(Weak::upgrade) {
                object.expire();
            }
        })?;
        let object = mm::alloc::try_arc(Self {
            expiries: AtomicU64::new(0),
            due_ns: AtomicU64::new(0),
            interval_ns: AtomicU64::new(0),
            clock,
            timer,
            flags: StatusFlags::new(OpenFlags::READ_WRITE | flags & OpenFlags::NONBLOCK),
            queue: WaitQueue::new(),
        })?;
        target.call_once(|| Arc::downgrade(&object));
        Ok(object)
    }

    /// The clock it was made for.
    pub fn clock(&self) -> i32 {
        self.clock
    }

    /// Sets it anew and says how it was set.
    pub fn set(&self, setting: Setting) -> Setting {
        let old = self.setting();
        self.timer.cancel();
        self.expiries.store(0, Ordering::Relaxed);
        self.interval_ns.store(setting.interval_ns, Ordering::Relaxed);
        self.due_ns.store(setting.due_ns.unwrap_or(0), Ordering::Release);
        if let Some(due) = setting.due_ns {
            self.timer.arm_at(due);
        }
        old
    }

    /// How it is set.
    pub fn setting(&self) -> Setting {
        let due = self.due_ns.load(Ordering::Acquire);
        Setting { due_ns: (due != 0).then_some(due), interval_ns: self.interval_ns.load(Ordering::Relaxed) }
    }

    /// Counts every period that has passed, and arms for the next. In interrupt context.
    fn expire(&self) {
        let (due, interval) = (self.due_ns.load(Ordering::Acquire), self.interval_ns.load(Ordering::Relaxed));
        let now = arch::clock::now_ns();
        let (count, next) = match interval {
            0 => (1, 0),
            _ => {
                let periods = now.saturating_sub(due) / interval + 1;
                (periods, due + periods * interval)
            }
        };
        self.expiries.fetch_add(count, Ordering::AcqRel);
        self.due_ns.store(next, Ordering::Release);
        if next != 0 {
            self.timer.arm_at(next);
        }
        self.queue.wake_all();
    }

    fn try_take(&self) -> Option<u64> {
        match self.expiries.swap(0, Ordering::AcqRel) {
            0 => None,
            count => Some(count),
        }
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
            Some(count) => count,
            None if self.status_flags().contains(OpenFlags::NONBLOCK) => return Err(Errno::EAGAIN),
            None => {
                let taken = self.queue.wait_until(Wait::INTERRUPTIBLE, || self.try_take());
                taken.map_err(|_| Errno::ERESTARTSYS)?
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
        if self.expiries.load(Ordering::Acquire) > 0 { Ready::READABLE } else { Ready::empty() }
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
