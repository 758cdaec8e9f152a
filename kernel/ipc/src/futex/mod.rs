//! Futexes: threads that wait on a word of user memory.
//!
//! Waiters stand in a hash table by the word's identity (its address within one address space, or
//! its place in shared memory). A waiter enters its bucket and checks the word under the bucket's
//! lock; a waker looks at the bucket after the word was changed. So either the waiter sees the
//! change or the waker sees the waiter.
//!
//! The bucket's lock spins, so under it a missing page is not fetched: the access fails, the lock
//! is opened, the page is fetched by an access outside, and all is tried again. A waker that finds
//! the bucket's count at zero takes no lock at all.
//!
//! Locks with priority inheritance stand in a table of their own: [`inheritance`]. Who waits on several words stands in
//! several buckets and is woken by the first waker.

mod bucket;
pub mod inheritance;
mod robust;
mod several;
mod wake_op;

pub use robust::{clear_child_tid, exit_robust_list};
pub use several::{Part, wait_for_any};
pub use wake_op::WakeOp;

use abi::{Errno, Result};
use alloc::sync::Arc;
use bucket::{Bucket, Entry, Waiter};
use core::num::NonZeroU32;
use mm::AddressSpace;
use mm::space::{FutexKey, KeyScope};
use mm::user;
use sched::{Wait, WaitError};

/// Wakes whom: a waiter is woken if it shares a bit.
pub const ANY_BIT: NonZeroU32 = NonZeroU32::MAX;

/// A futex word.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    address: u64,
    key: FutexKey,
}

impl Word {
    /// The word at `address` of the calling process. EINVAL if it is not aligned, EFAULT if nothing is there.
    pub fn at(address: u64, scope: KeyScope) -> Result<Self> {
        if !address.is_multiple_of(4) {
            return Err(Errno::EINVAL);
        }
        let key = mm::space::with_current(|space| match space {
            Some(space) => space.futex_key(address, scope),
            None => Err(Errno::EFAULT),
        })?;
        Ok(Self { address, key })
    }

