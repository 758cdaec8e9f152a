//! Futexes with priority inheritance: locks whose word names the owner.
//!
//! The word holds the owner's thread id, a bit that says that somebody waits in the kernel, and one that says that the last
//! owner died. Free locks are taken and released without the kernel. Who finds one taken stands in a bucket here and lends its
//! urgency to the owner ([`sched::Thread::lend_to`]); a release with waiters hands the lock to the most urgent of them, and the
//! others lend to that one from then on. So the word names the owner at every moment, and whoever it names inherits.
//!
//! As with plain futexes, the bucket's lock spins, and a page that is missing is fetched outside of it.

use super::Word;
use crate::line::Line;
use abi::{Errno, Result};
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU8, Ordering};
use mm::OutOfMemory;
use mm::space::FutexKey;
use mm::user;
use sched::{LendError, Thread, Wait, WaitError, WaitQueue};
use sync::SpinLock;
use sync::ranks::FutexBucket;

/// Somebody waits in the kernel.
pub const WAITERS: u32 = 0x8000_0000;
/// The last owner died.
pub const OWNER_DIED: u32 = 0x4000_0000;
/// The owner's thread id.
pub const OWNER: u32 = 0x3fff_ffff;

/// A power of two: contended locks are few.
const BUCKETS: usize = 64;

static TABLE: [SpinLock<Line<Entry>, FutexBucket>; BUCKETS] = [const { SpinLock::new(Line::new()) }; BUCKETS];

/// One waiter, and whom it waits for.
struct Entry {
    key: FutexKey,
    owner: u32,
    waiter: Arc<Waiter>,
}

/// A thread that waits for a lock.
struct Waiter {
    thread: Arc<Thread>,
    tid: u32,
    news: AtomicU8,
    queue: WaitQueue,
}

/// What a waiter is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum News {
    /// It owns the lock.
    Granted = 1,
    /// It is to try again: the owner died.
    Died = 2,
    /// Its call is to begin anew.
    Disturbed = 3,
}

/// Whether to wait for a lock.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Not at all: EAGAIN.
    None,
    /// Like this.
    Wait(Wait),
}

/// How to find a thread by its id.
pub type Finder<'a> = &'a dyn Fn(u32) -> Option<Arc<Thread>>;

/// How an attempt ended.
enum Attempt {
    Taken,
    Waiting,
    /// The word changed, or its page is missing.
    Again,
}

impl Waiter {
    fn new(tid: u32) -> Result<Arc<Self>> {
        let (thread, queue) = (sched::current_arc(), WaitQueue::new());
        Ok(mm::alloc::try_arc(Self { thread, tid, news: AtomicU8::new(0), queue })?)
    }

    fn tell(&self, news: News) {
        self.thread.take_back();
        self.news.store(news as u8, Ordering::Release);
        self.queue.wake_one();
    }

    fn news(&self) -> Option<News> {
        match self.news.load(Ordering::Acquire) {
            1 => Some(News::Granted),
            2 => Some(News::Died),
            3 => Some(News::Disturbed),
            _ => None,
        }
    }
}

fn bucket_of(key: &FutexKey) -> &'static SpinLock<Line<Entry>, FutexBucket> {
    let (FutexKey::Private(object, place) | FutexKey::Shared(object, place)) = *key;
    let spread = (object ^ place.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    &TABLE[(spread >> (u64::BITS - BUCKETS.ilog2())) as usize]
}

/// Fetches the word's page for writing, outside of locks. EFAULT.
fn fetch(word: Word) -> Result<u32> {
    let value = user::load_u32(word.address)?;
    user::compare_exchange_u32(word.address, value, value)
}

/// Takes the lock for the calling thread, `me`. EDEADLK where that would wait for itself, ESRCH where the word names a thread
/// that is gone, EAGAIN, ETIMEDOUT, ERESTARTNOINTR, EFAULT.
pub fn lock(word: Word, me: u32, patience: Patience, find: Finder<'_>) -> Result<()> {
    let mut dead = None;
    loop {
        let owner = fetch(word)? & OWNER;
        let is_free = owner == 0 || dead == Some(owner);
        let holder = if is_free || owner == me { None } else { find(owner) };
        let waiter = Waiter::new(me)?;
        match attempt(word, &waiter, owner, dead, holder.as_ref(), patience)? {
            Attempt::Taken => return Ok(()),
            Attempt::Again => continue,
            Attempt::Waiting => {}
        }
        let Patience::Wait(how) = patience else { return Err(Errno::EAGAIN) };
        match wait(word, &waiter, how)? {
            News::Granted => return Ok(()),
            News::Died => dead = Some(owner),
            News::Disturbed => return Err(Errno::ERESTARTNOINTR),
        }
    }
}

