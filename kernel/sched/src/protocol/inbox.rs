//! A lock-free stack through which other CPUs hand over threads.
//!
//! Anybody pushes; the owner (or a thief that holds the owner's run-queue lock) takes everything at once, so there is
//! no ABA problem.

use core::ptr;

use crate::shim::{AtomicPtr, Ordering, constructor};

/// Something that can lie in an inbox.
pub trait Parcel: Sized {
    /// The link to what was pushed before.
    fn next(&self) -> &AtomicPtr<Self>;
}

/// The inbox.
pub struct Inbox<T> {
    head: AtomicPtr<T>,
}

/// Whether a push found the inbox empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// First: somebody must tell the owner.
    First,
    /// The first one's pusher does.
    Later,
}

impl<T: Parcel> Inbox<T> {
    constructor! {
        /// Empty.
        pub fn new() -> Self {
            Self { head: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// Pushes a parcel.
    ///
    /// # Safety
    /// The parcel is in no inbox, stays alive and in place until it has been taken, and nobody else uses its link
    /// until then.
    pub unsafe fn push(&self, parcel: &T) -> Pushed {
        let pointer = ptr::from_ref(parcel).cast_mut();
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            parcel.next().store(head, Ordering::Relaxed);
            // Release: who takes sees the link and the parcel.
            match self.head.compare_exchange_weak(head, pointer, Ordering::Release, Ordering::Relaxed) {
                Ok(_) if head.is_null() => return Pushed::First,
                Ok(_) => return Pushed::Later,
                Err(now) => head = now,
            }
        }
    }

    /// Whether nothing lies in it.
    pub fn is_empty(&self) -> bool {
        self.head.load(Ordering::Relaxed).is_null()
    }

    /// Takes everything and gives it to `f`, first pushed first.
    pub fn take_all(&self, mut f: impl FnMut(&T)) {
        if self.is_empty() {
            return;
        }
        let mut newest = self.head.swap(ptr::null_mut(), Ordering::Acquire);
        let mut oldest: *mut T = ptr::null_mut();
        // SAFETY: what was pushed is alive and in place until it is taken, which is here (`push`'s contract).
        while let Some(parcel) = unsafe { newest.as_ref() } {
            let before = parcel.next().load(Ordering::Relaxed);
            parcel.next().store(oldest, Ordering::Relaxed);
            oldest = newest;
            newest = before;
        }
        // SAFETY: as above; `f` may push the parcel elsewhere, so its link is read first.
        while let Some(parcel) = unsafe { oldest.as_ref() } {
            oldest = parcel.next().load(Ordering::Relaxed);
            f(parcel);
        }
    }
}
