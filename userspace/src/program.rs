//! Executing a program that is held open.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use abi::Errno;

use crate::error::Error;

/// Becomes the program in the slot, with these arguments (the first is its own name) and this environment. Returns only if that
/// cannot be.
pub fn execute(
    program: impl AsFd,
    arguments: &[OsString],
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Error {
    let arguments: Option<Vec<CString>> = arguments.iter().map(|argument| text(argument)).collect();
    let environment = environment.into_iter().map(|(mut name, value)| {
        name.push("=");
        name.push(value);
        text(&name)
    });
    match (arguments, environment.collect::<Option<Vec<CString>>>()) {
        (Some(arguments), Some(environment)) => crate::call::execute(program.as_fd(), &arguments, &environment),
        _ => Errno::EINVAL.into(),
    }
}

fn text(words: &OsStr) -> Option<CString> {
    CString::new(words.as_bytes()).ok()
}
