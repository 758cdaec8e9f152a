//! How the end, a stop or the continuation of a process is encoded for its parent.

use crate::Signal;

/// What happened to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// It ended by itself with this code.
    Exited(u8),
    /// A signal ended it.
    Killed {
        /// The signal.
        signal: Signal,
        /// Whether a core was written.
        core: CoreWritten,
    },
    /// A signal stopped it.
    Stopped(Signal),
    /// It was continued.
    Continued,
    /// A thread stopped for its tracer: a signal's number, with 0x80 at a system call, and the event in the second byte.
    Trapped(u32),
}

/// Whether the end of a process left a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoreWritten {
    /// It did.
    Yes,
    /// It did not.
    No,
}

impl ExitStatus {
    /// The status word that `wait4` stores.
    pub const fn to_wait_status(self) -> i32 {
        match self {
            Self::Exited(code) => (code as i32) << 8,
            Self::Killed { signal, core: CoreWritten::No } => signal.number(),
            Self::Killed { signal, core: CoreWritten::Yes } => signal.number() | 0x80,
            Self::Stopped(signal) => signal.number() << 8 | 0x7f,
            Self::Continued => 0xffff,
            Self::Trapped(code) => (code as i32) << 8 | 0x7f,
        }
    }

    /// Reads a status word.
    pub const fn from_wait_status(status: i32) -> Option<Self> {
        match (status & 0x7f, status >> 8 & 0xff) {
            _ if status == 0xffff => Some(Self::Continued),
            (0, code) => Some(Self::Exited(code as u8)),
            (0x7f, signal) => match Signal::new(signal) {
                Some(signal) => Some(Self::Stopped(signal)),
                None => None,
            },
            (signal, _) => match Signal::new(signal) {
                Some(signal) if status & 0x80 != 0 => Some(Self::Killed { signal, core: CoreWritten::Yes }),
                Some(signal) => Some(Self::Killed { signal, core: CoreWritten::No }),
                None => None,
            },
        }
    }

    /// The `si_code` of the parent's SIGCHLD: CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED,
    /// CLD_STOPPED, CLD_CONTINUED.
    pub const fn child_code(self) -> i32 {
        match self {
            Self::Exited(_) => 1,
            Self::Killed { core: CoreWritten::No, .. } => 2,
            Self::Killed { core: CoreWritten::Yes, .. } => 3,
            Self::Trapped(_) => 4,
            Self::Stopped(_) => 5,
            Self::Continued => 6,
        }
    }

    /// The `si_status` of the parent's SIGCHLD.
    pub const fn child_status(self) -> i32 {
        match self {
            Self::Exited(code) => code as i32,
            Self::Killed { signal, .. } | Self::Stopped(signal) => signal.number(),
            Self::Continued => Signal::CONT.number(),
            Self::Trapped(code) => code as i32,
        }
    }

    /// The exit code a shell, and the host's `exec` command, report: the code, or 128 + signal.
    pub const fn to_exit_code(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed { signal, .. } | Self::Stopped(signal) => 128 + signal.number() as u8,
            Self::Continued | Self::Trapped(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_round_trip() {
        for status in [
            ExitStatus::Exited(0),
            ExitStatus::Exited(255),
            ExitStatus::Killed { signal: Signal::SEGV, core: CoreWritten::Yes },
            ExitStatus::Killed { signal: Signal::KILL, core: CoreWritten::No },
            ExitStatus::Stopped(Signal::TSTP),
            ExitStatus::Continued,
        ] {
            assert_eq!(ExitStatus::from_wait_status(status.to_wait_status()), Some(status));
        }
        assert_eq!(ExitStatus::Killed { signal: Signal::INT, core: CoreWritten::No }.to_exit_code(), 130);
    }
}
