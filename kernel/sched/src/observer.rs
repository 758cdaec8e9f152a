//! Observers of wait queues: how poll and epoll learn that something may have changed.

use alloc::sync::Arc;
use alloc::vec::Vec;

use mm::OutOfMemory;
use sync::{IrqLock, preempt_off, ranks};

/// Is told of wake-ups.
pub trait Observer: Send + Sync {
    /// The queue was woken. Called with preemption off, perhaps by an interrupt handler, with no lock of this floor
    /// held: must not sleep, and must not drop an attachment.
    fn notify(&self);
}

/// The observers of one queue. Attachments share it, so it may outlive the queue.
pub(crate) struct Observers {
    list: IrqLock<List, ranks::Observers>,
}

struct List {
    /// In the order of their numbers.
    entries: Vec<Entry>,
    next_number: u64,
}

struct Entry {
    number: u64,
    observer: Arc<dyn Observer>,
    /// Notifications under way; the entry stays until there are none, so that no notifier drops the last reference.
    notifying: u32,
}

impl Observers {
    pub(crate) const fn new() -> Self {
        Self { list: IrqLock::new(List { entries: Vec::new(), next_number: 0 }) }
    }

    /// Adds an observer.
    pub(crate) fn attach(this: &Arc<Self>, observer: Arc<dyn Observer>) -> Result<Attachment, OutOfMemory> {
        let mut list = this.list.lock();
        list.entries.try_reserve(1)?;
        let number = list.next_number;
        list.next_number += 1;
        list.entries.push(Entry { number, observer, notifying: 0 });
        Ok(Attachment { observers: this.clone(), number })
    }

    /// Tells everybody who is attached now. No lock is held during a notification: it may wake other queues.
    pub(crate) fn notify(&self) {
        let _pin = preempt_off();
        let mut from = 0;
        while let Some((number, observer)) = self.begin(from) {
            observer.notify();
            drop(observer);
            self.end(number);
            from = number + 1;
        }
    }

    /// The first observer whose number is at least `from`.
    fn begin(&self, from: u64) -> Option<(u64, Arc<dyn Observer>)> {
        let mut list = self.list.lock();
        let at = list.entries.partition_point(|entry| entry.number < from);
        let entry = list.entries.get_mut(at)?;
        entry.notifying += 1;
        Some((entry.number, entry.observer.clone()))
    }

    fn end(&self, number: u64) {
        let mut list = self.list.lock();
        if let Ok(at) = list.entries.binary_search_by_key(&number, |entry| entry.number) {
            list.entries[at].notifying -= 1;
        }
    }

    /// Removes an observer that nobody is notifying. `None`: try again.
    fn try_detach(&self, number: u64) -> Option<Option<Arc<dyn Observer>>> {
        let mut list = self.list.lock();
        let Ok(at) = list.entries.binary_search_by_key(&number, |entry| entry.number) else { return Some(None) };
        if list.entries[at].notifying != 0 {
            return None;
        }
        Some(Some(list.entries.remove(at).observer))
    }
}

/// An observer's place in a wait queue. Dropping it waits for a notification that is under way on another CPU to end.
pub struct Attachment {
    observers: Arc<Observers>,
    number: u64,
}

impl Drop for Attachment {
    fn drop(&mut self) {
        loop {
            if let Some(observer) = self.observers.try_detach(self.number) {
                // Outside the lock: it may be the last reference.
                drop(observer);
                return;
            }
            arch::cpu::relax();
        }
    }
}
