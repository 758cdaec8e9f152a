//! The table of waiters.

use crate::line::Line;
use abi::Result;
use alloc::sync::Arc;
use core::num::NonZeroU32;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use mm::OutOfMemory;
use mm::space::FutexKey;
use sched::{Wait, WaitError, WaitQueue};
use sync::ranks::FutexBucket;
use sync::{SpinGuard, SpinLock};

/// A power of two; enough that busy words of a few hundred CPUs rarely share one.
const BUCKETS: usize = 512;

static TABLE: [Bucket; BUCKETS] = [const { Bucket::new() }; BUCKETS];

/// One place in the table, on cache lines of its own.
#[repr(align(128))]
pub struct Bucket {
    /// Waiters in the queue, and those about to enter it.
    announced: AtomicU32,
    queue: SpinLock<Line<Entry>, FutexBucket>,
}

/// One waiter in a queue.
pub struct Entry {
    /// What it waits on.
    pub key: FutexKey,
    /// Which wakers reach it.
    pub bits: NonZeroU32,
    /// The lock with priority inheritance that it will take when it is woken, of one that said so.
    pub target: Option<FutexKey>,
    /// Who it is.
    pub waiter: Arc<Waiter>,
}

/// A sleeping thread. Woken once.
pub struct Waiter {
    is_woken: AtomicBool,
    /// It was woken to look again, not by who changed the word.
    is_disturbed: AtomicBool,
    /// Index of the bucket it is in; changes under that bucket's lock.
    place: AtomicU32,
    queue: WaitQueue,
    /// Where a thread that waits on several words sleeps instead.
    group: Option<Arc<WaitQueue>>,
}

impl Waiter {
    /// One that is in no bucket yet.
    pub fn new() -> core::result::Result<Arc<Self>, OutOfMemory> {
        Self::make(None)
    }

    /// One of several for a thread that sleeps in `group`.
    pub fn in_group(group: &Arc<WaitQueue>) -> core::result::Result<Arc<Self>, OutOfMemory> {
        Self::make(Some(group.clone()))
    }

    fn make(group: Option<Arc<WaitQueue>>) -> core::result::Result<Arc<Self>, OutOfMemory> {
        mm::alloc::try_arc(Self {
            is_woken: AtomicBool::new(false),
            is_disturbed: AtomicBool::new(false),
            place: AtomicU32::new(0),
            queue: WaitQueue::new(),
            group,
        })
    }

    /// Whether somebody woke it.
    pub fn is_woken(&self) -> bool {
        self.is_woken.load(Ordering::Acquire)
    }

    /// Sleeps until woken.
    pub fn sleep(&self, how: Wait) -> core::result::Result<(), WaitError> {
        self.queue.wait_until(how, || self.is_woken().then_some(()))
    }

    /// Whether it is to look again at the word.
    pub fn is_disturbed(&self) -> bool {
        self.is_disturbed.load(Ordering::Acquire)
    }

    fn wake(&self) {
        self.is_woken.store(true, Ordering::Release);
        self.group.as_deref().unwrap_or(&self.queue).wake_one();
    }
}

/// A locked bucket.
pub struct Entries<'a> {
    bucket: &'a Bucket,
    queue: SpinGuard<'a, Line<Entry>, FutexBucket>,
}

/// A locked bucket that counts one more than it holds until that one is pushed.
pub struct Announced<'a> {
    entries: Entries<'a>,
    is_pushed: bool,
}

impl Bucket {
    const fn new() -> Self {
        Self { announced: AtomicU32::new(0), queue: SpinLock::new(Line::new()) }
    }

