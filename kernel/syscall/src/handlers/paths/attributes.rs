//! Changing attributes.

use super::{cwd, find, find_to, unless_nofollow};
use crate::Context;
use crate::arguments::{At, UserPath};
use crate::handlers::files::{check_size, given};
use abi::consts::general;
use abi::types::{Timespec, Timeval, Utimbuf};
use abi::{AtFlags, Errno, Mode, Result};
use caps::Rights;
use mm::user::UserPtr;
use object::namespace::{change_mode, change_owner, change_times};
use object::{LookupFlags, NodeKind, SetTime};
use process::gate;
use process::limits::Resource;
use process::promise_rules::Use;

const NANOSECONDS: i64 = 1_000_000_000;
const MICROSECONDS: i64 = 1_000_000;
const UTIME_NOW: i64 = general::UTIME_NOW as i64;
const UTIME_OMIT: i64 = general::UTIME_OMIT as i64;

/// Changes the mode of what a path names, following links.
pub fn chmod(cx: &mut Context, path: UserPath, mode: Mode) -> Result<usize> {
    fchmodat2(cx, cwd(Rights::FCHMOD), path, mode, AtFlags::empty())
}

/// Changes the mode of what a path from a directory names, following links.
pub fn fchmodat(cx: &mut Context, directory: At, path: UserPath, mode: Mode) -> Result<usize> {
    fchmodat2(cx, directory, path, mode, AtFlags::empty())
}

/// Changes a mode, but for bits that the process promised not to set. A link has none to change: EOPNOTSUPP.
pub fn fchmodat2(cx: &mut Context, directory: At, path: UserPath, mode: Mode, flags: AtFlags) -> Result<usize> {
    if !(AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let named = find_to(cx, directory, path, flags, unless_nofollow(flags), Some(Use::Change))?;
    if named.location.node().kind() == NodeKind::Symlink {
        return Err(Errno::EOPNOTSUPP);
    }
    change_mode(&named.location, gate::allowed_mode(cx, mode), &cx.process().credentials()).map(|()| 0)
}

/// Changes owner and group of what a path names, following links.
pub fn chown(cx: &mut Context, path: UserPath, uid: u32, gid: u32) -> Result<usize> {
    fchownat(cx, cwd(Rights::FCHOWN), path, uid, gid, AtFlags::empty())
}

/// Changes owner and group of a link itself.
pub fn lchown(cx: &mut Context, path: UserPath, uid: u32, gid: u32) -> Result<usize> {
    fchownat(cx, cwd(Rights::FCHOWN), path, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
}

/// Changes owner and group, all ones leaving either; the set-id bits of a file go.
/// Without the promise `chown` only to the process's own ids: EPERM.
pub fn fchownat(cx: &mut Context, directory: At, path: UserPath, uid: u32, gid: u32, flags: AtFlags) -> Result<usize> {
    if !(AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let named = find_to(cx, directory, path, flags, unless_nofollow(flags), Some(Use::Change))?;
    gate::check_owner(cx, given(uid), given(gid))?;
    change_owner(&named.location, given(uid), given(gid), &cx.process().credentials()).map(|()| 0)
}

/// Sets both times to whole seconds, or to now for null.
pub fn utime(cx: &mut Context, path: UserPath, times: UserPtr<Utimbuf>) -> Result<usize> {
    let at = |seconds| Some(SetTime::To(Timespec { seconds, nanoseconds: 0 }));
    let times = match times.non_null() {
        Some(times) => {
            let times = times.read()?;
            (at(times.access), at(times.modification))
        }
        None => NOW,
    };
    set_times(cx, cwd(Rights::FUTIMES), path, times, AtFlags::empty())
}

/// Sets both times to microseconds, or to now for null.
pub fn utimes(cx: &mut Context, path: UserPath, times: UserPtr<[Timeval; 2]>) -> Result<usize> {
    futimesat(cx, cwd(Rights::FUTIMES), path, times)
}

/// Sets both times to microseconds, or to now for null; without a path, those of the descriptor itself.
pub fn futimesat(cx: &mut Context, directory: At, path: UserPath, times: UserPtr<[Timeval; 2]>) -> Result<usize> {
    let at = |time: Timeval| {
        if !(0..MICROSECONDS).contains(&time.microseconds) {
            return Err(Errno::EINVAL);
        }
        let nanoseconds = time.microseconds * (NANOSECONDS / MICROSECONDS);
        Ok(Some(SetTime::To(Timespec { seconds: time.seconds, nanoseconds })))
    };
    let times = match times.non_null() {
        Some(times) => {
            let [accessed, modified] = times.read()?;
            (at(accessed)?, at(modified)?)
        }
        None => NOW,
    };
    set_times(cx, directory, path, times, or_itself(path))
}

/// Sets each time to nanoseconds, to now or not at all; without a path, those of the descriptor itself.
/// Where both are left, nothing is looked up and nothing refused.
pub fn utimensat(
    cx: &mut Context,
    directory: At,
    path: UserPath,
    times: UserPtr<[Timespec; 2]>,
    flags: AtFlags,
) -> Result<usize> {
    if !(AtFlags::SYMLINK_NOFOLLOW | AtFlags::EMPTY_PATH).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let at = |time: Timespec| match time.nanoseconds {
        UTIME_NOW => Ok(Some(SetTime::Now)),
        UTIME_OMIT => Ok(None),
        0..NANOSECONDS => Ok(Some(SetTime::To(time))),
        _ => Err(Errno::EINVAL),
    };
    let times = match times.non_null() {
        Some(times) => {
            let [accessed, modified] = times.read()?;
            (at(accessed)?, at(modified)?)
        }
        None => NOW,
    };
    if times == (None, None) {
        return Ok(0);
    }
    set_times(cx, directory, path, times, flags | or_itself(path))
}

type Times = (Option<SetTime>, Option<SetTime>);
const NOW: Times = (Some(SetTime::Now), Some(SetTime::Now));

/// Without a path, these calls mean the descriptor.
fn or_itself(path: UserPath) -> AtFlags {
    if path.is_null() { AtFlags::EMPTY_PATH } else { AtFlags::empty() }
}

fn set_times(cx: &Context, at: At, path: UserPath, times: Times, flags: AtFlags) -> Result<usize> {
    let named = find_to(cx, at, path, flags, unless_nofollow(flags), Some(Use::Change))?;
    change_times(&named.location, times.0, times.1, &cx.process().credentials()).map(|()| 0)
}

/// Sets the size of the file that a path names. EINVAL for a negative one; beyond RLIMIT_FSIZE, SIGXFSZ and EFBIG.
pub fn truncate(cx: &mut Context, path: UserPath, size: i64) -> Result<usize> {
    let size = u64::try_from(size).map_err(|_| Errno::EINVAL)?;
    let named = find(cx, cwd(Rights::FTRUNCATE), path, AtFlags::empty(), LookupFlags::empty())?;
    let limit = cx.process().limit(Resource::FileSize);
    if size > limit {
        check_size(cx, size, limit)?;
    }
    object::namespace::truncate(&named.location, size, &cx.process().credentials()).map(|()| 0)
}
