//! The notes of a core file: pieces of any kind, each with a name and a type.

use abi::{Errno, Result};
use alloc::vec::Vec;

/// NT_PRSTATUS: a thread.
pub const THREAD: u32 = 1;
/// NT_FPREGSET: the thread's vector registers as FXSAVE stores them.
pub const VECTORS: u32 = 2;
/// NT_PRPSINFO: the process.
pub const PROCESS: u32 = 3;
/// NT_AUXV: the auxiliary vector.
pub const AUXILIARY: u32 = 6;
/// NT_SIGINFO: the signal.
pub const SIGNAL: u32 = 0x5349_4749;
/// NT_FILE: the files that were mapped.
pub const FILES: u32 = 0x4649_4c45;
/// NT_X86_XSTATE, of the name `LINUX`: all vector state.
pub const EXTENDED: u32 = 0x202;
/// Of the name `TESSERA`: the record of the denial that ended the process, as a line of text.
pub const DENIAL: u32 = 1;
/// Of the name `TESSERA`: the record of its last denial, where something else ended it.
pub const LAST_DENIAL: u32 = 2;

/// Notes one after the other.
#[derive(Debug, Default)]
pub struct Notes(Vec<u8>);

/// A file that was mapped.
#[derive(Clone, Copy, Debug)]
pub struct MappedFile<'a> {
    /// First address.
    pub start: u64,
    /// First address above.
    pub end: u64,
    /// Byte offset in the file.
    pub offset: u64,
    /// Its path.
    pub path: &'a [u8],
}

/// Bytes of a page, the unit of offsets in the list of files.
const PAGE: u64 = 4096;

impl Notes {
    /// No notes.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a note. ENOMEM.
    pub fn add(&mut self, name: &str, kind: u32, contents: &[u8]) -> Result<()> {
        let name_size = name.len() + 1;
        let header = [name_size as u32, contents.len() as u32, kind];
        let size = 12 + name_size.next_multiple_of(4) + contents.len().next_multiple_of(4);
        self.0.try_reserve(size).map_err(|_| Errno::ENOMEM)?;
        header.iter().for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
        for bytes in [name.as_bytes(), contents] {
            self.0.extend_from_slice(bytes);
            // A name also has a NUL.
            let nul = usize::from(core::ptr::eq(bytes, name.as_bytes()));
            self.0.resize((self.0.len() + nul).next_multiple_of(4), 0);
        }
        Ok(())
    }

    /// Adds the list of mapped files.
    pub fn add_files<'a>(&mut self, files: impl Iterator<Item = MappedFile<'a>> + Clone) -> Result<()> {
        let count = files.clone().count();
        let names: usize = files.clone().map(|file| file.path.len() + 1).sum();
        let mut list = Vec::new();
        list.try_reserve_exact(16 + count * 24 + names).map_err(|_| Errno::ENOMEM)?;
        let mut word = |value: u64| list.extend_from_slice(&value.to_le_bytes());
        word(count as u64);
        word(PAGE);
        files.clone().flat_map(|file| [file.start, file.end, file.offset / PAGE]).for_each(word);
        for file in files {
            list.extend_from_slice(file.path);
            list.push(0);
        }
        self.add("CORE", FILES, &list)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_contents_are_padded_to_words() {
        let mut notes = Notes::new();
        notes.add("CORE", 1, b"abcde").unwrap();
        notes.add("TESSERA", 2, b"abcd").unwrap();
        notes.add("abc", 3, b"").unwrap();
        let expected: &[&[u8]] = &[
            b"\x05\0\0\0\x05\0\0\0\x01\0\0\0CORE\0\0\0\0abcde\0\0\0",
            b"\x08\0\0\0\x04\0\0\0\x02\0\0\0TESSERA\0abcd",
            b"\x04\0\0\0\0\0\0\0\x03\0\0\0abc\0",
        ];
        assert_eq!(notes.as_bytes(), expected.concat());
    }

    #[test]
    fn files_are_listed_before_their_names() {
        let mut notes = Notes::new();
        let file = |start, path| MappedFile { start, end: start + 8192, offset: 4096, path };
        notes.add_files([file(0x1000, &b"/a"[..]), file(0x9000, b"/bc")].into_iter()).unwrap();
        let body = &notes.as_bytes()[20..];
        let word = |at: usize| u64::from_le_bytes(body[at * 8..at * 8 + 8].try_into().unwrap());
        assert_eq!((0..8).map(word).collect::<Vec<_>>(), [2, 4096, 0x1000, 0x3000, 1, 0x9000, 0xb000, 1]);
        assert_eq!(&body[64..], b"/a\0/bc\0\0");
    }
}
