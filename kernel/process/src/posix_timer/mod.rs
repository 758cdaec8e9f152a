//! Timers of processes: `timer_create` and its kin.
//!
//! A timer counts by any [`Clock`], rests on one timer of the scheduler, and tells of its expiries by a signal. While that
//! signal waits to be taken the timer rests; when it is taken, the expiries since then are counted as overruns and the
//! timer goes on in its beat. So a period however short costs no more than the signals that are taken.
//!
//! Timers belong to the process: its children have none of them, and exec and exit end them. Each holds its process, which
//! holds its timers; [`PosixTimers::clear`] undoes that.

mod timer;

pub use timer::{Notice, PosixTimer, Start};

use crate::signal::details::Details;
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use sync::{SpinLock, ranks};

/// The timers of a process, by their ids.
pub struct PosixTimers {
    list: SpinLock<Vec<Option<Arc<PosixTimer>>>, ranks::ProcessState>,
}

impl PosixTimers {
    pub(crate) const fn new() -> Self {
        Self { list: SpinLock::new(Vec::new()) }
    }

    /// Adds the timer that `make` makes when it is told its id, the lowest that is free. EAGAIN with `limit` timers
    /// already, ENOMEM.
    pub fn add(&self, limit: u64, make: impl FnOnce(i32) -> Result<Arc<PosixTimer>>) -> Result<i32> {
        // Timers are made outside the lock, so another thread may take the id meanwhile: then the timer learns its new one.
        let timer = make(self.lowest_free())?;
        let mut list = self.list.lock();
        let used = list.iter().flatten().count() as u64;
        if used >= limit {
            drop(list);
            return Err(Errno::EAGAIN);
        }
        let id = match list.iter().position(Option::is_none) {
            Some(id) => id,
            None => {
                list.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
                list.push(None);
                list.len() - 1
            }
        };
        timer.set_id(id as i32);
        list[id] = Some(timer);
        Ok(id as i32)
    }

    fn lowest_free(&self) -> i32 {
        let list = self.list.lock();
        list.iter().position(Option::is_none).unwrap_or(list.len()) as i32
    }

    /// The timer with this id. EINVAL.
    pub fn find(&self, id: i32) -> Result<Arc<PosixTimer>> {
        let place = usize::try_from(id).map_err(|_| Errno::EINVAL)?;
        self.list.lock().get(place).cloned().flatten().ok_or(Errno::EINVAL)
    }

    /// Ends the timer with this id. EINVAL.
    pub fn delete(&self, id: i32) -> Result<()> {
        let place = usize::try_from(id).map_err(|_| Errno::EINVAL)?;
        let timer = self.list.lock().get_mut(place).and_then(Option::take).ok_or(Errno::EINVAL)?;
        timer.end();
        Ok(())
    }

    /// Ends all timers: exec, and the end of the process.
    pub(crate) fn clear(&self) {
        let timers = core::mem::take(&mut *self.list.lock());
        timers.iter().flatten().for_each(|timer| timer.end());
    }

    /// A signal is taken: if a timer sent it, tells the expiries since then, and has the timer go on. With no lock held.
    pub(crate) fn settle(&self, details: &mut Details) {
        if let Some(setting) = details.timer_setting
            && let Ok(timer) = self.find(details.timer_id())
        {
            let overrun = timer.note_taken(setting.get());
            details.set_timer_overrun(overrun);
        }
    }
}
