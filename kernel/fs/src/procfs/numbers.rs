//! Numbers of nodes: inode numbers, cursors, and names that are numbers.

use super::process::Subject;
use abi::{Errno, Result};

/// Marks the inode numbers of processes' nodes; below it lie those of the fixed tree.
pub const OF_PROCESS: u64 = 1 << 62;
/// Marks those beneath a `task` directory.
pub const OF_THREAD: u64 = 1 << 61;
/// Cursor of pid 0 in the root; the fixed entries lie below.
pub const FIRST_PID: u64 = 1 << 10;
/// The section of the slots' links: beyond the entries of a process.
pub const SLOTS: u64 = 126;
/// The section of the texts about slots.
pub const SLOT_TEXTS: u64 = 127;

/// The inode number of a fixed entry: a path of positions in base 64.
pub fn fixed_number(parent: u64, index: usize) -> u64 {
    parent * 64 + index as u64
}

/// The inode number of what belongs to a process: by the id that names its directory, a section, and a slot.
pub fn process_number(id: i32, section: u64, slot: i32) -> u64 {
    OF_PROCESS | (id as u64 & 0x3f_ffff) << 39 | section << 32 | slot as u32 as u64
}

/// The inode number of what lies beneath a subject's directory.
pub fn number_in(subject: &Subject, section: u64, slot: i32) -> u64 {
    let of_thread = if subject.thread.is_some() { OF_THREAD } else { 0 };
    of_thread | process_number(subject.id(), section, slot)
}

/// The number that a name is: decimal, without leading zeros. ENOENT.
pub fn number_of(name: &[u8]) -> Result<i32> {
    let is_plain =
        name == b"0" || (name.first().is_some_and(|first| *first != b'0') && name.iter().all(u8::is_ascii_digit));
    let text = core::str::from_utf8(name).ok().filter(|_| is_plain).ok_or(Errno::ENOENT)?;
    text.parse().map_err(|_| Errno::ENOENT)
}

/// A number written out without allocating.
pub struct Decimal(arrayvec::ArrayString<12>);

impl Decimal {
    /// The digits of `number`.
    pub fn of(number: i32) -> Self {
        let mut text = arrayvec::ArrayString::new();
        // Twelve bytes hold any i32.
        let _ = core::fmt::Write::write_fmt(&mut text, format_args!("{number}"));
        Self(text)
    }

    /// The digits.
    pub fn text(&self) -> &[u8] {
        self.0.as_bytes()
    }
}
