//! Queues of sleeping threads.
//!
//! A waiter registers, checks its condition, and sleeps on its permit; a waker changes the condition, looks for
//! registered ones, marks the first and grants it its permit. The fences of [`Interest`] and the permit
//! ([`crate::protocol::parker`]) together exclude a lost wake-up; `tests/loom.rs` checks exactly these two. The mark
//! tells a wake-up by this queue from other grants of the permit (a mutex inside the condition, a timer, a signal).

use alloc::sync::Arc;
use core::cell::Cell;
use core::pin::{Pin, pin};

use arch::clock::now_ns;
use mm::OutOfMemory;
use sync::IrqLock;
use sync::list::{List, Node};
use sync::ranks;

use crate::current::current_thread;
use crate::observer::{Attachment, Observer, Observers};
use crate::park::park;
use crate::protocol::interest::Interest;
use crate::thread::Thread;
use crate::timer::Alarm;
use crate::wait::{Wait, WaitError};
use crate::wake;

/// Threads that wait for something to change, and observers who want to be told.
///
/// Who changes something calls `wake_*` *after* the change; who waits gives the condition to
/// [`wait_until`](Self::wait_until). No wake-up is lost, whatever the interleaving.
pub struct WaitQueue {
    /// Counts waiters and attachments.
    interest: Interest,
    inner: IrqLock<Inner, ranks::WaitQueue>,
}

struct Inner {
    waiters: List<Waiter>,
    /// Made when the first observer comes.
    observers: Option<Arc<Observers>>,
}

/// A thread that waits. The cell is used under the queue's lock.
struct Waiter {
    thread: &'static Thread,
    is_woken: Cell<bool>,
}

// SAFETY: the cell is used under the queue's lock only.
unsafe impl Sync for Waiter {}

impl WaitQueue {
    /// A queue with nobody in it.
    pub const fn new() -> Self {
        let inner = Inner { waiters: List::new(), observers: None };
        Self { interest: Interest::new(), inner: IrqLock::new(inner) }
    }

    /// Sleeps until `condition` gives a value. It is called in the waiting thread, without locks held by this floor,
    /// again after every wake-up, and may take locks of its own.
    pub fn wait_until<T>(&self, how: Wait, mut condition: impl FnMut() -> Option<T>) -> Result<T, WaitError> {
        match condition() {
            Some(value) => Ok(value),
            None => self.wait_slowly(how, &mut condition),
        }
    }

    /// Wakes the thread that has waited longest, and tells all observers. Interrupt handlers may call it.
    #[inline]
    pub fn wake_one(&self) {
        if self.interest.is_wanted() {
            self.wake_at_most(1);
        }
    }

    /// Wakes all waiting threads, and tells all observers. Interrupt handlers may call it.
    #[inline]
    pub fn wake_all(&self) {
        if self.interest.is_wanted() {
            self.wake_at_most(usize::MAX);
        }
    }

    /// Has `observer` told of every wake-up from now on, until the attachment is dropped, which may be after the
    /// queue is.
    pub fn attach(&self, observer: Arc<dyn Observer>) -> Result<Attachment, OutOfMemory> {
        let observers = self.observers()?;
        Observers::attach(&observers, observer)
    }

    fn wait_slowly<T>(&self, how: Wait, condition: &mut dyn FnMut() -> Option<T>) -> Result<T, WaitError> {
        sync::might_sleep();
        let me = current_thread();
        let alarm = pin!(how.deadline_ns.map(|_| Alarm::new()));
        let waiter = pin!(Node::new(Waiter { thread: me, is_woken: Cell::new(false) }));
        let waiter = waiter.into_ref();
        loop {
            let place = Registration::new(self, waiter);
            if let Some(value) = condition() {
                return Ok(value);
            }
            let end = if me.is_interrupted(how.interruptible) {
                Some(WaitError::Interrupted)
            } else if how.deadline_ns.is_some_and(|deadline| now_ns() >= deadline) {
                Some(WaitError::TimedOut)
            } else {
                None
            };
            if let Some(end) = end {
                if place.leave() == Left::Woken {
                    // The wake-up was meant for one who goes on; another must have it.
                    self.wake_one();
                }
                return Err(end);
            }
            if let (Some(deadline_ns), Some(alarm)) = (how.deadline_ns, alarm.as_ref().as_pin_ref()) {
                alarm.set(deadline_ns);
            }
            park(how.interruptible);
            drop(place);
            // Mostly it is what was waited for, and there is no need to queue up again.
            if let Some(value) = condition() {
                return Ok(value);
            }
        }
    }

    #[cold]
    fn observers(&self) -> Result<Arc<Observers>, OutOfMemory> {
        if let Some(observers) = &self.inner.lock().observers {
            return Ok(observers.clone());
        }
        let fresh = mm::alloc::try_arc(Observers::new())?;
        let mut inner = self.inner.lock();
        if let Some(observers) = &inner.observers {
            // Somebody was faster. `fresh` is dropped after the guard.
            return Ok(observers.clone());
        }
        inner.observers = Some(fresh.clone());
        // For good: a queue that was observed once is likely to be again, and attachments may outlive the queue.
        self.interest.register();
        Ok(fresh)
    }

    fn wake_at_most(&self, limit: usize) {
        let observers = {
            let mut inner = self.inner.lock();
            for _ in 0..limit {
                let woken = inner.waiters.pop_front_with(|waiter| {
                    waiter.is_woken.set(true);
                    // Under the lock that the waiter takes before it leaves: the thread cannot be gone.
                    wake::unpark(waiter.thread);
                });
                if woken.is_none() {
                    break;
                }
            }
            inner.observers.clone()
        };
        if let Some(observers) = observers {
            observers.notify();
        }
    }
}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}

/// How a waiter came out of the queue.
#[derive(PartialEq, Eq)]
enum Left {
    /// By itself.
    ByItself,
    /// A wake-up took it out.
    Woken,
}

/// A waiter's place in the queue.
struct Registration<'a> {
    queue: &'a WaitQueue,
    waiter: Pin<&'a Node<Waiter>>,
}

impl<'a> Registration<'a> {
    fn new(queue: &'a WaitQueue, waiter: Pin<&'a Node<Waiter>>) -> Self {
        {
            let mut inner = queue.inner.lock();
            waiter.value().is_woken.set(false);
            // SAFETY: the node is in no list (`drop` took it out), it is pinned, and `drop` takes it out before it
            // goes.
            unsafe { inner.waiters.push_back(&waiter) };
        }
        queue.interest.register();
        Self { queue, waiter }
    }

    fn leave(self) -> Left {
        let left = self.take_out();
        core::mem::forget(self);
        left
    }

    fn take_out(&self) -> Left {
        self.queue.interest.unregister();
        let mut inner = self.queue.inner.lock();
        inner.waiters.remove(&self.waiter);
        if self.waiter.value().is_woken.get() { Left::Woken } else { Left::ByItself }
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.take_out();
    }
}
