//! Hard and symbolic links.

use super::{cwd, find_to, location, read};
use crate::Context;
use crate::arguments::{At, UserPath};
use abi::{AtFlags, Errno, Mode, Result};
use caps::{PathPermissions, Rights};
use mm::user::Sink;
use object::namespace::Found;
use object::{Location, LookupFlags, NewNode};
use process::gate;
use process::promise_rules::Use;

/// Gives a file another name, by paths from the working directory; a link at the end is not followed.
pub fn link(cx: &mut Context, old: UserPath, new: UserPath) -> Result<usize> {
    let (from, to) = (cwd(Rights::LINKAT_SOURCE), cwd(Rights::LINKAT_TARGET));
    linkat(cx, from, old, to, new, AtFlags::empty())
}

/// Gives a file another name; with AT_EMPTY_PATH, that which is open.
pub fn linkat(cx: &mut Context, from: At, old: UserPath, to: At, new: UserPath, flags: AtFlags) -> Result<usize> {
    if !(AtFlags::SYMLINK_FOLLOW | AtFlags::EMPTY_PATH).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let how = match flags.contains(AtFlags::SYMLINK_FOLLOW) {
        true => LookupFlags::empty(),
        false => LookupFlags::NO_FOLLOW,
    };
    let named = find_to(cx, from, old, flags, how, Some(Use::Change))?;
    let path = new.read()?;
    let base = to.base(cx, &path)?;
    let place = base.lookup(LookupFlags::empty()).find_place(&path)?;
    let super::Named { location, sight, through, _base, .. } = named;
    place.link(&Found { location, sight, through }, base.credentials()).map(|()| 0)
}

/// Makes a symbolic link by a path from the working directory.
pub fn symlink(cx: &mut Context, target: UserPath, path: UserPath) -> Result<usize> {
    symlinkat(cx, target, cwd(Rights::SYMLINKAT), path)
}

/// Makes a symbolic link to any text but an empty one (ENOENT).
pub fn symlinkat(cx: &mut Context, target: UserPath, directory: At, path: UserPath) -> Result<usize> {
    let target = target.read()?;
    if target.is_empty() {
        return Err(Errno::ENOENT);
    }
    let path = path.read()?;
    let base = directory.base(cx, &path)?;
    let place = base.lookup(LookupFlags::empty()).find_place(&path)?;
    place.create(NewNode::Symlink(&target), Mode::from_raw(0o777), base.credentials()).map(|_| 0)
}

/// Copies the text of a link by a path from the working directory.
pub fn readlink(cx: &mut Context, path: UserPath, buf: Sink<'_>) -> Result<usize> {
    readlinkat(cx, cwd(Rights::NONE), path, buf)
}

/// Copies as much of a link's text as fits, without a zero byte; an empty path names a link that is open.
pub fn readlinkat(cx: &mut Context, directory: At, path: UserPath, mut buf: Sink<'_>) -> Result<usize> {
    if buf.remaining() as i32 <= 0 {
        return Err(Errno::EINVAL);
    }
    // An empty path names a link that was itself opened.
    let found = find_link(cx, directory, path)?;
    buf.write(&found.node().read_link()?)
}

/// That a directory on the way to something visible is no link is no secret; `realpath` asks it of each.
fn find_link(cx: &Context, directory: At, path: UserPath) -> Result<Location> {
    let path = read(path, AtFlags::EMPTY_PATH)?;
    if let Some(held) = directory.itself(cx, &path, AtFlags::EMPTY_PATH)? {
        return location(&held).cloned();
    }
    gate::demand_path(cx, &path, Use::ReadLink)?;
    let how = LookupFlags::NO_FOLLOW | LookupFlags::EMPTY_PATH | LookupFlags::WAYS;
    directory.base(cx, &path)?.lookup(how).needing(PathPermissions::READ).find(&path)
}
