//! Trials of narrowing: each in a child of its own, since nothing that was given up comes back.
#![allow(unsafe_code, reason = "own calls by number")]

use crate::{Holds, child};
use abi::Errno;
use abi::table::number;
use std::ffi::CString;
use std::fmt::Debug;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// A process that was made before anything was given up, and does one thing when told to.
#[derive(Debug)]
pub struct Outsider {
    pid: i32,
    go: PipeWriter,
    done: PipeReader,
}

impl Outsider {
    /// Makes the process, which waits.
    pub fn waiting(body: impl FnOnce() -> io::Result<()>) -> io::Result<Self> {
        let (mut wait, go) = io::pipe()?;
        let (done, mut tell) = io::pipe()?;
        let pid = child::fork(|| {
            let told = wait.read_exact(&mut [0]).and_then(|()| body()).and_then(|()| tell.write_all(&[1]));
            i32::from(told.is_err())
        })?;
        Ok(Self { pid, go, done })
    }

    /// Has it do its thing, and waits for the end.
    pub fn act(mut self) -> Holds {
        let acted =
            self.go.write_all(&[1]).and_then(|()| self.done.read(&mut [0])).and_then(|_| child::wait(self.pid, 0));
        match acted {
            Ok((_, 0)) => Ok(()),
            other => Err(format!("the outsider: {other:?}")),
        }
    }
}

/// `unveil` of a path with these permissions.
pub fn unveil(path: impl AsRef<Path>, permissions: &str) -> Result<(), Errno> {
    let path = CString::new(path.as_ref().as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    let permissions = CString::new(permissions).map_err(|_| Errno::EINVAL)?;
    unveil_at(path.as_ptr() as u64, permissions.as_ptr() as u64)
}

/// Mounts a new tmpfs on a directory.
pub fn mount_tmpfs(path: impl AsRef<Path>) -> io::Result<()> {
    let path = CString::new(path.as_ref().as_os_str().as_bytes())?;
    let kind = c"tmpfs".as_ptr();
    // SAFETY: the texts outlive the call.
    let result = unsafe { libc::mount(kind, path.as_ptr(), kind, 0, std::ptr::null()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Unmounts what is mounted on a directory.
pub fn unmount(path: impl AsRef<Path>) -> io::Result<()> {
    let path = CString::new(path.as_ref().as_os_str().as_bytes())?;
    // SAFETY: the text outlives the call.
    let result = unsafe { libc::umount2(path.as_ptr(), 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Locks the view.
pub fn lock_view() -> Result<(), Errno> {
    unveil_at(0, 0)
}

/// `unveil` of texts at these addresses.
pub fn unveil_at(path: u64, permissions: u64) -> Result<(), Errno> {
    // SAFETY: the call only reads the texts.
    unsafe { tessera::call::call(number::unveil, [path, permissions, 0, 0, 0, 0]) }.map(drop)
}

/// Holds if the call failed so.
pub fn fails<T: Debug>(what: &str, result: io::Result<T>, errno: Errno) -> Holds {
    let found = match result {
        Ok(value) => return Err(format!("{what}: succeeded with {value:?}, expected {errno:?}")),
        Err(error) => error.raw_os_error().and_then(|number| Errno::from_raw(number.into())),
    };
    if found == Some(errno) { Ok(()) } else { Err(format!("{what}: failed with {found:?}, expected {errno:?}")) }
}

/// Holds if the call succeeded.
pub fn succeeds<T>(what: &str, result: io::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error}"))
}

/// Holds if an own call succeeded.
pub fn done<T>(what: &str, result: Result<T, Errno>) -> Result<T, String> {
    result.map_err(|error| format!("{what}: {error:?}"))
}

/// Holds if an own call was refused so.
pub fn refused<T: Debug>(what: &str, result: Result<T, Errno>, errno: Errno) -> Holds {
    match result {
        Err(found) if found == errno => Ok(()),
        other => Err(format!("{what}: {other:?}, expected {errno:?}")),
    }
}
