//! Locks on files: `flock`, and the record locks of `fcntl`.
//!
//! All locks of the machine stand in one list behind one sleeping lock: they are few, and taking one is rare. Whoever must
//! wait notes whom they wait for, so that a circle of waiters is found before it closes (EDEADLK).

mod ranges;

pub use ranges::{LockKind, LockOwner, RangeLock, RangeLocks};

use crate::floor::{FileLocks, Mutex, WaitQueue, wait_until_changed};
use crate::namespace::Location;
use abi::{Errno, Result};
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

/// The two families of locks, which do not know each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `fcntl`.
    Records,
    /// `flock`.
    Whole,
}

/// Whether to wait for what stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Wait.
    Yes,
    /// EAGAIN.
    No,
}

struct State {
    files: Vec<File>,
    waiters: Vec<(LockOwner, LockOwner)>,
}

struct File {
    key: Key,
    locks: RangeLocks,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    device: u64,
    node: u64,
    family: Family,
}

static STATE: Mutex<State, FileLocks> = Mutex::new(State { files: Vec::new(), waiters: Vec::new() });
static RELEASED: WaitQueue = WaitQueue::new();
/// Counts releases, so that one between a failed try and the sleep after it is not missed.
static RELEASES: AtomicU64 = AtomicU64::new(0);

/// Takes a lock. EAGAIN, EDEADLK, ENOMEM, and a restart error when a signal ends the wait.
pub fn lock(location: &Location, family: Family, wanted: RangeLock, waiting: Waiting) -> Result<()> {
    let key = key_of(location, family);
    loop {
        let seen = RELEASES.load(Ordering::Acquire);
        let blocker = match STATE.lock().try_take(key, wanted, waiting)? {
            None => return Ok(()),
            Some(blocker) => blocker,
        };
        let waited = wait_until_changed(&RELEASED, || RELEASES.load(Ordering::Acquire) != seen);
        STATE.lock().stop_waiting(wanted.owner, blocker);
        waited?;
    }
}

/// A lock that stands in the way of `wanted`.
pub fn conflict(location: &Location, wanted: &RangeLock) -> Option<RangeLock> {
    let key = key_of(location, Family::Records);
    let state = STATE.lock();
    state.find(key).and_then(|at| state.files[at].locks.conflict(wanted).copied())
}

/// Gives up what an owner holds of a range.
pub fn unlock(location: &Location, family: Family, owner: LockOwner, start: u64, end: u64) -> Result<()> {
    let key = key_of(location, family);
    change(key, |locks| locks.release(owner, start, end))
}

/// Gives up everything that an owner holds on a file.
pub(crate) fn unlock_all(location: &Location, owner: LockOwner) {
    for family in [Family::Records, Family::Whole] {
        let _ = change(key_of(location, family), |locks| {
            locks.release_all(owner);
            Ok(())
        });
    }
}

fn change(key: Key, change: impl FnOnce(&mut RangeLocks) -> Result<()>) -> Result<()> {
    let result = {
        let mut state = STATE.lock();
        let Some(at) = state.find(key) else { return Ok(()) };
        let result = change(&mut state.files[at].locks);
        if state.files[at].locks.is_empty() {
            state.files.swap_remove(at);
        }
        result
    };
    RELEASES.fetch_add(1, Ordering::AcqRel);
    RELEASED.wake_all();
    result
}

fn key_of(location: &Location, family: Family) -> Key {
    Key { device: location.mount().file_system().device(), node: location.node().id(), family }
}

impl State {
    fn find(&self, key: Key) -> Option<usize> {
        self.files.iter().position(|file| file.key == key)
    }

    /// Takes the lock, or notes that its owner waits for the one returned.
    fn try_take(&mut self, key: Key, wanted: RangeLock, waiting: Waiting) -> Result<Option<LockOwner>> {
        let at = match self.find(key) {
            Some(at) => at,
            None => {
                self.files.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
                self.files.push(File { key, locks: RangeLocks::new() });
                self.files.len() - 1
            }
        };
        let Some(blocker) = self.files[at].locks.conflict(&wanted).map(|lock| lock.owner) else {
            let taken = self.files[at].locks.take(wanted);
            if taken.is_err() && self.files[at].locks.is_empty() {
                self.files.swap_remove(at);
            }
            return taken.map(|()| None);
        };
        if waiting == Waiting::No {
            return Err(Errno::EAGAIN);
        }
        if self.waits_for(blocker, wanted.owner) {
            return Err(Errno::EDEADLK);
        }
        self.waiters.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.waiters.push((wanted.owner, blocker));
        Ok(Some(blocker))
    }

    /// Whether `owner` waits, perhaps through others, for `target`. Open files are no end of a circle: others may release them.
    fn waits_for(&self, owner: LockOwner, target: LockOwner) -> bool {
        let mut at = owner;
        for _ in 0..=self.waiters.len() {
            if at == target {
                return matches!(target, LockOwner::Table(_));
            }
            match self.waiters.iter().find(|(waiter, _)| *waiter == at) {
                Some((_, blocker)) => at = *blocker,
                None => return false,
            }
        }
        false
    }

    fn stop_waiting(&mut self, owner: LockOwner, blocker: LockOwner) {
        if let Some(at) = self.waiters.iter().position(|pair| *pair == (owner, blocker)) {
            self.waiters.swap_remove(at);
        }
    }
}
