//! Children that have what is named and nothing else.
//!
//! A forked child begins with all that its parent has, and gives up what it is not to keep. A spawned one begins with
//! nothing: it gets the slots that are named, and of the root capabilities those that are named, as far as the parent has
//! them. What the table bounds (promises, view, ceilings) bounds the child too, as after exec.
//!
//! ```standalone_crate
//! use std::fs::File;
//! use std::io::{Read, pipe};
//! use tessera::{Error, Spawn};
//!
//! let program = File::open("/bin/busybox")?;
//! let (mut reader, writer) = pipe()?;
//! let spawned = Spawn::new(&program, ["busybox", "cat", "/etc/passwd"]).slot(1, &writer).slot(2, &writer).start();
//! let child = match spawned {
//!     Err(Error::Unsupported) => return Ok(()), // not on Tessera
//!     child => child?,
//! };
//! drop(writer);
//! let mut said = String::new();
//! reader.read_to_string(&mut said)?;
//! // It holds no root of the file tree, so there are no paths for it.
//! assert!(said.starts_with("cat: can't open '/etc/passwd'"));
//! assert_eq!(child.wait()?.code(), Some(1));
//! # Ok::<(), std::io::Error>(())
//! ```

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use abi::Errno;
use abi::table::number;
use abi::types::{SpawnArguments, SpawnSlot};
use caps::{Root, RootSet};
use zerocopy::IntoBytes;

use crate::call::{Word, new_slot, own};
use crate::error::Result;

/// The descriptor is closed by exec.
const CLOSE_ON_EXEC: u32 = 2;
/// The child outlives its descriptor.
const DAEMON: u32 = 1;

/// A child to be made.
#[derive(Debug)]
#[must_use = "nothing is made before `start`"]
pub struct Spawn<'a> {
    program: BorrowedFd<'a>,
    /// `None` once a text with a NUL in it was among them.
    arguments: Option<Vec<CString>>,
    environment: Option<Vec<CString>>,
    slots: BTreeMap<u32, BorrowedFd<'a>>,
    roots: RootSet,
    flags: u32,
}

/// A child that was spawned. When it is dropped, the child is killed, unless it was made to outlive it.
#[derive(Debug)]
pub struct Spawned {
    slot: OwnedFd,
}

impl<'a> Spawn<'a> {
    /// The program in a slot, with these arguments; the first is its own name. It gets an empty environment.
    pub fn new(program: &'a impl AsFd, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        Self {
            program: program.as_fd(),
            arguments: arguments.into_iter().map(|argument| text(argument.as_ref().as_bytes())).collect(),
            environment: Some(Vec::new()),
            slots: BTreeMap::new(),
            roots: RootSet::empty(),
            flags: CLOSE_ON_EXEC,
        }
    }

    /// Sets a variable of its environment.
    pub fn variable(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        let variable = text(&[name.as_ref().as_bytes(), b"=", value.as_ref().as_bytes()].concat());
        self.environment = self.environment.zip(variable).map(|(mut environment, variable)| {
            environment.push(variable);
            environment
        });
        self
    }

    /// Gives it what this slot holds, with the same rights, as its slot `number`.
    pub fn slot(mut self, number: u32, slot: &'a impl AsFd) -> Self {
        self.slots.insert(number, slot.as_fd());
        self
    }

    /// Gives it a root capability, as this process has it.
    pub fn root(mut self, root: Root) -> Self {
        self.roots |= root.set();
        self
    }

    /// Lets it live on when nobody holds its descriptor any more.
    pub fn daemon(mut self) -> Self {
        self.flags |= DAEMON;
        self
    }

    /// Makes the child. EINVAL for a NUL in a text or a slot number that cannot be; ENOTCAPABLE for a slot that may not
    /// be passed on.
    pub fn start(&self) -> Result<Spawned> {
        let (Some(arguments), Some(environment)) = (&self.arguments, &self.environment) else {
            return Err(Errno::EINVAL.into());
        };
        let pointers = |texts: &[CString]| texts.iter().map(|text| text.as_ptr() as u64).chain([0]).collect::<Vec<_>>();
        let (arguments, environment) = (pointers(arguments), pointers(environment));
        let slots: Option<Vec<SpawnSlot>> = self
            .slots
            .iter()
            .map(|(to, from)| Some(SpawnSlot { from: from.as_raw_fd(), to: i32::try_from(*to).ok()? }))
            .collect();
        let slots = slots.ok_or(Errno::EINVAL)?;
        let asked = SpawnArguments {
            arguments: arguments.as_ptr() as u64,
            environment: environment.as_ptr() as u64,
            slots: slots.as_ptr() as u64,
            slot_count: slots.len() as u32,
            roots: self.roots.bits(),
            flags: self.flags,
            ..SpawnArguments::default()
        };
        let size = size_of::<SpawnArguments>() as u64;
        let words = [Word::Slot(self.program), Word::In(asked.as_bytes()), Word::Number(size)];
        Ok(Spawned { slot: new_slot(number::spawn, words)? })
    }
}

impl Spawned {
    /// The process's id.
    pub fn id(&self) -> Result<u32> {
        let mut id = [0; 4];
        own(number::pdgetpid, [Word::Slot(self.slot.as_fd()), Word::Out(&mut id)])?;
        Ok(u32::from_ne_bytes(id))
    }

    /// Sends it a signal, by the signal's number.
    pub fn signal(&self, signal: i32) -> Result<()> {
        own(number::pdkill, [Word::Slot(self.slot.as_fd()), Word::Number(signal as u64)]).map(drop)
    }

    /// Waits for its end: how it ended. It is told again to whoever asks again.
    pub fn wait(&self) -> Result<ExitStatus> {
        let mut status = [0; 4];
        loop {
            let (options, usage) = (Word::Number(0), Word::Number(0));
            match own(number::pdwait, [Word::Slot(self.slot.as_fd()), Word::Out(&mut status), options, usage]) {
                Err(error) if error.errno() == Some(Errno::EINTR) => {}
                ended => return ended.map(|_| ExitStatus::from_raw(i32::from_ne_bytes(status))),
            }
        }
    }
}

impl AsFd for Spawned {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.slot.as_fd()
    }
}

impl From<Spawned> for OwnedFd {
    /// The process descriptor: readable when the process has ended.
    fn from(spawned: Spawned) -> Self {
        spawned.slot
    }
}

fn text(bytes: &[u8]) -> Option<CString> {
    CString::new(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_said_is_refused_before_any_call() {
        let nul = Spawn::new(&std::io::stdin(), ["a\0b"]).start();
        assert_eq!(nul.err(), Some(Errno::EINVAL.into()));
        let nul = Spawn::new(&std::io::stdin(), ["a"]).variable("a", "\0").start();
        assert_eq!(nul.err(), Some(Errno::EINVAL.into()));
        let high = Spawn::new(&std::io::stdin(), ["a"]).slot(u32::MAX, &std::io::stdin()).start();
        assert_eq!(high.err(), Some(Errno::EINVAL.into()));
    }

    #[test]
    fn linux_says_that_it_is_not_there() {
        if !crate::system::is_tessera() {
            let spawned = Spawn::new(&std::io::stdin(), ["a"]).root(Root::Clock).daemon().start();
            assert_eq!(spawned.err(), Some(crate::Error::Unsupported));
        }
    }
}
