//! Promises: which calls the program will go on making.
//!
//! ```standalone_crate
//! // From here on, only what is open already, and files that are read.
//! match tessera::pledge("stdio rpath", None) {
//!     Ok(()) => assert!(std::fs::File::open("/proc/self/status").is_ok()),
//!     Err(error) => assert_eq!(error, tessera::Error::Unsupported), // not on Tessera
//! }
//! ```

use std::ffi::CString;

use abi::Errno;
use abi::table::number;

use crate::call::{Word, own};
use crate::error::Result;

/// Keeps only these promises, and those of `after_exec` for the program that the next exec starts; with `None` that one starts
/// as OpenBSD has it, without any bounds.
///
/// The words are OpenBSD's, with spaces between. A call that needs others ends the process with SIGABRT; under the promise
/// `error` it fails with EPERM instead. EINVAL for a word that means nothing, EPERM for one that was given up before.
pub fn pledge(promises: &str, after_exec: Option<&str>) -> Result<()> {
    let promises = text(promises)?;
    let after_exec = after_exec.map(text).transpose()?;
    let words = [Word::Text(Some(&promises)), Word::Text(after_exec.as_deref())];
    own(number::pledge, words).map(drop)
}

/// Bounds the program that the next exec starts, and leaves this one as it is.
pub fn pledge_after_exec(promises: &str) -> Result<()> {
    let promises = text(promises)?;
    own(number::pledge, [Word::Text(None), Word::Text(Some(&promises))]).map(drop)
}

fn text(words: &str) -> Result<CString> {
    CString::new(words).map_err(|_| Errno::EINVAL.into())
}
