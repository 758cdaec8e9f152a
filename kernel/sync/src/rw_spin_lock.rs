//! A spinning lock with many readers or one writer.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::class::{LockClass, assert_spinning};
use crate::contention::Waiting;
use crate::held::{self, Attempt, HeldSpinning};
use crate::pin::{PinGuard, PreemptGuard, preempt_off_for, sealed};
use crate::platform::Relax;

/// Data behind a spinning reader-writer lock. Preemption is off while it is held; interrupt handlers do not take it.
///
/// For data that is read often, written rarely and held briefly.
pub struct RwSpinLock<T: ?Sized, C: LockClass> {
    class: PhantomData<fn() -> C>,
    inner: spin::rwlock::RwLock<T, Relax>,
}

/// Read access to the data of a [`RwSpinLock`].
#[must_use]
pub struct RwSpinReadGuard<'a, T: ?Sized, C: LockClass> {
    inner: spin::rwlock::RwLockReadGuard<'a, T, Relax>,
    _held: HeldSpinning<C>,
    _pin: PreemptGuard,
}

/// Write access to the data of a [`RwSpinLock`].
#[must_use]
pub struct RwSpinWriteGuard<'a, T: ?Sized, C: LockClass> {
    inner: spin::rwlock::RwLockWriteGuard<'a, T, Relax>,
    _held: HeldSpinning<C>,
    _pin: PreemptGuard,
}

impl<T, C: LockClass> RwSpinLock<T, C> {
    /// An open lock.
    pub const fn new(value: T) -> Self {
        const { assert_spinning::<C>() };
        Self { class: PhantomData, inner: spin::rwlock::RwLock::new(value) }
    }
}

impl<T: ?Sized, C: LockClass> RwSpinLock<T, C> {
    /// Takes the lock for reading.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> RwSpinReadGuard<'_, T, C> {
        let pin = preempt_off_for::<C>();
        held::acquire_spinning(C::INFO, Attempt::Wait);
        let inner = match self.inner.try_read() {
            Some(inner) => inner,
            None => self.wait_to_read(),
        };
        RwSpinReadGuard { inner, _held: HeldSpinning::new(), _pin: pin }
    }

    /// Takes the lock for writing. New readers are held off by an upgradable read while it waits, so a stream of
    /// readers cannot starve it.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> RwSpinWriteGuard<'_, T, C> {
        let pin = preempt_off_for::<C>();
        held::acquire_spinning(C::INFO, Attempt::Wait);
        let inner = match self.inner.try_write() {
            Some(inner) => inner,
            None => self.wait_to_write(),
        };
        RwSpinWriteGuard { inner, _held: HeldSpinning::new(), _pin: pin }
    }

    #[cold]
    fn wait_to_read(&self) -> spin::rwlock::RwLockReadGuard<'_, T, Relax> {
        let _waiting = Waiting::begin(C::INFO);
        self.inner.read()
    }

    #[cold]
    fn wait_to_write(&self) -> spin::rwlock::RwLockWriteGuard<'_, T, Relax> {
        let _waiting = Waiting::begin(C::INFO);
        self.inner.upgradeable_read().upgrade()
    }

    /// The data, where the borrow checker already proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T: ?Sized, C: LockClass> Deref for RwSpinReadGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized, C: LockClass> Deref for RwSpinWriteGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized, C: LockClass> DerefMut for RwSpinWriteGuard<'_, T, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized, C: LockClass> sealed::Sealed for RwSpinReadGuard<'_, T, C> {}
impl<T: ?Sized, C: LockClass> PinGuard for RwSpinReadGuard<'_, T, C> {}
impl<T: ?Sized, C: LockClass> sealed::Sealed for RwSpinWriteGuard<'_, T, C> {}
impl<T: ?Sized, C: LockClass> PinGuard for RwSpinWriteGuard<'_, T, C> {}

impl<T: ?Sized, C: LockClass> fmt::Debug for RwSpinLock<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RwSpinLock<{}>", C::NAME)
    }
}
