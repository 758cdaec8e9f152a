//! What a thread is using, for others to look at: the thread notes and forgets without a lock.
//!
//! The thread notes its use, then looks whether it is allowed. Who forbids it does that first, and then visits the notes. A
//! fence on each side makes it impossible that both miss each other: the use is not begun, or the visitor sees the note.
//!
//! What a note points to lives as long as the note, and then as long as somebody visits: the thread forgets, then looks for
//! visitors and waits until they have left; a visitor announces itself, then looks at the notes. Visits are a few
//! instructions long.

use core::array::from_fn;
use core::ptr::null_mut;

use crate::shim::{AtomicPtr, AtomicU32, Ordering, fence};

/// The notes of one thread.
pub struct Notes<T, const PLACES: usize> {
    targets: [AtomicPtr<T>; PLACES],
    visitors: AtomicU32,
}

impl<T, const PLACES: usize> Notes<T, PLACES> {
    /// None.
    pub fn new() -> Self {
        Self { targets: from_fn(|_| AtomicPtr::new(null_mut())), visitors: AtomicU32::new(0) }
    }

    /// Notes a use of `target`, which lives until the note is [forgotten](Self::forget); its place, or `None` if all are taken.
    /// `prepare` writes down what visitors read beside it. For the thread itself; only after this may it look whether
    /// the use is allowed.
    #[inline]
    pub fn note(&self, target: &T, prepare: impl FnOnce(usize)) -> Option<usize> {
        let place = self.targets.iter().position(|target| target.load(Ordering::Relaxed).is_null())?;
        prepare(place);
        self.targets[place].store(core::ptr::from_ref(target).cast_mut(), Ordering::Release);
        fence(Ordering::SeqCst);
        Some(place)
    }

    /// The use at this place is over. Nobody looks at its target any more when this returns. For the thread itself.
    #[inline]
    pub fn forget(&self, place: usize, relax: impl Fn()) {
        self.targets[place].store(null_mut(), Ordering::Release);
        fence(Ordering::SeqCst);
        while self.visitors.load(Ordering::Acquire) != 0 {
            relax();
        }
    }

    /// Whether `matches` holds for one of the notes: for its place and target, which lives meanwhile. For anybody, where
    /// nothing interrupts it for long: the thread may be waiting.
    pub fn any(&self, mut matches: impl FnMut(usize, *const T) -> bool) -> bool {
        self.visitors.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let found = self.targets.iter().enumerate().any(|(place, target)| {
            let target = target.load(Ordering::Acquire);
            !target.is_null() && matches(place, target)
        });
        self.visitors.fetch_sub(1, Ordering::Release);
        found
    }
}
