//! The fixed part of the tree: tables of names and what makes their contents.

use super::ProcFs;
use super::process::Subject;
use abi::Result;
use alloc::vec::Vec;
use object::Location;

/// A name that is always there.
pub struct Entry {
    /// The name.
    pub name: &'static str,
    /// What it names.
    pub what: What,
}

/// What a fixed name stands for.
pub enum What {
    /// A text made when it is read.
    File(fn(&ProcFs) -> Result<Vec<u8>>),
    /// A text that the privileged may set.
    Setting(fn(&ProcFs) -> Result<Vec<u8>>, fn(&ProcFs, &[u8]) -> Result<()>),
    /// A text that never changes.
    Constant(&'static str),
    /// A directory.
    Directory(&'static [Entry]),
    /// A symbolic link to a path.
    Link(fn(&ProcFs) -> Result<Vec<u8>>),
}

/// A name in the directory of each process or thread.
pub struct ProcessEntry {
    /// The name.
    pub name: &'static str,
    /// Permission bits.
    pub mode: u32,
    /// What it names.
    pub what: ProcessWhat,
}

/// What a name in a process's directory stands for.
pub enum ProcessWhat {
    /// A text made when it is read.
    File(fn(&ProcFs, &Subject) -> Result<Vec<u8>>),
    /// A text for those who may look into the process.
    Private(fn(&ProcFs, &Subject) -> Result<Vec<u8>>),
    /// A text that can be set.
    Setting(fn(&ProcFs, &Subject) -> Result<Vec<u8>>, fn(&Subject, &[u8]) -> Result<()>),
    /// A link to a place in the file tree.
    Link(fn(&ProcFs, &Subject) -> Result<Location>),
    /// The directory of its slots.
    Slots,
    /// The directory of texts about its slots.
    SlotTexts,
    /// The directory of its threads.
    Threads,
}
