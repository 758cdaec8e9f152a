//! Calls on paths.
//!
//! Each call has an older form without a directory and a newer one with: the older is the newer from the working directory.

mod access;
mod attributes;
mod change;
mod directory;
mod link;
mod mount;
mod open;
mod stat;

pub use access::{access, faccessat, faccessat2};
pub use attributes::{
    chmod, chown, fchmodat, fchmodat2, fchownat, futimesat, lchown, truncate, utime, utimensat, utimes,
};
pub use change::{mkdir, mkdirat, mknod, mknodat, rename, renameat, renameat2, rmdir, unlink, unlinkat};
pub use directory::{chdir, chroot, fchdir, getcwd};
pub use link::{link, linkat, readlink, readlinkat, symlink, symlinkat};
pub use mount::{mount, umount2};
pub use open::{creat, open, openat, openat2};
pub use stat::{lstat, newfstatat, stat, statfs, statx};

use crate::Context;
use crate::arguments::{At, Base, UserPath};
use abi::{AtFlags, Mode, Result};
use alloc::vec::Vec;
use caps::Rights;
use object::namespace::view::Sight;
use object::namespace::{Found, Leave, Through};
use object::{Held, Location, LookupFlags};
use process::gate;
use process::promise_rules::Use;

/// The working directory, for a call that needs these rights there.
const fn cwd(rights: Rights) -> At {
    At::cwd(rights.union(Rights::LOOKUP))
}

/// What a path names, with the most that may be done with it.
struct Named {
    location: Location,
    /// How it looks through the view, if there is one.
    sight: Option<Sight>,
    /// The slot that it was found through, if one.
    through: Option<Through>,
    /// What may be done from there, if it is a directory.
    leave: Leave,
    /// Kept until the call is over: whoever takes the leave back waits for that.
    _base: Option<Base>,
}

/// Finds what a path names, or the descriptor's own object for AT_EMPTY_PATH.
fn find(cx: &Context, at: At, path: UserPath, flags: AtFlags, how: LookupFlags) -> Result<Named> {
    find_to(cx, at, path, flags, how, None)
}

/// The same where finding it by a path is itself a use that needs promises.
fn find_to(cx: &Context, at: At, path: UserPath, flags: AtFlags, how: LookupFlags, used: Option<Use>) -> Result<Named> {
    let path = read(path, flags)?;
    if let Some(held) = at.itself(cx, &path, flags)? {
        let location = location(&held)?.clone();
        let sight = cx.table.roots().sight_of(&location);
        let leave = Leave::of(held.capability());
        return Ok(Named { location, sight, through: Some(Through::slot(held)), leave, _base: None });
    }
    if let Some(used) = used {
        gate::demand_path(cx, &path, used)?;
    }
    let base = at.base(cx, &path)?;
    let Found { location, sight, through } = base.lookup(how | empty_path(flags)).find_seen(&path)?;
    let leave = base.leave_of(through.as_ref());
    Ok(Named { location, sight, through, leave, _base: Some(base) })
}

/// The path; where an empty one is allowed, so is none.
fn read(path: UserPath, flags: AtFlags) -> Result<Vec<u8>> {
    if path.is_null() && flags.contains(AtFlags::EMPTY_PATH) {
        return Ok(Vec::new());
    }
    path.read()
}

fn empty_path(flags: AtFlags) -> LookupFlags {
    if flags.contains(AtFlags::EMPTY_PATH) { LookupFlags::EMPTY_PATH } else { LookupFlags::empty() }
}

/// Whether to follow a link at the end, where the flags say when not to.
fn unless_nofollow(flags: AtFlags) -> LookupFlags {
    if flags.contains(AtFlags::SYMLINK_NOFOLLOW) { LookupFlags::NO_FOLLOW } else { LookupFlags::empty() }
}

fn location(held: &Held) -> Result<&Location> {
    held.location().ok_or(abi::Errno::EINVAL)
}

/// A mode for something new: without the bits of the process's mask, and without those that it promised not to set.
pub(crate) fn masked(cx: &Context, mode: Mode) -> Mode {
    gate::allowed_mode(cx, mode).masked(Mode::from_raw(cx.process().umask()))
}
