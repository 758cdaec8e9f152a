//! The view of the file tree: which paths the program will go on seeing.
//!
//! ```standalone_crate
//! use tessera::{PathPermissions, view};
//!
//! match view::unveil("/proc", PathPermissions::READ) {
//!     Ok(()) => {
//!         view::lock()?;
//!         assert!(std::fs::metadata("/bin").is_err());
//!         assert!(std::fs::read("/proc/self/status").is_ok());
//!     }
//!     Err(error) => assert_eq!(error, tessera::Error::Unsupported), // not on Tessera
//! }
//! # Ok::<(), tessera::Error>(())
//! ```

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use abi::Errno;
use abi::table::number;
use caps::PathPermissions;

use crate::call::{Word, own};
use crate::error::Result;

/// Keeps a path visible, with these permissions for it and what is beneath it. The first call hides everything else.
///
/// What is bound is the directory or file that the path names now, not its name; where there is none yet, its place in its
/// directory. EPERM after [`lock`].
pub fn unveil(path: impl AsRef<Path>, permissions: PathPermissions) -> Result<()> {
    let path = CString::new(path.as_ref().as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    let permissions = CString::new(permissions.to_string()).map_err(|_| Errno::EINVAL)?;
    own(number::unveil, [Word::Text(Some(&path)), Word::Text(Some(&permissions))]).map(drop)
}

/// Keeps the view as it is for good.
pub fn lock() -> Result<()> {
    own(number::unveil, [Word::Text(None), Word::Text(None)]).map(drop)
}
