//! A spinning lock that interrupt handlers do not take.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::class::{LockClass, assert_spinning};
use crate::contention::Waiting;
use crate::held::{self, Attempt, HeldSpinning};
use crate::pin::{PinGuard, PreemptGuard, preempt_off, preempt_off_for, sealed};
use crate::platform::Relax;

/// Data behind a spinning lock. Preemption is off while it is held.
pub struct SpinLock<T: ?Sized, C: LockClass> {
    class: PhantomData<fn() -> C>,
    inner: spin::mutex::SpinMutex<T, Relax>,
}

/// Access to the data of a [`SpinLock`]; preemption is off, interrupts are as they were.
#[must_use]
pub struct SpinGuard<'a, T: ?Sized, C: LockClass> {
    inner: spin::mutex::SpinMutexGuard<'a, T, Relax>,
    // After `inner`: the lock is open before preemption is on again.
    _held: HeldSpinning<C>,
    _pin: PreemptGuard,
}

impl<T, C: LockClass> SpinLock<T, C> {
    /// An open lock.
    pub const fn new(value: T) -> Self {
        const { assert_spinning::<C>() };
        Self { class: PhantomData, inner: spin::mutex::SpinMutex::new(value) }
    }

    /// The data, once nobody shares the lock any more.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized, C: LockClass> SpinLock<T, C> {
    /// Takes the lock.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> SpinGuard<'_, T, C> {
        let pin = preempt_off_for::<C>();
        held::acquire_spinning(C::INFO, Attempt::Wait);
        let inner = match self.inner.try_lock() {
            Some(inner) => inner,
            None => self.wait(),
        };
        SpinGuard { inner, _held: HeldSpinning::new(), _pin: pin }
    }

    #[cold]
    fn wait(&self) -> spin::mutex::SpinMutexGuard<'_, T, Relax> {
        let _waiting = Waiting::begin(C::INFO);
        self.inner.lock()
    }

    /// Takes the lock if it is open.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<SpinGuard<'_, T, C>> {
        let pin = preempt_off();
        let inner = self.inner.try_lock()?;
        held::acquire_spinning(C::INFO, Attempt::Try);
        Some(SpinGuard { inner, _held: HeldSpinning::new(), _pin: pin })
    }

    /// The data, where the borrow checker already proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T, C: LockClass> SpinLock<T, C> {
    /// Takes two locks of the class, in the order of their addresses.
    #[track_caller]
    pub fn lock_two<'a>(&'a self, other: &'a Self) -> (SpinGuard<'a, T, C>, SpinGuard<'a, T, C>) {
        assert!(!core::ptr::eq(self, other), "the two locks are one");
        let second = |lock: &'a Self| {
            let pin = preempt_off();
            let inner = lock.inner.lock();
            held::acquire_spinning(C::INFO, Attempt::Try);
            SpinGuard { inner, _held: HeldSpinning::new(), _pin: pin }
        };
        if core::ptr::from_ref(self) < core::ptr::from_ref(other) {
            let first = self.lock();
            (first, second(other))
        } else {
            let first = other.lock();
            (second(self), first)
        }
    }
}

impl<T: ?Sized, C: LockClass> Deref for SpinGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized, C: LockClass> DerefMut for SpinGuard<'_, T, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized, C: LockClass> sealed::Sealed for SpinGuard<'_, T, C> {}
impl<T: ?Sized, C: LockClass> PinGuard for SpinGuard<'_, T, C> {}

impl<T: Default, C: LockClass> Default for SpinLock<T, C> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized, C: LockClass> fmt::Debug for SpinLock<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpinLock<{}>", C::NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::SpinLock;
    use crate::ranks::{TestSpinInner, TestSpinOuter};

    #[test]
    fn ranks_increase_inwards() {
        let outer = SpinLock::<_, TestSpinOuter>::new(1);
        let inner = SpinLock::<_, TestSpinInner>::new(2);
        let first = outer.lock();
        let second = inner.lock();
        assert_eq!(*first + *second, 3);
    }

    #[test]
    fn two_of_a_class_are_taken_by_address() {
        let pair = [SpinLock::<_, TestSpinOuter>::new(1), SpinLock::<_, TestSpinOuter>::new(2)];
        {
            let (a, b) = pair[0].lock_two(&pair[1]);
            assert_eq!((*a, *b), (1, 2));
        }
        let (b, a) = pair[1].lock_two(&pair[0]);
        assert_eq!((*a, *b), (1, 2));
    }
}
