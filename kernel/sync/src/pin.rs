//! Guards that keep the running code where it is: preemption off, interrupts off.

use core::marker::PhantomData;

use crate::{park, platform};

/// Proof that the code cannot move to another CPU while the guard lives.
///
/// Sealed: the guards of this crate are the only ones.
pub trait PinGuard: sealed::Sealed {}

pub(crate) mod sealed {
    /// Keeps [`super::PinGuard`] closed.
    pub trait Sealed {}
}

/// Preemption is off while this lives.
#[must_use]
pub struct PreemptGuard(PhantomData<*mut ()>);

/// Interrupts are off while this lives.
///
/// An interrupt-free region cannot be preempted either, so it needs no preemption count.
#[must_use]
pub struct IrqOff {
    saved: platform::SavedFlags,
    not_send: PhantomData<*mut ()>,
}

/// Turns preemption off.
#[inline(always)]
pub fn preempt_off() -> PreemptGuard {
    platform::preempt_disable();
    PreemptGuard(PhantomData)
}

/// Turns interrupts off.
#[inline(always)]
pub fn irq_off() -> IrqOff {
    IrqOff { saved: platform::interrupts_disable(), not_send: PhantomData }
}

impl IrqOff {
    /// Lets pending interrupts in for a moment if they were on before, as waiting loops must.
    #[inline]
    pub(crate) fn relax(&mut self) {
        platform::interrupts_restore(self.saved);
        platform::relax();
        self.saved = platform::interrupts_disable();
    }
}

impl Drop for PreemptGuard {
    #[inline(always)]
    fn drop(&mut self) {
        platform::preempt_enable();
    }
}

impl Drop for IrqOff {
    #[inline(always)]
    fn drop(&mut self) {
        platform::interrupts_restore(self.saved);
    }
}

impl sealed::Sealed for PreemptGuard {}
impl PinGuard for PreemptGuard {}
impl sealed::Sealed for IrqOff {}
impl PinGuard for IrqOff {}

/// States that the caller may sleep. Debug builds panic where it must not: under a spinning lock, with preemption
/// or interrupts off. Before the scheduler runs, nothing sleeps and everything passes.
#[inline]
#[track_caller]
pub fn might_sleep() {
    if cfg!(debug_assertions) && park::hooks().is_some() && crate::held::is_checking() {
        assert!(platform::interrupts_enabled(), "may sleep with interrupts off");
        assert!(platform::preempt_count() == 0, "may sleep with preemption off");
    }
}
