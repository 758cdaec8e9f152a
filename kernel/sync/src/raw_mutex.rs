//! The core of the sleeping mutex: an owner word and a queue of waiters.
//!
//! The word holds the owner's token and two flags. Taking and releasing a free mutex is one atomic operation each. A
//! release with waiters opens the lock and wakes the first waiter, so a running thread may take it first (which saves
//! a switch); but a waiter that has been woken once in vain is handed the lock directly, so it waits for two turns at
//! most.
//!
//! The most urgent waiter stands in front. Whoever waits and is more urgent than the owner lends it its urgency, until the
//! owner releases; from then on the first in line lends to the next owner. All that is on the slow path, under the list's lock.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::class::ClassInfo;
use crate::contention::Waiting;
use crate::irq_lock::IrqLock;
use crate::list::{List, Node};
use crate::park::{self, Token};
use crate::pin::might_sleep;
use crate::platform;
use crate::ranks::MutexWaiters;

/// The word's flag: there may be waiters, so releasing takes the slow path.
const WAITERS: usize = 1;
/// The word's bits that are flags.
const FLAGS: usize = 7;
/// How often a free word is looked for before sleeping: the owner often runs and is nearly done.
const SPINS: u32 = 20;

/// A waiting thread. The cells are used under the list's lock only.
struct Waiter {
    token: Token,
    urgency: u8,
    missed_a_turn: Cell<bool>,
    granted: Cell<bool>,
}

// SAFETY: the cells are used only under the list's lock, by the waiter and by who releases.
unsafe impl Sync for Waiter {}

/// A sleeping mutex without data.
pub(crate) struct RawMutex {
    word: AtomicUsize,
    waiters: IrqLock<List<Waiter>, MutexWaiters>,
}

impl RawMutex {
    pub(crate) const fn new() -> Self {
        Self { word: AtomicUsize::new(0), waiters: IrqLock::new(List::new()) }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn lock(&self, class: &'static ClassInfo) {
        might_sleep();
        if !self.try_lock() {
            self.lock_contended(class);
        }
    }

    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        let me = park::current().get();
        self.word.compare_exchange(0, me, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Releases; the caller holds the mutex.
    #[inline]
    pub(crate) fn unlock(&self) {
        let word = self.word.load(Ordering::Relaxed);
        if word & WAITERS != 0 || self.word.compare_exchange(word, 0, Ordering::Release, Ordering::Relaxed).is_err() {
            self.unlock_contended();
        }
    }

    /// Takes the word if nobody owns it, keeping the waiters' flag.
    fn take_if_open(&self, me: usize) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        word & !FLAGS == 0 && self.word.compare_exchange(word, word | me, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    #[track_caller]
    fn lock_contended(&self, class: &'static ClassInfo) {
        let _waiting = Waiting::begin(class);
        let token = park::current();
        assert!(self.word.load(Ordering::Relaxed) & !FLAGS != token.get() || token.get() == 8, "mutex taken twice");
        for _ in 0..SPINS {
            if self.take_if_open(token.get()) {
                return;
            }
            platform::relax();
        }
        let urgency = park::urgency(token);
        let node = Node::new(Waiter { token, urgency, missed_a_turn: Cell::new(false), granted: Cell::new(false) });
        while !self.take_or_enqueue(&node) {
            park::park();
        }
    }

    /// One turn of a waiter: true if it now owns the mutex and is in no list.
    fn take_or_enqueue(&self, node: &Node<Waiter>) -> bool {
        let mut list = self.waiters.lock();
        if node.value().granted.get() {
            return true;
        }
        // From here to the end of the turn, releases of this mutex that see the flag wait for `list`.
        self.word.fetch_or(WAITERS, Ordering::Relaxed);
        if self.take_if_open(node.value().token.get()) {
            list.remove(node);
            match list.front() {
                None => _ = self.word.fetch_and(!WAITERS, Ordering::Relaxed),
                Some(first) => park::lend(first.token, node.value().token),
            }
            return true;
        }
        if list.contains(node) {
            node.value().missed_a_turn.set(true);
        } else {
            // SAFETY: the node stays where it is until `take_or_enqueue` is true, and then it is unlinked.
            unsafe { list.push_in_order(node, |new, there| new.urgency > there.urgency) };
        }
        // With the flag set the owner cannot release without the list's lock: it exists.
        if let Some(owner) = Token::new(self.word.load(Ordering::Relaxed) & !FLAGS) {
            park::lend(node.value().token, owner);
        }
        false
    }

    #[cold]
    fn unlock_contended(&self) {
        let mut list = self.waiters.lock();
        if park::has_lenders() {
            list.for_each(|waiter| park::take_back(waiter.token));
        }
        let Some(first) = list.front() else {
            self.word.store(0, Ordering::Release);
            return;
        };
        if !first.missed_a_turn.get() {
            self.word.store(WAITERS, Ordering::Release);
            park::unpark(first.token);
            return;
        }
        let token = first.token;
        list.pop_front_with(|waiter| waiter.granted.set(true));
        let flag = if list.is_empty() { 0 } else { WAITERS };
        self.word.store(token.get() | flag, Ordering::Release);
        if let Some(first) = list.front() {
            park::lend(first.token, token);
        }
        // Still under the list's lock, which the waiter takes before it goes on: it cannot be gone.
        park::unpark(token);
    }
}
