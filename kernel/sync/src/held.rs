//! The run-time check of the lock order, in debug builds.
//!
//! Each CPU keeps the list of spinning locks held on it, and each thread the list of sleeping locks. The CPU's list is
//! touched only with interrupts off. In release builds all of this is empty.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::class::{ClassInfo, LockClass};

/// More locks than this are never nested.
#[cfg(debug_assertions)]
const DEPTH: usize = 16;

static CHECKING: AtomicBool = AtomicBool::new(true);

/// Stops all checks: a panic's own output must not stumble over the state it reports.
pub fn stop_checking() {
    CHECKING.store(false, Ordering::Relaxed);
}

/// Whether checks are still made.
pub(crate) fn is_checking() -> bool {
    CHECKING.load(Ordering::Relaxed)
}

/// The locks that one CPU or thread holds. Empty in release builds.
#[derive(Debug)]
pub struct HeldList {
    #[cfg(debug_assertions)]
    classes: [Option<&'static ClassInfo>; DEPTH],
    #[cfg(debug_assertions)]
    len: usize,
}

impl HeldList {
    /// A list of nothing.
    pub const fn new() -> Self {
        Self {
            #[cfg(debug_assertions)]
            classes: [None; DEPTH],
            #[cfg(debug_assertions)]
            len: 0,
        }
    }
}

impl Default for HeldList {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(debug_assertions)]
impl HeldList {
    /// Panics if `class` may not be taken now.
    #[track_caller]
    fn check(&self, class: &'static ClassInfo) {
        for held in self.classes[..self.len].iter().flatten() {
            if held.rank >= class.rank {
                stop_checking();
                panic!(
                    "lock order: taking {} (rank {}) while holding {} (rank {})",
                    class.name, class.rank, held.name, held.rank
                );
            }
        }
    }

    #[track_caller]
    fn push(&mut self, class: &'static ClassInfo) {
        if self.len == DEPTH {
            stop_checking();
            panic!("lock order: more than {DEPTH} locks held while taking {}", class.name);
        }
        self.classes[self.len] = Some(class);
        self.len += 1;
    }

    /// Removes the latest entry of `class`; guards may be dropped in any order.
    fn remove(&mut self, class: &'static ClassInfo) {
        let found = self.classes[..self.len].iter().rposition(|held| held.is_some_and(|held| held.name == class.name));
        if let Some(at) = found {
            self.classes.copy_within(at + 1..self.len, at);
            self.len -= 1;
        }
    }
}

/// Whether an acquisition waits (and so must respect the order) or only tries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    Wait,
    Try,
}

/// Checks and records a spinning lock. Call it before waiting, so that a deadlock is named, not just had.
#[inline(always)]
#[track_caller]
pub(crate) fn acquire_spinning(class: &'static ClassInfo, attempt: Attempt) {
    #[cfg(debug_assertions)]
    if is_checking() {
        lists::with_cpu(|held| {
            if attempt == Attempt::Wait {
                held.check(class);
            }
            held.push(class);
        });
    }
    #[cfg(not(debug_assertions))]
    let _ = (class, attempt);
}

/// Forgets a spinning lock.
#[inline(always)]
pub(crate) fn release_spinning(class: &'static ClassInfo) {
    #[cfg(debug_assertions)]
    if is_checking() {
        lists::with_cpu(|held| held.remove(class));
    }
    #[cfg(not(debug_assertions))]
    let _ = class;
}

/// Takes the class off the CPU's held list when dropped.
pub(crate) struct HeldSpinning<C: LockClass>(PhantomData<C>);

impl<C: LockClass> HeldSpinning<C> {
    /// For a guard whose lock has been recorded by [`acquire_spinning`].
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<C: LockClass> Drop for HeldSpinning<C> {
    #[inline(always)]
    fn drop(&mut self) {
        release_spinning(C::INFO);
    }
}

/// Checks and records a sleeping lock.
#[inline(always)]
#[track_caller]
pub(crate) fn acquire_sleeping(class: &'static ClassInfo, attempt: Attempt) {
    #[cfg(debug_assertions)]
    if is_checking() {
        lists::with_thread(|held| {
            if attempt == Attempt::Wait {
                held.check(class);
            }
            held.push(class);
        });
    }
    #[cfg(not(debug_assertions))]
    let _ = (class, attempt);
}

/// Forgets a sleeping lock.
#[inline(always)]
pub(crate) fn release_sleeping(class: &'static ClassInfo) {
    #[cfg(debug_assertions)]
    if is_checking() {
        lists::with_thread(|held| held.remove(class));
    }
    #[cfg(not(debug_assertions))]
    let _ = class;
}

#[cfg(debug_assertions)]
mod lists {
    use core::cell::UnsafeCell;

    use super::HeldList;
    use crate::{park, platform};

    struct CpuList(UnsafeCell<HeldList>);

    // SAFETY: each element is used by its own CPU alone, with interrupts off (`with_cpu`).
    unsafe impl Sync for CpuList {}

    static LISTS: [CpuList; platform::MAX_CPUS] =
        [const { CpuList(UnsafeCell::new(HeldList::new())) }; platform::MAX_CPUS];

    #[track_caller]
    pub(super) fn with_cpu<R>(f: impl FnOnce(&mut HeldList) -> R) -> R {
        let saved = platform::interrupts_disable();
        let list = LISTS[platform::current_cpu().index()].0.get();
        // SAFETY: this CPU's own list, interrupts are off, and `f` (this file's) takes no lock.
        let result = f(unsafe { &mut *list });
        platform::interrupts_restore(saved);
        result
    }

    #[track_caller]
    pub(super) fn with_thread(f: impl FnOnce(&mut HeldList)) {
        let Some(list) = park::hooks().and_then(|hooks| (hooks.held)()) else { return };
        // SAFETY: the hook gives the current thread's own list, which only this thread touches, and only here.
        f(unsafe { &mut *list.as_ptr() });
    }
}
