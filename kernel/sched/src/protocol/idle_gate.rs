//! Whether a CPU must be interrupted to notice what was put into its inbox.
//!
//! A CPU that runs a thread must; one that is idle but awake looks by itself; one that is halted must, but only once.
//! The owner announces each step towards sleep or work and looks into the inbox again after a fence; the sender
//! pushes, and looks at the announcement after a fence. So one of the two sees the other.
//!
//! A CPU on which threads wait while others are idle *calls* one of those, so that it comes and takes one. A call is
//! like a push of nothing: the called CPU does not halt before it has looked around once more.

use crate::shim::{AtomicU32, Ordering, constructor, fence};

use super::inbox::Pushed;

/// Runs a thread.
const BUSY: u32 = 0;
/// Idle, and will look into its inbox before it halts or runs a thread.
const AWAKE: u32 = 1;
/// Halted, or about to be.
const HALTED: u32 = 2;

/// A CPU's announcement.
pub struct IdleGate {
    state: AtomicU32,
    /// Calls that the owner has not answered: 0 or 1.
    called: AtomicU32,
}

impl IdleGate {
    constructor! {
        /// Busy.
        pub fn new() -> Self {
            Self { state: AtomicU32::new(BUSY), called: AtomicU32::new(0) }
        }
    }

    /// The owner has nothing to run, and looks for work from now on, here and elsewhere.
    pub fn enter_idle(&self) {
        self.called.store(0, Ordering::Relaxed);
        self.state.store(AWAKE, Ordering::Relaxed);
        // What it sees elsewhere is at least as new as what it has answered.
        fence(Ordering::SeqCst);
    }

    /// The owner wants to halt. False if there is work after all. Interrupts are off from before this call until the
    /// halt.
    pub fn try_halt(&self, inbox_is_empty: impl FnOnce() -> bool) -> bool {
        self.state.store(HALTED, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let may_halt = inbox_is_empty() && self.called.load(Ordering::Relaxed) == 0;
        if !may_halt {
            self.state.store(AWAKE, Ordering::Relaxed);
        }
        may_halt
    }

    /// The owner woke up from a halt.
    pub fn wake_up(&self) {
        self.state.store(AWAKE, Ordering::Relaxed);
    }

    /// The owner is about to run a thread. False if it must look into its inbox once more.
    pub fn leave_idle(&self, inbox_is_empty: impl FnOnce() -> bool) -> bool {
        self.state.store(BUSY, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        inbox_is_empty()
    }

    /// Calls the owner, who seems to be idle, to where threads wait. True if the caller must interrupt it.
    pub fn call(&self) -> bool {
        self.called.store(1, Ordering::Relaxed);
        // A busy owner looks around when it is idle again.
        self.must_interrupt(Pushed::Later)
    }

    /// After a push: whether the sender must interrupt the owner.
    pub fn must_interrupt(&self, pushed: Pushed) -> bool {
        fence(Ordering::SeqCst);
        match self.state.load(Ordering::Relaxed) {
            BUSY => pushed == Pushed::First,
            AWAKE => false,
            // Of several senders one interrupts. If the exchange fails, the owner is awake and has not looked yet.
            _ => self.state.compare_exchange(HALTED, AWAKE, Ordering::Relaxed, Ordering::Relaxed).is_ok(),
        }
    }
}
