//! How a sleep may end besides by what it waits for.

use abi::Errno;

/// Which events end a sleep early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interruptible {
    /// None.
    No,
    /// The attention bit `KILL`.
    ByKill,
    /// The attention bits `SIGNAL` and `KILL`, and `REVOKED` where it concerns what the thread is doing.
    BySignal,
}

/// How to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Which events end the sleep early.
    pub interruptible: Interruptible,
    /// When it ends at the latest, in `arch::clock::now_ns` time.
    pub deadline_ns: Option<u64>,
}

impl Wait {
    /// Until the condition holds, or a signal or the end of the thread comes.
    pub const INTERRUPTIBLE: Self = Self { interruptible: Interruptible::BySignal, deadline_ns: None };
    /// Until the condition holds, or the thread is to end.
    pub const KILLABLE: Self = Self { interruptible: Interruptible::ByKill, deadline_ns: None };
    /// Until the condition holds.
    pub const UNINTERRUPTIBLE: Self = Self { interruptible: Interruptible::No, deadline_ns: None };

    /// The same, but not after `deadline_ns` (in `arch::clock::now_ns` time).
    pub const fn until(self, deadline_ns: u64) -> Self {
        Self { deadline_ns: Some(deadline_ns), ..self }
    }
}

/// Why a wait ended without what it waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// By an event that [`Interruptible`] names.
    Interrupted,
    /// The deadline passed.
    TimedOut,
}

impl From<WaitError> for Errno {
    fn from(error: WaitError) -> Self {
        match error {
            // Most calls start again when no handler ran or the handler asked for it; those that do not say EINTR
            // themselves.
            WaitError::Interrupted => Errno::ERESTARTSYS,
            WaitError::TimedOut => Errno::ETIMEDOUT,
        }
    }
}
