//! Text under construction: `write!` into a vector whose growth may fail.

use abi::{Errno, Result};
use alloc::vec::Vec;
use core::fmt;

/// A growing text. Running out of memory surfaces as [`fmt::Error`], which becomes `ENOMEM`.
#[derive(Clone, Debug, Default)]
pub struct Text {
    bytes: Vec<u8>,
}

impl Text {
    /// Nothing yet.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// What `write` writes.
    pub fn build(write: impl FnOnce(&mut Self) -> fmt::Result) -> Result<Vec<u8>> {
        let mut text = Self::new();
        write(&mut text).map_err(|_| Errno::ENOMEM)?;
        Ok(text.bytes)
    }

    /// Appends bytes that need not be UTF-8, such as a file name.
    pub fn push(&mut self, bytes: &[u8]) -> fmt::Result {
        self.bytes.try_reserve(bytes.len()).map_err(|_| fmt::Error)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends a name as procfs tables show it: blanks, control characters and backslashes as
    /// three octal digits, so that a line stays a line and a column a column.
    pub fn push_escaped(&mut self, bytes: &[u8]) -> fmt::Result {
        bytes.iter().try_for_each(|byte| match byte {
            b' ' | b'\t' | b'\n' | b'\\' => fmt::Write::write_fmt(self, format_args!("\\{byte:03o}")),
            _ => self.push(&[*byte]),
        })
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.push(piece.as_bytes())
    }
}
