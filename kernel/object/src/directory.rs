//! Entries of directories.

use crate::NodeKind;

/// One entry, as a directory lists it.
#[derive(Clone, Copy, Debug)]
pub struct DirectoryEntry<'a> {
    /// Inode number.
    pub inode: u64,
    /// What it names.
    pub kind: NodeKind,
    /// The name.
    pub name: &'a [u8],
    /// The cursor from which listing goes on after this entry.
    pub next: u64,
}

/// The cursor of a directory's own first entry. The two before it are `.` and `..`, which the open file adds.
pub const FIRST_ENTRY: u64 = 2;
