//! A spinning lock that interrupt handlers may take.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr;

use crate::class::{LockClass, assert_spinning};
use crate::contention::Waiting;
use crate::held::{self, Attempt, HeldSpinning};
use crate::pin::{IrqOff, PinGuard, irq_off, irq_off_for, sealed};
use crate::platform::Relax;

/// Data behind a spinning lock. Interrupts, and so preemption, are off while it is held.
pub struct IrqLock<T: ?Sized, C: LockClass> {
    class: PhantomData<fn() -> C>,
    inner: spin::mutex::SpinMutex<T, Relax>,
}

/// Access to the data of an [`IrqLock`]; interrupts are off.
#[must_use]
pub struct IrqGuard<'a, T: ?Sized, C: LockClass> {
    inner: spin::mutex::SpinMutexGuard<'a, T, Relax>,
    // After `inner`: the lock is open before interrupts are on again.
    _held: HeldSpinning<C>,
    irq: IrqOff,
}

impl<T, C: LockClass> IrqLock<T, C> {
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

impl<T: ?Sized, C: LockClass> IrqLock<T, C> {
    /// Takes the lock. Interrupts come through while it waits, if they were on.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> IrqGuard<'_, T, C> {
        let irq = irq_off_for::<C>();
        held::acquire_spinning(C::INFO, Attempt::Wait);
        match self.inner.try_lock() {
            Some(inner) => IrqGuard { inner, _held: HeldSpinning::new(), irq },
            None => self.lock_contended(irq),
        }
    }

    /// Takes the lock if it is open.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<IrqGuard<'_, T, C>> {
        let irq = irq_off();
        let inner = self.inner.try_lock()?;
        held::acquire_spinning(C::INFO, Attempt::Try);
        Some(IrqGuard { inner, _held: HeldSpinning::new(), irq })
    }

    /// Opens a lock whose guard was [detached](IrqGuard::detach). Interrupts stay off.
    ///
    /// # Safety
    /// The calling CPU holds the lock, and its guard has been detached.
    #[inline(always)]
    pub unsafe fn force_unlock(&self) {
        // SAFETY: the caller holds the lock and no guard will open it again.
        unsafe { self.inner.force_unlock() };
        held::release_spinning(C::INFO);
    }

    /// The data, where the borrow checker already proves that nobody else has it.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    #[cold]
    #[track_caller]
    fn lock_contended(&self, mut irq: IrqOff) -> IrqGuard<'_, T, C> {
        held::release_spinning(C::INFO);
        let _waiting = Waiting::begin(C::INFO);
        loop {
            while self.inner.is_locked() {
                irq.relax();
            }
            // Weak ordering of the two is fine: only a successful `try_lock` counts.
            if let Some(inner) = self.inner.try_lock() {
                held::acquire_spinning(C::INFO, Attempt::Wait);
                return IrqGuard { inner, _held: HeldSpinning::new(), irq };
            }
        }
    }
}

impl<T: ?Sized, C: LockClass> IrqGuard<'_, T, C> {
    /// The proof that interrupts are off.
    #[inline(always)]
    pub fn irq(&self) -> &IrqOff {
        &self.irq
    }

    /// Leaves the lock closed and keeps interrupts off, for a context switch: who runs next opens it by
    /// [`IrqLock::force_unlock`].
    #[inline(always)]
    pub fn detach(self) -> IrqOff {
        let guard = ManuallyDrop::new(self);
        // SAFETY: the guard is not used or dropped any more, so its proof moves out once; the rest of it needs no drop.
        unsafe { ptr::read(&guard.irq) }
    }
}

impl<T: ?Sized, C: LockClass> Deref for IrqGuard<'_, T, C> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized, C: LockClass> DerefMut for IrqGuard<'_, T, C> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized, C: LockClass> sealed::Sealed for IrqGuard<'_, T, C> {}
impl<T: ?Sized, C: LockClass> PinGuard for IrqGuard<'_, T, C> {}

impl<T: Default, C: LockClass> Default for IrqLock<T, C> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized, C: LockClass> fmt::Debug for IrqLock<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IrqLock<{}>", C::NAME)
    }
}