    /// Whether the other is the same word, perhaps seen elsewhere.
    pub fn is_same(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// Sleeps while the word is `expected`, until woken by one who shares a bit. EAGAIN if the word is
/// another, ETIMEDOUT, EINTR, EFAULT.
pub fn wait(word: Word, expected: u32, bits: NonZeroU32, how: Wait) -> Result<()> {
    sleep(word, expected, bits, None, how)
}

/// As [`wait`], until [`requeue_to_lock`] wakes it; the caller then takes the lock `target`.
pub fn wait_for_requeue(word: Word, expected: u32, bits: NonZeroU32, target: Word, how: Wait) -> Result<()> {
    sleep(word, expected, bits, Some(target), how)
}

fn sleep(word: Word, expected: u32, bits: NonZeroU32, target: Option<Word>, how: Wait) -> Result<()> {
    let waiter = Waiter::new()?;
    enqueue(word, expected, bits, target, &waiter)?;
    match waiter.sleep(how) {
        Ok(()) if waiter.is_disturbed() => Err(Errno::EINTR),
        Ok(()) => Ok(()),
        // Not to be found any more: it was woken at the last moment.
        Err(_) if !bucket::withdraw(&waiter) => {
            if waiter.is_disturbed() {
                Err(Errno::EINTR)
            } else {
                Ok(())
            }
        }
        Err(WaitError::TimedOut) => Err(Errno::ETIMEDOUT),
        Err(WaitError::Interrupted) => Err(Errno::EINTR),
    }
}

fn enqueue(word: Word, expected: u32, bits: NonZeroU32, target: Option<Word>, waiter: &Arc<Waiter>) -> Result<()> {
    let target = target.map(|target| target.key);
    let bucket = Bucket::of(&word.key);
    loop {
        {
            // Announced before the word is read: a waker that finds nobody announced has changed it before.
            let mut entries = bucket.announce();
            match user::load_u32(word.address) {
                Ok(value) if value != expected => return Err(Errno::EAGAIN),
                Ok(_) => return entries.push(Entry { key: word.key, bits, target, waiter: waiter.clone() }),
                Err(_) => {}
            }
        }
        if user::load_u32(word.address)? != expected {
            return Err(Errno::EAGAIN);
        }
    }
}

/// Wakes at most `count` waiters that share a bit; how many there were.
pub fn wake(word: Word, count: usize, bits: NonZeroU32) -> Result<usize> {
    let bucket = Bucket::of(&word.key);
    if bucket.is_surely_empty() {
        return Ok(0);
    }
    Ok(bucket.lock().wake(&word.key, count, bits))
}

/// Pages of the pager `pager` have left `space`: whoever waits on a word that may have been in one looks again, and meets
/// EFAULT where it was. The others sleep on.
pub fn disturb(space: &AddressSpace, pager: u64) {
    let space = space.id();
    let is_meant = |key: &FutexKey| match *key {
        FutexKey::Private(of, _) => of == space,
        FutexKey::Shared(of, _) => of == pager,
    };
    bucket::disturb(is_meant);
    inheritance::disturb(is_meant);
}

/// The calendar was set: every waiter looks again at its word, and those that wait for a time of the calendar at what that is.
pub fn disturb_all() {
    bucket::disturb(|_| true);
    inheritance::disturb(|_| true);
}

/// How many to wake, how many to move.
#[derive(Clone, Copy, Debug)]
pub struct Requeue {
    /// Waiters to wake.
    pub wake: usize,
    /// Waiters to move to the other word.
    pub requeue: usize,
    /// What the first word must be, else EAGAIN.
    pub expected: Option<u32>,
}

/// Wakes waiters of `word` and lets others wait on `target` instead; how many were woken, and how many moved.
pub fn requeue(word: Word, target: Word, request: Requeue) -> Result<(usize, usize)> {
    let (from, to) = (Bucket::of(&word.key), Bucket::of(&target.key));
    loop {
        {
            let mut pair = bucket::Pair::lock(from, to);
            let value = match request.expected {
                Some(_) => user::load_u32(word.address),
                None => Ok(0),
            };
            if value.is_ok() {
                if request.expected.is_some_and(|expected| value != Ok(expected)) {
                    return Err(Errno::EAGAIN);
                }
                let woken = pair.first().wake(&word.key, request.wake, ANY_BIT);
                let moved = pair.requeue(&word.key, target.key, request.requeue)?;
                return Ok((woken, moved));
            }
        }
        user::load_u32(word.address)?;
    }
}

/// Sends at most `count` waiters of `word`, which is `expected` (else EAGAIN), to the lock `target`, for which each takes its
/// place by itself; how many. EINVAL for waiters that wait for something else.
pub fn requeue_to_lock(word: Word, target: Word, expected: u32, count: usize) -> Result<usize> {
    let bucket = Bucket::of(&word.key);
    loop {
        {
            let mut entries = bucket.lock();
            match user::load_u32(word.address) {
                Ok(value) if value != expected => return Err(Errno::EAGAIN),
                Ok(_) => return entries.wake_for(&word.key, &target.key, count),
                Err(_) => {}
            }
        }
        user::load_u32(word.address)?;
    }
}

/// Changes the word at `target` as `operation` says, wakes waiters of `word`, and, if the old value
/// satisfies the operation's comparison, waiters of `target`; how many altogether.
pub fn wake_op(word: Word, target: Word, counts: (usize, usize), operation: WakeOp) -> Result<usize> {
    let (from, to) = (Bucket::of(&word.key), Bucket::of(&target.key));
    loop {
        {
            let mut pair = bucket::Pair::lock(from, to);
            if let Ok(old) = change(target.address, operation) {
                let mut woken = pair.first().wake(&word.key, counts.0, ANY_BIT);
                if operation.is_satisfied_by(old) {
                    woken += pair.second().wake(&target.key, counts.1, ANY_BIT);
                }
                return Ok(woken);
            }
        }
        // An exchange of a value for itself fetches the page for writing.
        let value = user::load_u32(target.address)?;
        user::compare_exchange_u32(target.address, value, value)?;
    }
}

/// Applies the operation to the word in one step; the value before.
fn change(address: u64, operation: WakeOp) -> Result<u32> {
    let mut old = user::load_u32(address)?;
    loop {
        let seen = user::compare_exchange_u32(address, old, operation.apply(old))?;
        if seen == old {
            return Ok(old);
        }
        old = seen;
    }
}
