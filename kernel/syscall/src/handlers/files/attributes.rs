//! Attributes of open files.

use crate::Context;
use abi::types::{Stat, Statfs};
use abi::{Errno, Mode, OpenFlags, Result};
use mm::user::UserPtr;
use object::namespace::{NAME_MAX, change_mode, change_owner};
use object::{Held, Location};
use process::gate;

/// The magic number of what is in no file system: pipes and the like.
const ANONYMOUS_MAGIC: i64 = 0x0904_1934;
const BLOCK: i64 = 4096;

/// Tells the attributes of what is open, be it in a file system or not.
pub fn fstat(_cx: &mut Context, fd: Held, buf: UserPtr<Stat>) -> Result<usize> {
    buf.write(&fd.stat()?).map(|()| 0)
}

/// Tells the figures of the file system; what is in none, such as a pipe, has made-up ones.
pub fn fstatfs(_cx: &mut Context, fd: Held, buf: UserPtr<Statfs>) -> Result<usize> {
    let figures = match fd.node() {
        Some(node) => node.file_system()?.statfs()?,
        None => Statfs {
            kind: ANONYMOUS_MAGIC,
            block_size: BLOCK,
            name_max: NAME_MAX as i64,
            fragment_size: BLOCK,
            ..Statfs::default()
        },
    };
    buf.write(&figures).map(|()| 0)
}

/// Changes the mode of what is open, but for bits promised not to be set. EBADF if it was opened only as a path.
pub fn fchmod(cx: &mut Context, fd: Held, mode: Mode) -> Result<usize> {
    change_mode(location(&fd)?, gate::allowed_mode(cx, mode), &cx.process().credentials()).map(|()| 0)
}

/// Changes owner and group of what is open; all ones leaves either. EBADF if it was opened only as a path.
pub fn fchown(cx: &mut Context, fd: Held, uid: u32, gid: u32) -> Result<usize> {
    let (uid, gid) = (given(uid), given(gid));
    gate::check_owner(cx, uid, gid)?;
    change_owner(location(&fd)?, uid, gid, &cx.process().credentials()).map(|()| 0)
}

/// An id to set; all ones leaves it.
pub(crate) fn given(id: u32) -> Option<u32> {
    (id != u32::MAX).then_some(id)
}

/// Where the open thing is; EBADF for one opened only as a path.
fn location(fd: &Held) -> Result<&Location> {
    if fd.status_flags().contains(OpenFlags::PATH) {
        return Err(Errno::EBADF);
    }
    fd.location().ok_or(Errno::EINVAL)
}

/// Locks or unlocks a whole file for the open file that duplicates share; waits unless LOCK_NB is there.
pub fn flock(cx: &mut Context, fd: Held, operation: u32) -> Result<usize> {
    crate::handlers::locks::flock(cx, &fd, operation)
}
