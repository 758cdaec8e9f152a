//! Core files, read.

use std::fs;

/// A core file.
pub(crate) struct Core(Vec<u8>);

/// A note.
pub(crate) struct Note<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: u32,
    pub(crate) contents: &'a [u8],
}

fn word(bytes: &[u8], at: usize, size: usize) -> usize {
    let mut word = [0; 8];
    word[..size].copy_from_slice(&bytes[at..at + size]);
    u64::from_le_bytes(word) as usize
}

impl Core {
    /// The core at a path, which must be a whole one.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        let is_core = bytes.len() > 64 && bytes.starts_with(b"\x7fELF\x02\x01\x01") && word(&bytes, 16, 2) == 4;
        if is_core { Ok(Self(bytes)) } else { Err(format!("{path} is no core: {} bytes", bytes.len())) }
    }

    /// The program headers: kind, offset, address, size in the file.
    fn segments(&self) -> impl Iterator<Item = (usize, usize, usize, usize)> {
        let count = word(&self.0, 56, 2);
        (0..count).map(|index| {
            let at = 64 + index * 56;
            let field = |offset| word(&self.0, at + offset, 8);
            (word(&self.0, at, 4), field(8), field(16), field(32))
        })
    }

    /// The notes.
    pub(crate) fn notes(&self) -> Vec<Note<'_>> {
        let mut notes = Vec::new();
        for (_, offset, _, size) in self.segments().filter(|(kind, ..)| *kind == 4) {
            let mut rest = &self.0[offset..offset + size];
            while rest.len() >= 12 {
                let (name_size, size, kind) = (word(rest, 0, 4), word(rest, 4, 4), word(rest, 8, 4));
                let contents = 12 + name_size.next_multiple_of(4);
                let name = std::str::from_utf8(&rest[12..12 + name_size - 1]).unwrap_or("?");
                notes.push(Note { name, kind: kind as u32, contents: &rest[contents..contents + size] });
                rest = &rest[contents + size.next_multiple_of(4)..];
            }
        }
        notes
    }

    /// The contents of the notes of a name and kind.
    pub(crate) fn all(&self, name: &str, kind: u32) -> Vec<&[u8]> {
        self.notes().iter().filter(|note| note.name == name && note.kind == kind).map(|note| note.contents).collect()
    }

    /// The memory from an address on, as far as its region is there.
    pub(crate) fn memory(&self, address: usize) -> Option<&[u8]> {
        let is_there = |(kind, _, start, size): &(usize, usize, usize, usize)| {
            *kind == 1 && (*start..*start + *size).contains(&address)
        };
        let (_, offset, start, size) = self.segments().find(is_there)?;
        self.0.get(offset + (address - start)..offset + size)
    }
}
