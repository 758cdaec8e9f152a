//! Guards that keep the running code where it is: preemption off, interrupts off.

use core::marker::PhantomData;

use crate::class::LockClass;
use crate::{park, platform, trace};

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
    if trace::is_measuring() {
        trace::preemption_went_off(trace::NO_LOCK);
    }
    PreemptGuard(PhantomData)
}

/// Turns preemption off for a lock of a class, which is counted with the same look at what is on.
#[inline(always)]
pub(crate) fn preempt_off_for<C: LockClass>() -> PreemptGuard {
    platform::preempt_disable();
    if trace::is_measuring() {
        trace::preemption_went_off(C::INDEX);
    }
    PreemptGuard(PhantomData)
}

/// As [`preempt_off_for`], with interrupts.
#[inline(always)]
pub(crate) fn irq_off_for<C: LockClass>() -> IrqOff {
    let saved = platform::interrupts_disable();
    if trace::is_measuring() {
        if saved.were_enabled() {
            trace::interrupts_went_off(C::INDEX);
        } else {
            trace::note_lock(C::INDEX);
        }
    }
    IrqOff { saved, not_send: PhantomData }
}

/// Turns interrupts off.
#[inline(always)]
pub fn irq_off() -> IrqOff {
    let saved = platform::interrupts_disable();
    note_off(saved);
    IrqOff { saved, not_send: PhantomData }
}

/// What was turned off, if it was on, is measured.
#[inline(always)]
fn note_off(saved: platform::SavedFlags) {
    if trace::is_measuring() && saved.were_enabled() {
        trace::interrupts_went_off(trace::NO_LOCK);
    }
}

/// What is turned on, if it is, was measured.
#[inline(always)]
fn restore(saved: platform::SavedFlags) {
    if saved.were_enabled() {
        if trace::is_measuring() {
            trace::interrupts_came_on(trace::NO_LOCK);
        }
        platform::interrupts_restore(saved);
    }
}

impl IrqOff {
    /// Lets pending interrupts in for a moment if they were on before, as waiting loops must.
    #[inline]
    pub(crate) fn relax(&mut self) {
        restore(self.saved);
        platform::relax();
        self.saved = platform::interrupts_disable();
        note_off(self.saved);
    }
}

impl Drop for PreemptGuard {
    #[inline(always)]
    fn drop(&mut self) {
        if trace::is_measuring() {
            trace::preemption_came_on(trace::NO_LOCK);
        }
        platform::preempt_enable();
    }
}

impl Drop for IrqOff {
    #[inline(always)]
    fn drop(&mut self) {
        restore(self.saved);
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
