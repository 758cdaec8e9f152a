//! The names of a walk that are still to come: the path, and above it the bodies of symbolic links met on the way.

use super::lookup::NAME_MAX;
use abi::{Errno, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What comes after the name just taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// More names.
    Names,
    /// Only slashes.
    Slashes,
    /// Nothing.
    Nothing,
}

/// A piece of text and how much of it is used up.
struct Text<T> {
    bytes: T,
    used: usize,
}

/// Where the name just taken stands.
#[derive(Clone, Copy)]
struct NamePlace {
    /// How many links' bodies are below it: it stands in the path if none are.
    depth: usize,
    start: usize,
    end: usize,
}

/// The names still to come, and the one just taken.
pub(super) struct Names<'p> {
    path: Text<&'p [u8]>,
    /// Bodies of links; those from `depth` on are used up, but the last name may still stand there.
    links: Vec<Text<Vec<u8>>>,
    depth: usize,
    name: NamePlace,
}

impl<'p> Names<'p> {
    pub(super) const fn of(path: &'p [u8]) -> Self {
        let name = NamePlace { depth: 0, start: 0, end: 0 };
        Self { path: Text { bytes: path, used: 0 }, links: Vec::new(), depth: 0, name }
    }

    /// The names in the body of a link come first.
    pub(super) fn push_link(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.links.truncate(self.depth);
        self.links.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.links.push(Text { bytes, used: 0 });
        self.depth += 1;
        Ok(())
    }

    /// Adds the name just taken, and all those still to come, to a path.
    pub(super) fn append_to(&self, path: &mut Vec<u8>) -> Result<()> {
        for depth in (0..=self.name.depth).rev() {
            let (bytes, used) = match depth {
                0 => (self.path.bytes, self.path.used),
                depth => (self.links[depth - 1].bytes.as_slice(), self.links[depth - 1].used),
            };
            let from = if depth == self.name.depth { self.name.start } else { skip_slashes(bytes, used) };
            let rest = &bytes[from..];
            path.try_reserve(rest.len() + 1).map_err(|_| Errno::ENOMEM)?;
            if path.last() != Some(&b'/') && !rest.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(rest);
        }
        Ok(())
    }

    /// The name just taken.
    pub(super) fn current(&self) -> &[u8] {
        let NamePlace { depth, start, end } = self.name;
        match depth {
            0 => &self.path.bytes[start..end],
            depth => &self.links[depth - 1].bytes[start..end],
        }
    }

    /// Takes the next name from the text on top; whether there was one.
    pub(super) fn take(&mut self) -> Result<bool> {
        loop {
            let (bytes, used): (&[u8], &mut usize) = match self.depth {
                0 => (self.path.bytes, &mut self.path.used),
                depth => {
                    let text = &mut self.links[depth - 1];
                    (&text.bytes, &mut text.used)
                }
            };
            let start = skip_slashes(bytes, *used);
            let rest = &bytes[start..];
            let length = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            *used = start + length;
            if length > NAME_MAX {
                return Err(Errno::ENAMETOOLONG);
            }
            if length > 0 {
                self.name = NamePlace { depth: self.depth, start, end: start + length };
                return Ok(true);
            }
            if self.depth == 0 {
                return Ok(false);
            }
            self.depth -= 1;
        }
    }

    /// What comes after the name just taken, in the text on top and those below it.
    pub(super) fn rest(&self) -> Rest {
        let mut rest = Rest::Nothing;
        for depth in (0..=self.depth).rev() {
            let (bytes, used) = match depth {
                0 => (self.path.bytes, self.path.used),
                depth => (self.links[depth - 1].bytes.as_slice(), self.links[depth - 1].used),
            };
            let next = skip_slashes(bytes, used);
            if next < bytes.len() {
                return Rest::Names;
            }
            if used < bytes.len() {
                rest = Rest::Slashes;
            }
        }
        rest
    }
}

fn skip_slashes(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while bytes.get(at) == Some(&b'/') {
        at += 1;
    }
    at
}

pub(super) fn copy_name(name: &[u8]) -> Result<Box<[u8]>> {
    copy_of(name).map(Vec::into_boxed_slice)
}

/// A copy of some bytes. ENOMEM.
pub(crate) fn copy_of(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(|_| Errno::ENOMEM)?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}
