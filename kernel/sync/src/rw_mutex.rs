//! The sleeping reader-writer lock.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

use crate::class::{LockClass, assert_sleeping};
use crate::contention;
use crate::held::{self, Attempt};
use crate::raw_rw_mutex::RawRwMutex;

/// Data behind a sleeping reader-writer lock: many readers or one writer, first come, first served.
///
/// A thread that reads must not read again before it releases: a writer may have queued in between.
pub struct RwMutex<T: ?Sized, C: LockClass> {
    raw: RawRwMutex,
    class: PhantomData<fn() -> C>,
    data: UnsafeCell<T>,
}

// SAFETY: writers are alone with the data, and readers share it.
unsafe impl<T: ?Sized + Send + Sync, C: LockClass> Sync for RwMutex<T, C> {}
// SAFETY: as for any owner of a `T`.
unsafe impl<T: ?Sized + Send, C: LockClass> Send for RwMutex<T, C> {}

/// Read access to the data of a [`RwMutex`].
#[must_use]
pub struct RwMutexReadGuard<'a, T: ?Sized, C: LockClass> {
    lock: &'a RwMutex<T, C>,
    not_send: PhantomData<*mut ()>,
}

/// Write access to the data of a [`RwMutex`].
#[must_use]
pub struct RwMutexWriteGuard<'a, T: ?Sized, C: LockClass> {
    lock: &'a RwMutex<T, C>,
    not_send: PhantomData<*mut ()>,
}

// SAFETY: a shared guard gives `&T` only.
unsafe impl<T: ?Sized + Sync, C: LockClass> Sync for RwMutexReadGuard<'_, T, C> {}
// SAFETY: a shared guard gives `&T` only.
unsafe impl<T: ?Sized + Sync, C: LockClass> Sync for RwMutexWriteGuard<'_, T, C> {}

impl<T, C: LockClass> RwMutex<T, C> {
    /// An open lock.
    pub const fn new(value: T) -> Self {
        const { assert_sleeping::<C>() };
        Self { raw: RawRwMutex::new(), class: PhantomData, data: UnsafeCell::new(value) }
    }

    /// The data, once nobody shares the lock any more.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized, C: LockClass> RwMutex<T, C> {
    /// Takes the lock for reading; sleeps until it may.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> RwMutexReadGuard<'_, T, C> {
        held::acquire_sleeping(C::INFO, Attempt::Wait);
        contention::count::<C>();
        self.raw.read(C::INFO);
        RwMutexReadGuard { lock: self, not_send: PhantomData }
    }

    /// Takes the lock for writing; sleeps until it may.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> RwMutexWriteGuard<'_, T, C> {
        held::acquire_sleeping(C::INFO, Attempt::Wait);
        contention::count::<C>();
        self.raw.write(C::INFO);
        RwMutexWriteGuard { lock: self, not_send: PhantomData }
    }

    /// Takes the lock for reading if that needs no wait.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> Option<RwMutexReadGuard<'_, T, C>> {
        if !self.raw.try_read() {
            return None;
        }
        held::acquire_sleeping(C::INFO, Attempt::Try);
        Some(RwMutexReadGuard { lock: self, not_send: PhantomData })
    }

    /// Takes the lock for writing if that needs no wait.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> Option<RwMutexWriteGuard<'_, T, C>> {
        if !self.raw.try_write() {
            return None;
        }
        held::acquire_sleeping(C::INFO, Attempt::Try);
        Some(RwMutexWriteGuard { lock: self, not_send: PhantomData })
    }

    /// The data, where the borrow checker already proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<'a, T: ?Sized, C: LockClass> RwMutexWriteGuard<'a, T, C> {
    /// Goes on as a reader, with no writer in between.
    pub fn downgrade(self) -> RwMutexReadGuard<'a, T, C> {
        let writer = ManuallyDrop::new(self);
        writer.lock.raw.downgrade();
        RwMutexReadGuard { lock: writer.lock, not_send: PhantomData }
    }
}

impl<T: ?Sized, C: LockClass> Drop for RwMutexReadGuard<'_, T, C> {
    #[inline]
    fn drop(&mut self) {
        held::release_sleeping(C::INFO);
        self.lock.raw.unlock_read();
    }
}

impl<T: ?Sized, C: LockClass> Drop for RwMutexWriteGuard<'_, T, C> {
    #[inline]
    fn drop(&mut self) {
        held::release_sleeping(C::INFO);
        self.lock.raw.unlock_write();
    }
}

impl<T: ?Sized, C: LockClass> Deref for RwMutexReadGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the guard keeps writers out.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized, C: LockClass> Deref for RwMutexWriteGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the guard owns the lock.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized, C: LockClass> DerefMut for RwMutexWriteGuard<'_, T, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard owns the lock and is borrowed exclusively.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: Default, C: LockClass> Default for RwMutex<T, C> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized, C: LockClass> fmt::Debug for RwMutex<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RwMutex<{}>", C::NAME)
    }
}
