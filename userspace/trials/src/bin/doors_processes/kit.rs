//! A process with something in it, and the ways to have less than it.

use abi::types::NarrowItem;
use abi::{Errno, Result};
use caps::{Rights, Root};
use std::io;
use trials::narrowing::{narrow, root};
use trials::raw::{call, close, pipe, read, write};
use trials::{Holds, child};

use abi::table::number;

/// A name and what must hold.
pub(crate) type Case = (&'static str, fn() -> Holds);

/// A child that made something ready and waits until it is let go.
pub(crate) struct Host {
    pub(crate) pid: i32,
    /// What it said when it was ready.
    pub(crate) said: Vec<u8>,
    go: usize,
}

impl Host {
    /// A child that runs `prepare`, tells what that gives, and when it is let go runs `afterwards` with the same; its code is
    /// its exit code.
    pub(crate) fn start<T>(
        prepare: impl FnOnce() -> Result<(T, Vec<u8>)>,
        afterwards: impl FnOnce(T) -> i32,
    ) -> io::Result<Self> {
        let no = |errno: Errno| io::Error::other(errno.to_string());
        let ([wait, go], [told, tell]) = (pipe().map_err(no)?, pipe().map_err(no)?);
        let pid = child::fork(|| {
            let _ = (close(go), close(told));
            let Ok((made, said)) = prepare() else { return 98 };
            let is_told = write(tell, &said).is_ok() && close(tell).is_ok();
            // The end of its parent lets it go too.
            let _ = read(wait, 1);
            if is_told { afterwards(made) } else { 97 }
        })?;
        let _ = (close(wait), close(tell));
        let said = read(told, 64).map_err(no)?;
        let _ = close(told);
        Ok(Self { pid, said, go })
    }

    /// A descriptor of it.
    pub(crate) fn descriptor(&self) -> Result<usize> {
        call(number::pidfd_open, &[self.pid as usize, 0])
    }

    /// The number that it said.
    pub(crate) fn number(&self) -> usize {
        let mut bytes = [0; 8];
        bytes[..self.said.len().min(8)].copy_from_slice(&self.said[..self.said.len().min(8)]);
        usize::from_le_bytes(bytes)
    }

    /// Lets it go on, and tells its wait status.
    pub(crate) fn finish(self) -> io::Result<i32> {
        let _ = close(self.go);
        child::wait(self.pid, 0).map(|(_, status)| status)
    }

    /// Lets it go on, which must end well.
    pub(crate) fn end_well(self) -> Holds {
        let status = self.finish().map_err(|error| error.to_string())?;
        trials::equal(status, 0)
    }
}

/// A result as the trial tells of it.
pub(crate) fn got<T>(
    what: &str,
    result: std::result::Result<T, impl std::fmt::Display>,
) -> std::result::Result<T, String> {
    result.map_err(|why| format!("{what}: {why}"))
}

/// Gives up something that has nothing to do with what is tried.
pub(crate) fn give_up_the_clock() -> Holds {
    narrow(&[root(Root::Clock, Rights::NONE, NarrowItem::NOW | NarrowItem::AFTER_EXEC)])
        .map_err(|errno| format!("narrowing: {errno}"))
}

/// Holds if the last denial of this process is of this call and for want of the clock.
pub(crate) fn is_recorded(name: &str) -> Holds {
    let text = got("the record", std::fs::read_to_string("/proc/self/denial"))?;
    let says = |what: &str| if text.contains(what) { Ok(()) } else { Err(format!("no {what} in {text}")) };
    says(&format!("call={name} "))?;
    says("needs=root:clock")?;
    says("taken-by=narrow")
}
