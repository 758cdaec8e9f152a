//! Whether a call may wait.

use abi::{Errno, OpenFlags, Result};
use sched::{Wait, WaitError, WaitQueue};

/// Whether a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It waits until a signal comes.
    Wait,
    /// It fails with EAGAIN instead.
    Refuse,
}

impl Patience {
    /// What an open file's flags ask for.
    pub fn of(flags: OpenFlags) -> Self {
        if flags.contains(OpenFlags::NONBLOCK) { Self::Refuse } else { Self::Wait }
    }

    /// Waits on `queue` until `condition` gives something. ERESTARTSYS when a signal came, ETIMEDOUT past the
    /// deadline, EAGAIN instead of waiting.
    pub fn wait<T>(
        self,
        queue: &WaitQueue,
        deadline_ns: Option<u64>,
        mut condition: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        match self {
            Self::Refuse => condition().ok_or(Errno::EAGAIN),
            Self::Wait => {
                let how = Wait { deadline_ns, ..Wait::INTERRUPTIBLE };
                queue.wait_until(how, condition).map_err(|error| match error {
                    WaitError::Interrupted => Errno::ERESTARTSYS,
                    WaitError::TimedOut => Errno::ETIMEDOUT,
                })
            }
        }
    }
}
