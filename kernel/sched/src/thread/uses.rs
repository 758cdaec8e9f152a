//! What the thread does through lent capabilities: the uses that whoever takes one back has to wait for.
//!
//! A call that works on a capability with a grant notes the grant here, on cache lines of the thread's own, and only then
//! looks (again) whether the grant still allows what it is about to do. Who narrows a grant does so first, and then looks at
//! the notes of all threads. [`crate::protocol::notes`] orders the two without a lock: either the call sees the narrowing, or
//! the note is seen. The thread alone adds and removes notes.

use alloc::sync::Arc;
use core::array::from_fn;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use caps::{Grant, Rights};
use crossbeam_utils::CachePadded;

use super::Thread;
use crate::current::current_thread;
use crate::protocol::notes::Notes;

/// The most uses that one call has at a time. Calls name at most three slots; waits for many objects note none while they
/// sleep, but observe the grants.
const USES_MAX: usize = 8;

/// A thread's uses.
pub struct Uses {
    noted: CachePadded<Notes<Grant, USES_MAX>>,
    /// What each use does: once the grant lacks one of these, it is barred. It only grows while the use lasts, so halves
    /// that are read one after the other are enough.
    needed: [[AtomicU64; 2]; USES_MAX],
    is_known: AtomicBool,
}

/// A use that is under way in the running thread. Over when dropped.
pub struct Use {
    /// Keeps what the note points to.
    grant: Arc<Grant>,
    place: usize,
    /// The note is the thread's.
    not_send: PhantomData<*mut ()>,
}

impl Use {
    /// Notes that the running thread is about to do what needs `rights`; whether the grant allows it is to be looked at after
    /// that. `None` if there is no place left.
    #[inline]
    pub fn begin(grant: &Arc<Grant>, rights: Rights) -> Option<Self> {
        let uses = current_thread().uses();
        let grant = grant.clone();
        let place = uses.noted.note(&grant, |place| uses.need(place, rights))?;
        Some(Self { grant, place, not_send: PhantomData })
    }

    /// Notes that the use needs these rights too; false if the grant does not allow that.
    pub fn extend(&self, rights: Rights) -> bool {
        let uses = current_thread().uses();
        uses.need(self.place, uses.needed(self.place) | rights);
        core::sync::atomic::fence(Ordering::SeqCst);
        self.is_allowed(rights)
    }

    /// Whether the grant allows this now.
    #[inline]
    pub fn is_allowed(&self, rights: Rights) -> bool {
        self.grant.limit().contains(rights)
    }

    /// Whether the grant has come not to allow the use any more.
    pub fn is_barred(&self) -> bool {
        !self.is_allowed(current_thread().uses().needed(self.place))
    }
}

impl Drop for Use {
    #[inline]
    fn drop(&mut self) {
        current_thread().uses().noted.forget(self.place, arch::cpu::relax);
    }
}

impl Uses {
    pub(super) fn new() -> Self {
        Self {
            noted: CachePadded::new(Notes::new()),
            needed: from_fn(|_| [const { AtomicU64::new(0) }; 2]),
            is_known: AtomicBool::new(false),
        }
    }

    #[inline]
    fn need(&self, place: usize, rights: Rights) {
        let bits = rights.bits();
        self.needed[place][0].store(bits as u64, Ordering::Relaxed);
        self.needed[place][1].store((bits >> 64) as u64, Ordering::Relaxed);
    }

    fn needed(&self, place: usize) -> Rights {
        let [low, high] = self.needed[place].each_ref().map(|half| u128::from(half.load(Ordering::Relaxed)));
        Rights::from_bits_retain(low | high << 64)
    }

    /// Whether a use is under way that its grant does not allow any more.
    pub fn is_any_barred(&self) -> bool {
        let _pin = sync::preempt_off();
        self.noted.any(|place, grant| {
            // SAFETY: the use at this place keeps its grant while it is noted, and then until visitors have left.
            let grant = unsafe { &*grant };
            !grant.limit().contains(self.needed(place))
        })
    }

    /// Whether those who take grants back know of the thread.
    #[inline]
    pub fn is_known(&self) -> bool {
        self.is_known.load(Ordering::Relaxed)
    }

    /// They know of the thread now.
    pub fn note_known(&self) {
        self.is_known.store(true, Ordering::Relaxed);
    }
}

impl Thread {
    /// What it does through lent capabilities.
    #[inline]
    pub fn uses(&self) -> &Uses {
        &self.uses
    }
}
