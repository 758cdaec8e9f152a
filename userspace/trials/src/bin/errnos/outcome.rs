//! How a call ended, in a process of its own.

use abi::Errno;
use trials::child;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It succeeded.
    Succeeded,
    /// It failed so.
    Failed(Errno),
    /// The process ended by this signal: SIGALRM, if it hung.
    Killed(i32),
    /// The trial itself failed.
    Broken,
}

/// A child that hangs for so many seconds is ended.
const PATIENCE: u32 = 30;
/// The exit code of a child that panicked is this, and no error number.
const PANICKED: i32 = 250;

/// How what `body` does ends, in a child.
pub(crate) fn in_child(body: impl FnOnce() -> abi::Result<usize>) -> Outcome {
    let run = || {
        trials::raw::give_up_after(PATIENCE);
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)) {
            Ok(Ok(_)) => 0,
            Ok(Err(errno)) => errno.raw(),
            Err(_) => PANICKED,
        }
    };
    let Ok((_, status)) = child::fork(run).and_then(|pid| child::wait(pid, 0)) else { return Outcome::Broken };
    if libc::WIFSIGNALED(status) {
        return Outcome::Killed(libc::WTERMSIG(status));
    }
    match libc::WEXITSTATUS(status) {
        0 => Outcome::Succeeded,
        PANICKED => Outcome::Broken,
        code => Errno::from_raw(code.into()).map_or(Outcome::Broken, Outcome::Failed),
    }
}
