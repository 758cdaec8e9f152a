//! The core of the sleeping reader-writer lock: a counting word and a queue of waiters.
//!
//! Without waiters, everything is one atomic operation on the word. As soon as somebody waits, newcomers queue
//! behind, and the lock is handed to the first waiter (or the first run of readers), so neither side starves.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::class::ClassInfo;
use crate::contention::Waiting;
use crate::irq_lock::IrqLock;
use crate::list::{List, Node};
use crate::park::{self, Token};
use crate::pin::might_sleep;
use crate::ranks::MutexWaiters;

/// A writer owns the lock.
const WRITER: usize = 1;
/// Somebody waits: newcomers queue, and releasing takes the slow path.
const WAITERS: usize = 2;
/// One reader; the readers' count is the rest of the word.
const READER: usize = 4;

/// What a waiter wants.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Read,
    Write,
}

/// A waiting thread. The cell is used under the list's lock only.
struct Waiter {
    token: Token,
    want: Want,
    granted: Cell<bool>,
}

// SAFETY: the cell is used only under the list's lock, by the waiter and by who releases.
unsafe impl Sync for Waiter {}

/// A sleeping reader-writer lock without data.
pub(crate) struct RawRwMutex {
    word: AtomicUsize,
    waiters: IrqLock<List<Waiter>, MutexWaiters>,
}

impl RawRwMutex {
    pub(crate) const fn new() -> Self {
        Self { word: AtomicUsize::new(0), waiters: IrqLock::new(List::new()) }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn read(&self, class: &'static ClassInfo) {
        might_sleep();
        if !self.try_read() {
            self.wait(Want::Read, class);
        }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn write(&self, class: &'static ClassInfo) {
        might_sleep();
        if !self.try_write() {
            self.wait(Want::Write, class);
        }
    }

    #[inline]
    pub(crate) fn try_read(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & (WRITER | WAITERS) == 0 {
            match self.word.compare_exchange_weak(word, word + READER, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    #[inline]
    pub(crate) fn try_write(&self) -> bool {
        self.word.compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[inline]
    pub(crate) fn unlock_read(&self) {
        // The last reader out hands over. The flag is set only while the lock is owned, so its owner sees it here.
        if self.word.fetch_sub(READER, Ordering::Release) == READER | WAITERS {
            self.hand_over();
        }
    }

    #[inline]
    pub(crate) fn unlock_write(&self) {
        if self.word.fetch_and(!WRITER, Ordering::Release) & WAITERS != 0 {
            self.hand_over();
        }
    }

    /// Turns a writer into a reader without a gap.
    #[inline]
    pub(crate) fn downgrade(&self) {
        if self.word.fetch_add(READER - WRITER, Ordering::Release) & WAITERS != 0 {
            self.hand_over();
        }
    }

    #[cold]
    #[track_caller]
    fn wait(&self, want: Want, class: &'static ClassInfo) {
        let _waiting = Waiting::begin(class);
        let node = Node::new(Waiter { token: park::current(), want, granted: Cell::new(false) });
        if self.take_or_enqueue(&node) {
            return;
        }
        loop {
            park::park();
            // The lock orders us after the one who granted, who may still be using the node.
            let list = self.waiters.lock();
            if node.value().granted.get() {
                return;
            }
            drop(list);
        }
    }

    /// True if the lock was free after all; else the node is queued and the flag set while somebody owns the lock.
    fn take_or_enqueue(&self, node: &Node<Waiter>) -> bool {
        let mut list = self.waiters.lock();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let can_take = match node.value().want {
                Want::Read => word & (WRITER | WAITERS) == 0,
                Want::Write => word == 0,
            };
            let taken = word + if node.value().want == Want::Read { READER } else { WRITER };
            let new = if can_take { taken } else { word | WAITERS };
            match self.word.compare_exchange_weak(word, new, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) if can_take => return true,
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        // SAFETY: the node stays where it is until it has been granted, which unlinks it.
        unsafe { list.push_back(node) };
        // A release between the load and the flag cannot have been missed: the flag went onto a word with an owner,
        // or onto one that had the flag already and whose hand-over waits for `list`.
        false
    }

    /// Gives the lock to the waiters at the front, as far as they fit.
    #[cold]
    fn hand_over(&self) {
        let mut list = self.waiters.lock();
        while let Some(first) = list.front() {
            let taken = match first.want {
                Want::Write => {
                    self.word.compare_exchange(WAITERS, WAITERS | WRITER, Ordering::Acquire, Ordering::Relaxed).is_ok()
                }
                Want::Read => {
                    self.word.load(Ordering::Relaxed) & WRITER == 0 && {
                        // No writer can get in meanwhile: the flag keeps newcomers out and grants need `list`.
                        self.word.fetch_add(READER, Ordering::Acquire);
                        true
                    }
                }
            };
            if !taken {
                return;
            }
            let token = first.token;
            list.pop_front_with(|waiter| waiter.granted.set(true));
            park::unpark(token);
        }
        self.word.fetch_and(!WAITERS, Ordering::Relaxed);
    }
}
