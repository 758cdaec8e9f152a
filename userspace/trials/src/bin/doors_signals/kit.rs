//! Signals that are blocked, to be looked for; and processes that take turns.

use abi::table::number;
use abi::types::{NarrowItem, Siginfo};
use abi::{Errno, Result};
use caps::{Rights, Root};
use trials::narrowing::{narrow, root};
use trials::raw::{call, close, pipe, read, write};
use trials::{Holds, child};

/// A name and what must hold.
pub(crate) type Case = (&'static str, fn() -> Holds);

const fn set(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// Blocks a signal, so that it stays pending.
pub(crate) fn block(signal: i32) -> Result<usize> {
    let set = set(signal);
    call(number::rt_sigprocmask, &[0, &raw const set as usize, 0, 8])
}

/// Whether the signal waits. What sends it has returned.
pub(crate) fn is_pending(signal: i32) -> bool {
    let mut pending = 0_u64;
    let _ = call(number::rt_sigpending, &[&raw mut pending as usize, 8]);
    pending & set(signal) != 0
}

/// Waits for a blocked signal and takes it.
pub(crate) fn take(signal: i32) -> Result<Siginfo> {
    let (set, mut info) = (set(signal), Siginfo::default());
    call(number::rt_sigtimedwait, &[&raw const set as usize, &raw mut info as usize, 0, 8])?;
    Ok(info)
}

pub(crate) fn got<T>(
    what: &str,
    result: std::result::Result<T, impl std::fmt::Display>,
) -> std::result::Result<T, String> {
    result.map_err(|why| format!("{what}: {why}"))
}

/// Gives up naming others.
pub(crate) fn give_up_signals() -> Holds {
    got("narrowing", narrow(&[root(Root::Signal, Rights::NONE, NarrowItem::NOW | NarrowItem::AFTER_EXEC)]))
}

/// A child that takes a step each time it is told to, and tells when it has.
pub(crate) struct Stepper {
    pub(crate) pid: i32,
    go: usize,
    done: usize,
}

impl Stepper {
    /// A child that takes these steps; one that fails ends it.
    pub(crate) fn start(steps: &[&dyn Fn() -> Holds]) -> std::result::Result<Self, String> {
        let no = |errno: Errno| errno.to_string();
        let ([wait, go], [done, tell]) = (pipe().map_err(no)?, pipe().map_err(no)?);
        let pid = child::fork(|| {
            let _ = (close(go), close(done));
            for step in steps {
                if read(wait, 1).map_or(0, |bytes| bytes.len()) == 0 {
                    return 0;
                }
                if let Err(why) = step() {
                    eprintln!("in a step: {why}");
                    return 1;
                }
                if write(tell, b"x").is_err() {
                    return 2;
                }
            }
            let _ = read(wait, 1);
            0
        });
        let _ = (close(wait), close(tell));
        Ok(Self { pid: got("fork", pid)?, go, done })
    }

    /// Has it take the next step.
    pub(crate) fn step(&self) -> Holds {
        got("telling", write(self.go, b"x"))?;
        match read(self.done, 1) {
            Ok(bytes) if bytes.len() == 1 => Ok(()),
            other => Err(format!("the step: {other:?}")),
        }
    }

    /// Lets it end.
    pub(crate) fn end(self) -> Holds {
        let _ = (close(self.go), close(self.done));
        let (_, status) = got("waiting", child::wait(self.pid, 0))?;
        trials::equal(status, 0)
    }
}
