//! The sleeping mutex.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::class::{LockClass, assert_sleeping};
use crate::contention;
use crate::held::{self, Attempt};
use crate::raw_mutex::RawMutex;

/// Data behind a sleeping mutex. Its holder may sleep; interrupt handlers cannot take it.
pub struct Mutex<T: ?Sized, C: LockClass> {
    raw: RawMutex,
    class: PhantomData<fn() -> C>,
    data: UnsafeCell<T>,
}

// SAFETY: the mutex gives one thread at a time access to the data, so sharing it moves `T` between threads.
unsafe impl<T: ?Sized + Send, C: LockClass> Sync for Mutex<T, C> {}
// SAFETY: as for any owner of a `T`.
unsafe impl<T: ?Sized + Send, C: LockClass> Send for Mutex<T, C> {}

/// Access to the data of a [`Mutex`].
#[must_use]
pub struct MutexGuard<'a, T: ?Sized, C: LockClass> {
    mutex: &'a Mutex<T, C>,
    /// The rank checker's list belongs to the thread that locked.
    not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives `&T` only.
unsafe impl<T: ?Sized + Sync, C: LockClass> Sync for MutexGuard<'_, T, C> {}

impl<T, C: LockClass> Mutex<T, C> {
    /// An open mutex.
    pub const fn new(value: T) -> Self {
        const { assert_sleeping::<C>() };
        Self { raw: RawMutex::new(), class: PhantomData, data: UnsafeCell::new(value) }
    }

    /// The data, once nobody shares the mutex any more.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }

    /// Takes two mutexes of the class, in the order of their addresses.
    #[track_caller]
    pub fn lock_two<'a>(&'a self, other: &'a Self) -> (MutexGuard<'a, T, C>, MutexGuard<'a, T, C>) {
        assert!(!core::ptr::eq(self, other), "the two mutexes are one");
        let second = |mutex: &'a Self| {
            mutex.raw.lock(C::INFO);
            held::acquire_sleeping(C::INFO, Attempt::Try);
            MutexGuard { mutex, not_send: PhantomData }
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

impl<T: ?Sized, C: LockClass> Mutex<T, C> {
    /// Takes the mutex; sleeps until it is free.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T, C> {
        held::acquire_sleeping(C::INFO, Attempt::Wait);
        contention::count::<C>();
        self.raw.lock(C::INFO);
        MutexGuard { mutex: self, not_send: PhantomData }
    }

    /// Takes the mutex if it is free.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T, C>> {
        if !self.raw.try_lock() {
            return None;
        }
        held::acquire_sleeping(C::INFO, Attempt::Try);
        Some(MutexGuard { mutex: self, not_send: PhantomData })
    }

    /// The data, where the borrow checker already proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: ?Sized, C: LockClass> Drop for MutexGuard<'_, T, C> {
    #[inline]
    fn drop(&mut self) {
        held::release_sleeping(C::INFO);
        self.mutex.raw.unlock();
    }
}

impl<T: ?Sized, C: LockClass> Deref for MutexGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the guard owns the mutex.
        unsafe { &*self.mutex.data.get() }
    }
}

impl<T: ?Sized, C: LockClass> DerefMut for MutexGuard<'_, T, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard owns the mutex and is borrowed exclusively.
        unsafe { &mut *self.mutex.data.get() }
    }
}

impl<T: Default, C: LockClass> Default for Mutex<T, C> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized, C: LockClass> fmt::Debug for Mutex<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mutex<{}>", C::NAME)
    }
}
