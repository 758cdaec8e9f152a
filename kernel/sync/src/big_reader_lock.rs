//! A spinning reader-writer lock whose readers share no cache line that they write.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crossbeam_utils::CachePadded;

use crate::announced::{Announcement, Gate};
use crate::class::{LockClass, assert_spinning};
use crate::held::{self, Attempt, HeldSpinning};
use crate::per_cpu::PerCpuStatic;
use crate::pin::{PinGuard, PreemptGuard, preempt_off_for, sealed};
use crate::platform::{self, MAX_CPUS};

/// What each CPU reads now. One announcement serves all locks of this type, since a CPU reads one at a time.
static READING: PerCpuStatic<Announcement> =
    PerCpuStatic::new([const { CachePadded::new(Announcement::new()) }; MAX_CPUS]);

/// Data behind a spinning reader-writer lock. Preemption is off while it is held; interrupt handlers do not take it.
///
/// For data that many CPUs read all the time, for a few instructions: a reader writes to its own CPU's line only. A writer looks at
/// every CPU's line. Whoever reads one such lock takes no other one meanwhile.
pub struct BigReaderLock<T: ?Sized, C: LockClass> {
    class: PhantomData<fn() -> C>,
    gate: Gate,
    data: UnsafeCell<T>,
}

// SAFETY: the data moves with the lock.
unsafe impl<T: ?Sized + Send, C: LockClass> Send for BigReaderLock<T, C> {}
// SAFETY: readers share the data (hence `Sync`), and a writer has it alone (hence `Send`), as the gate sees to.
unsafe impl<T: ?Sized + Send + Sync, C: LockClass> Sync for BigReaderLock<T, C> {}

/// Read access to the data of a [`BigReaderLock`].
#[must_use]
pub struct BigReaderGuard<'a, T: ?Sized, C: LockClass> {
    data: &'a T,
    announcement: &'static Announcement,
    _held: HeldSpinning<C>,
    _pin: PreemptGuard,
}

/// Write access to the data of a [`BigReaderLock`].
#[must_use]
pub struct BigWriterGuard<'a, T: ?Sized, C: LockClass> {
    lock: &'a BigReaderLock<T, C>,
    _held: HeldSpinning<C>,
    _pin: PreemptGuard,
}

impl<T, C: LockClass> BigReaderLock<T, C> {
    /// An open lock.
    pub const fn new(value: T) -> Self {
        const { assert_spinning::<C>() };
        Self { class: PhantomData, gate: Gate::new(), data: UnsafeCell::new(value) }
    }
}

impl<T: ?Sized, C: LockClass> BigReaderLock<T, C> {
    /// Takes the lock for reading.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> BigReaderGuard<'_, T, C> {
        let pin = preempt_off_for::<C>();
        held::acquire_spinning(C::INFO, Attempt::Wait);
        let announcement = READING.own(&pin);
        debug_assert!(announcement.is_idle(), "a CPU reads two big-reader locks");
        self.gate.enter(announcement, platform::relax);
        // SAFETY: no writer has the data before the announcement is withdrawn.
        let data = unsafe { &*self.data.get() };
        BigReaderGuard { data, announcement, _held: HeldSpinning::new(), _pin: pin }
    }

    /// Takes the lock for writing. New readers wait from the moment it begins to wait.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> BigWriterGuard<'_, T, C> {
        let pin = preempt_off_for::<C>();
        held::acquire_spinning(C::INFO, Attempt::Wait);
        self.gate.close(READING.iter().take(platform::cpu_count()), platform::relax);
        BigWriterGuard { lock: self, _held: HeldSpinning::new(), _pin: pin }
    }

    /// The data, where the borrow checker already proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: ?Sized, C: LockClass> Drop for BigReaderGuard<'_, T, C> {
    #[inline(always)]
    fn drop(&mut self) {
        self.announcement.withdraw();
    }
}

impl<T: ?Sized, C: LockClass> Drop for BigWriterGuard<'_, T, C> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lock.gate.open();
    }
}

impl<T: ?Sized, C: LockClass> Deref for BigReaderGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        self.data
    }
}

impl<T: ?Sized, C: LockClass> Deref for BigWriterGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the gate is closed to everybody else until this guard is dropped.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized, C: LockClass> DerefMut for BigWriterGuard<'_, T, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the gate is closed to everybody else until this guard is dropped.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized, C: LockClass> sealed::Sealed for BigReaderGuard<'_, T, C> {}
impl<T: ?Sized, C: LockClass> PinGuard for BigReaderGuard<'_, T, C> {}
impl<T: ?Sized, C: LockClass> sealed::Sealed for BigWriterGuard<'_, T, C> {}
impl<T: ?Sized, C: LockClass> PinGuard for BigWriterGuard<'_, T, C> {}

impl<T: ?Sized, C: LockClass> fmt::Debug for BigReaderLock<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BigReaderLock<{}>", C::NAME)
    }
}
