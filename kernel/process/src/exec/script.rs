//! `#!` lines: pure parsing.

use abi::{Errno, Result};

/// How deep interpreters of interpreters may nest.
pub const DEPTH_LIMIT: usize = 5;

/// What a `#!` line names.
#[derive(Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// The interpreter's path.
    pub interpreter: &'a [u8],
    /// Everything after it, as one argument.
    pub argument: Option<&'a [u8]>,
}

/// Reads the `#!` line from the first bytes of a file; `None` where it is not a script. `head` is cut off where
/// the file ends or where it is full: a path that the cut may have shortened is refused.
pub fn parse(head: &[u8], whole: Whole) -> Result<Option<Script<'_>>> {
    let Some(line) = head.strip_prefix(b"#!") else { return Ok(None) };
    let end = line.iter().position(|&byte| byte == b'\n');
    let line = trim(&line[..end.unwrap_or(line.len())]);
    let split = line.iter().position(|&byte| is_blank(byte) || byte == 0);
    let (interpreter, rest) = line.split_at(split.unwrap_or(line.len()));
    let cut_short = end.is_none() && split.is_none() && whole == Whole::No;
    if interpreter.is_empty() || cut_short {
        return Err(Errno::ENOEXEC);
    }
    let argument = trim(rest);
    let argument = &argument[..argument.iter().position(|&byte| byte == 0).unwrap_or(argument.len())];
    Ok(Some(Script { interpreter, argument: (!argument.is_empty()).then_some(argument) }))
}

/// Whether the bytes given are all that the file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// They are.
    Yes,
    /// There may be more.
    No,
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_blank(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_blank(*last)
    {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script<'a>(interpreter: &'a str, argument: Option<&'a str>) -> Result<Option<Script<'a>>> {
        Ok(Some(Script { interpreter: interpreter.as_bytes(), argument: argument.map(str::as_bytes) }))
    }

    #[test]
    fn lines_split_into_interpreter_and_one_argument() {
        assert_eq!(parse(b"#!/bin/sh\necho", Whole::Yes), script("/bin/sh", None));
        assert_eq!(parse(b"#! /usr/bin/env  python3 -u \t\nx", Whole::Yes), script("/usr/bin/env", Some("python3 -u")));
        assert_eq!(parse(b"#!/bin/sh", Whole::Yes), script("/bin/sh", None));
        assert_eq!(parse(b"#!/bin/sh -x", Whole::No), script("/bin/sh", Some("-x")));
    }

    #[test]
    fn other_files_are_not_scripts_and_broken_lines_are_refused() {
        assert_eq!(parse(b"\x7fELF", Whole::Yes), Ok(None));
        assert_eq!(parse(b"#", Whole::Yes), Ok(None));
        assert_eq!(parse(b"#!", Whole::Yes), Err(Errno::ENOEXEC));
        assert_eq!(parse(b"#!  \t \n", Whole::Yes), Err(Errno::ENOEXEC));
        assert_eq!(parse(b"#!/very/long/path", Whole::No), Err(Errno::ENOEXEC));
        assert_eq!(parse(b"#!\0", Whole::Yes), Err(Errno::ENOEXEC));
    }
}
