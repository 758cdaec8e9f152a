//! What the thread does through lent capabilities: the uses that whoever takes one back has to wait for.
//!
//! A call that works on a capability with a grant notes the grant here, on a cache line of the thread's own, and only then
//! looks (again) whether the grant still allows what it is about to do. Who narrows a grant does so first, and then looks at
//! the notes of all threads. The lock orders the two: either the call sees the narrowing, or the note is seen. The thread
//! alone adds and removes notes.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

use caps::{Grant, Rights};
use crossbeam_utils::CachePadded;
use sync::{SpinLock, ranks};

use super::Thread;

/// The most uses that one call has at a time. Calls name at most three slots; waits for many objects note none while they
/// sleep, but observe the grants.
const USES_MAX: usize = 8;

/// A thread's uses.
pub struct Uses {
    noted: CachePadded<SpinLock<[Option<Use>; USES_MAX], ranks::GrantUses>>,
    is_known: AtomicBool,
}

/// One use.
struct Use {
    grant: Arc<Grant>,
    /// What the use does: once the grant lacks one of these, it is barred.
    rights: Rights,
}

impl Use {
    fn is_barred(&self) -> bool {
        !self.grant.limit().contains(self.rights)
    }
}

impl Uses {
    pub(super) const fn new() -> Self {
        Self { noted: CachePadded::new(SpinLock::new([const { None }; USES_MAX])), is_known: AtomicBool::new(false) }
    }

    /// Notes a use of the running thread's, and returns its place; `None` if there is none left.
    #[inline]
    pub fn begin(&self, grant: &Arc<Grant>, rights: Rights) -> Option<usize> {
        let grant = grant.clone();
        let mut noted = self.noted.lock();
        let place = noted.iter().position(Option::is_none)?;
        noted[place] = Some(Use { grant, rights });
        Some(place)
    }

    /// The use at this place needs these rights too.
    pub fn extend(&self, place: usize, rights: Rights) {
        if let Some(one) = &mut self.noted.lock()[place] {
            one.rights |= rights;
        }
    }

    /// The use at this place is over.
    #[inline]
    pub fn end(&self, place: usize) {
        let over = self.noted.lock()[place].take();
        // Outside the lock: it may be the last reference.
        drop(over);
    }

    /// Whether the grant of the use at this place does not allow it any more.
    pub fn is_barred(&self, place: usize) -> bool {
        self.noted.lock()[place].as_ref().is_some_and(Use::is_barred)
    }

    /// Whether a use is under way that its grant does not allow any more.
    pub fn is_any_barred(&self) -> bool {
        self.noted.lock().iter().flatten().any(Use::is_barred)
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