/// One look at the word, in which `owner` was seen before.
fn attempt(
    word: Word,
    waiter: &Arc<Waiter>,
    owner: u32,
    dead: Option<u32>,
    holder: Option<&Arc<Thread>>,
    patience: Patience,
) -> Result<Attempt> {
    let mut bucket = bucket_of(&word.key).lock();
    let Ok(value) = user::load_u32(word.address) else { return Ok(Attempt::Again) };
    if value & OWNER != owner {
        return Ok(Attempt::Again);
    }
    if owner == waiter.tid {
        return Err(Errno::EDEADLK);
    }
    if owner == 0 || dead == Some(owner) {
        let is_wanted = bucket.iter().any(|entry| entry.key == word.key);
        let died = if owner != 0 { OWNER_DIED } else { value & OWNER_DIED };
        let new = waiter.tid | died | if is_wanted { WAITERS } else { 0 };
        if user::compare_exchange_u32(word.address, value, new) != Ok(value) {
            return Ok(Attempt::Again);
        }
        redirect(&mut bucket, word, waiter);
        return Ok(Attempt::Taken);
    }
    if matches!(patience, Patience::None) {
        return Err(Errno::EAGAIN);
    }
    // Whoever is not to be found has left its robust locks behind already.
    let holder = holder.ok_or(Errno::ESRCH)?;
    if value & WAITERS == 0 && user::compare_exchange_u32(word.address, value, value | WAITERS) != Ok(value) {
        return Ok(Attempt::Again);
    }
    bucket.reserve(1).map_err(OutOfMemory::from)?;
    waiter.thread.lend_to(holder).map_err(|error| match error {
        LendError::Circle => Errno::EDEADLK,
        LendError::Ended => Errno::ESRCH,
    })?;
    bucket.push_back(Entry { key: word.key, owner, waiter: waiter.clone() });
    Ok(Attempt::Waiting)
}

/// Sleeps until told something. A waiter that gives up and has been told at the last moment takes that.
fn wait(word: Word, waiter: &Arc<Waiter>, how: Wait) -> Result<News> {
    let error = match waiter.queue.wait_until(how, || waiter.news()) {
        Ok(news) => return Ok(news),
        Err(error) => error,
    };
    let entry = {
        let mut bucket = bucket_of(&word.key).lock();
        let place = bucket.iter().position(|entry| Arc::ptr_eq(&entry.waiter, waiter));
        place.and_then(|place| bucket.remove(place))
    };
    drop(entry);
    waiter.thread.take_back();
    match (waiter.news(), error) {
        (Some(news), _) => Ok(news),
        (None, WaitError::TimedOut) => Err(Errno::ETIMEDOUT),
        (None, WaitError::Interrupted) => Err(Errno::ERESTARTNOINTR),
    }
}

/// The waiters of the word lend to its new owner from now on.
fn redirect(bucket: &mut Line<Entry>, word: Word, owner: &Waiter) {
    for entry in bucket.iter_mut().filter(|entry| entry.key == word.key) {
        entry.owner = owner.tid;
        // It runs, or is about to, and waits for nobody: no circle.
        let _ = entry.waiter.thread.lend_to(&owner.thread);
    }
}

/// The place of the most urgent waiter of the word, the first of equals, and whether there are others.
fn most_urgent(bucket: &Line<Entry>, word: Word) -> (Option<usize>, bool) {
    let (mut best, mut count) = (None, 0);
    for (place, entry) in bucket.iter().enumerate().filter(|(_, entry)| entry.key == word.key) {
        let urgency = entry.waiter.thread.urgency();
        count += 1;
        if best.is_none_or(|(_, found)| urgency > found) {
            best = Some((place, urgency));
        }
    }
    (best.map(|(place, _)| place), count > 1)
}

/// Releases the lock, which the calling thread `me` owns: EPERM. The most urgent waiter gets it.
pub fn unlock(word: Word, me: u32) -> Result<()> {
    loop {
        let value = fetch(word)?;
        if value & OWNER != me {
            return Err(Errno::EPERM);
        }
        let mut bucket = bucket_of(&word.key).lock();
        let (first, are_others) = most_urgent(&bucket, word);
        let next = first.and_then(|place| bucket.get(place)).map(|entry| entry.waiter.clone());
        let new = next.as_ref().map_or(0, |next| next.tid | if are_others { WAITERS } else { 0 });
        if user::compare_exchange_u32(word.address, value, new) != Ok(value) {
            continue;
        }
        let entry = first.and_then(|place| bucket.remove(place));
        if let Some(next) = &next {
            // Before the others lend to it: it waits for nobody any more.
            next.thread.take_back();
            redirect(&mut bucket, word, next);
            next.tell(News::Granted);
        }
        drop(bucket);
        drop((entry, next));
        return Ok(());
    }
}

/// The owner of a robust lock died and its word says so: the most urgent waiter takes it.
pub(super) fn rouse(word: Word) {
    let mut bucket = bucket_of(&word.key).lock();
    let entry = most_urgent(&bucket, word).0.and_then(|place| bucket.remove(place));
    drop(bucket);
    if let Some(entry) = entry {
        entry.waiter.tell(News::Died);
    }
}

/// The thread `me` ends: the waiters for locks that it still owns try again, and find that it died.
pub fn abandon(me: u32) {
    tell_all(News::Died, |entry| entry.owner == me);
}

/// Has every waiter whose word `is_meant` begin its call anew.
pub(super) fn disturb(is_meant: impl Fn(&FutexKey) -> bool) {
    tell_all(News::Disturbed, |entry| is_meant(&entry.key));
}

fn tell_all(news: News, is_meant: impl Fn(&Entry) -> bool) {
    for bucket in &TABLE {
        loop {
            let mut entries = bucket.lock();
            let Some(place) = entries.iter().position(&is_meant) else { break };
            let entry = entries.remove(place);
            drop(entries);
            if let Some(entry) = entry {
                entry.waiter.tell(news);
            }
        }
    }
}