    /// The bucket of a word.
    pub fn of(key: &FutexKey) -> &'static Self {
        &TABLE[Self::index_of(key)]
    }

    fn index_of(key: &FutexKey) -> usize {
        let (FutexKey::Private(object, place) | FutexKey::Shared(object, place)) = *key;
        // Multiplication spreads into the upper bits, which are the ones taken.
        let spread = (object ^ place.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (spread >> (u64::BITS - BUCKETS.ilog2())) as usize
    }

    fn index(&self) -> usize {
        (core::ptr::from_ref(self).addr() - TABLE.as_ptr().addr()) / size_of::<Self>()
    }

    /// Whether nobody waits here. The caller changed the word before; see the module's protocol.
    pub fn is_surely_empty(&self) -> bool {
        fence(Ordering::SeqCst);
        self.announced.load(Ordering::Relaxed) == 0
    }

    /// Locks the queue.
    pub fn lock(&'static self) -> Entries<'static> {
        Entries { bucket: self, queue: self.queue.lock() }
    }

    /// Announces a waiter, then locks the queue.
    pub fn announce(&'static self) -> Announced<'static> {
        self.announced.fetch_add(1, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        Announced { entries: self.lock(), is_pushed: false }
    }
}

impl Announced<'_> {
    /// The announced waiter enters the queue. ENOMEM.
    pub fn push(&mut self, entry: Entry) -> Result<()> {
        self.entries.queue.reserve(1).map_err(OutOfMemory::from)?;
        entry.waiter.place.store(self.entries.bucket.index() as u32, Ordering::Relaxed);
        self.entries.queue.push_back(entry);
        self.is_pushed = true;
        Ok(())
    }
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        if !self.is_pushed {
            self.entries.bucket.announced.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Entries<'_> {
    /// Wakes at most `count` waiters of `key` that share a bit, longest waiting first.
    pub fn wake(&mut self, key: &FutexKey, count: usize, bits: NonZeroU32) -> usize {
        let (mut woken, mut at) = (0, 0);
        while woken < count
            && let Some(entry) = self.queue.get(at)
        {
            if entry.key != *key || entry.bits.get() & bits.get() == 0 {
                at += 1;
                continue;
            }
            if let Some(entry) = self.take(at) {
                entry.waiter.wake();
                woken += 1;
            }
        }
        woken
    }

    /// Wakes at most `count` waiters of `key`, all of which are to take the lock `target`: EINVAL, and nobody is woken.
    pub fn wake_for(&mut self, key: &FutexKey, target: &FutexKey, count: usize) -> Result<usize> {
        let is_stranger = {
            let mut meant = self.queue.iter().filter(|entry| entry.key == *key).take(count);
            meant.any(|entry| entry.target.as_ref() != Some(target))
        };
        if is_stranger {
            return Err(abi::Errno::EINVAL);
        }
        Ok(self.wake(key, count, NonZeroU32::MAX))
    }

    /// Has the waiters that `is_meant` look again at their words.
    fn disturb(&mut self, is_meant: impl Fn(&FutexKey) -> bool) {
        let mut at = 0;
        while let Some(entry) = self.queue.get(at) {
            if !is_meant(&entry.key) {
                at += 1;
            } else if let Some(entry) = self.take(at) {
                entry.waiter.is_disturbed.store(true, Ordering::Release);
                entry.waiter.wake();
            }
        }
    }

    fn take(&mut self, at: usize) -> Option<Entry> {
        let entry = self.queue.remove(at)?;
        self.bucket.announced.fetch_sub(1, Ordering::Relaxed);
        Some(entry)
    }
}

/// Has every waiter whose word `is_meant` look again at it.
pub fn disturb(is_meant: impl Fn(&FutexKey) -> bool) {
    for bucket in TABLE.iter().filter(|bucket| !bucket.is_surely_empty()) {
        bucket.lock().disturb(&is_meant);
    }
}

/// Takes a waiter that gives up out of the table. False if it was woken before.
pub fn withdraw(waiter: &Arc<Waiter>) -> bool {
    loop {
        let place = waiter.place.load(Ordering::Acquire);
        let mut entries = TABLE[place as usize % BUCKETS].lock();
        if waiter.place.load(Ordering::Acquire) != place {
            continue;
        }
        let position = entries.queue.iter().position(|entry| Arc::ptr_eq(&entry.waiter, waiter));
        return position.and_then(|at| entries.take(at)).is_some();
    }
}

/// The buckets of two words, locked; perhaps one and the same.
pub struct Pair {
    first: Entries<'static>,
    second: Option<Entries<'static>>,
}

impl Pair {
    /// Locks both.
    pub fn lock(first: &'static Bucket, second: &'static Bucket) -> Self {
        if core::ptr::eq(first, second) {
            return Self { first: first.lock(), second: None };
        }
        let (one, two) = first.queue.lock_two(&second.queue);
        Self { first: Entries { bucket: first, queue: one }, second: Some(Entries { bucket: second, queue: two }) }
    }

    /// The first word's bucket.
    pub fn first(&mut self) -> &mut Entries<'static> {
        &mut self.first
    }

    /// The second word's bucket.
    pub fn second(&mut self) -> &mut Entries<'static> {
        self.second.as_mut().unwrap_or(&mut self.first)
    }

    /// Lets at most `count` waiters of `key` wait on `target` instead. ENOMEM, before any has moved.
    pub fn requeue(&mut self, key: &FutexKey, target: FutexKey, count: usize) -> Result<usize> {
        let Some(second) = &mut self.second else {
            let of_key = self.first.queue.iter_mut().filter(|entry| entry.key == *key).take(count);
            return Ok(of_key.map(|entry| entry.key = target).count());
        };
        let waiting = self.first.queue.iter().filter(|entry| entry.key == *key).count().min(count);
        second.queue.reserve(waiting).map_err(OutOfMemory::from)?;
        let (mut moved, mut at) = (0, 0);
        while moved < waiting
            && let Some(entry) = self.first.queue.get(at)
        {
            if entry.key != *key {
                at += 1;
                continue;
            }
            // Counted in its new place first: no waker may find it in neither.
            second.bucket.announced.fetch_add(1, Ordering::SeqCst);
            if let Some(mut entry) = self.first.take(at) {
                entry.key = target;
                entry.waiter.place.store(second.bucket.index() as u32, Ordering::Release);
                second.queue.push_back(entry);
                moved += 1;
            }
        }
        Ok(moved)
    }
}
