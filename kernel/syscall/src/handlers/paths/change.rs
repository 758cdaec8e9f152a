//! Making, removing and renaming names.

use super::{cwd, masked};
use crate::Context;
use crate::arguments::{At, UserPath};
use abi::{AtFlags, Errno, Mode, RenameFlags, Result};
use caps::Rights;
use object::{LookupFlags, NewNode, NodeKind};
use process::gate;
use process::promise_rules::{self, Use};

/// Makes a directory by a path from the working directory.
pub fn mkdir(cx: &mut Context, path: UserPath, mode: Mode) -> Result<usize> {
    mkdirat(cx, cwd(Rights::MKDIRAT), path, mode)
}

/// Makes a directory with the mode less the process's mask; set-id bits in it are dropped.
pub fn mkdirat(cx: &mut Context, directory: At, path: UserPath, mode: Mode) -> Result<usize> {
    make(cx, directory, path, NewNode::Directory, mode - (Mode::SET_UID | Mode::SET_GID))
}

/// Makes a node by a path from the working directory.
pub fn mknod(cx: &mut Context, path: UserPath, mode: u32, device: u64) -> Result<usize> {
    mknodat(cx, cwd(Rights::MKNODAT), path, mode, device)
}

/// Makes a file, fifo, socket or device. Devices are for the privileged, directories for nobody: EPERM.
pub fn mknodat(cx: &mut Context, directory: At, path: UserPath, mode: u32, device: u64) -> Result<usize> {
    gate::demand(cx, promise_rules::make_node(mode))?;
    let device = u64::from(device as u32);
    let what = match NodeKind::from_mode(mode).ok_or(Errno::EINVAL)? {
        NodeKind::File => NewNode::File,
        NodeKind::Fifo => NewNode::Fifo,
        NodeKind::Socket => NewNode::Socket,
        NodeKind::CharacterDevice => NewNode::CharacterDevice(device),
        NodeKind::BlockDevice => NewNode::BlockDevice(device),
        NodeKind::Directory => return Err(Errno::EPERM),
        NodeKind::Symlink => return Err(Errno::EINVAL),
    };
    let is_device = matches!(what, NewNode::CharacterDevice(_) | NewNode::BlockDevice(_));
    if is_device && !cx.process().credentials().is_privileged() {
        return Err(Errno::EPERM);
    }
    make(cx, directory, path, what, Mode::from_raw(mode))
}

fn make(cx: &Context, directory: At, path: UserPath, what: NewNode<'_>, mode: Mode) -> Result<usize> {
    let path = path.read()?;
    let base = directory.base(cx, &path)?;
    let place = base.lookup(LookupFlags::empty()).find_place(&path)?;
    place.create(what, masked(cx, mode), base.credentials()).map(|_| 0)
}

/// Removes a name that is no directory's, by a path from the working directory.
pub fn unlink(cx: &mut Context, path: UserPath) -> Result<usize> {
    unlinkat(cx, cwd(Rights::UNLINKAT), path, AtFlags::empty())
}

/// Removes a directory by a path from the working directory.
pub fn rmdir(cx: &mut Context, path: UserPath) -> Result<usize> {
    unlinkat(cx, cwd(Rights::UNLINKAT), path, AtFlags::REMOVE_DIRECTORY)
}

/// Removes a name, or with AT_REMOVEDIR a directory; a link at the end is not followed.
pub fn unlinkat(cx: &mut Context, directory: At, path: UserPath, flags: AtFlags) -> Result<usize> {
    if !AtFlags::REMOVE_DIRECTORY.contains(flags) {
        return Err(Errno::EINVAL);
    }
    let path = path.read()?;
    let base = directory.base(cx, &path)?;
    let place = base.lookup(LookupFlags::empty()).find_place(&path)?;
    match flags.contains(AtFlags::REMOVE_DIRECTORY) {
        true => place.remove_directory(base.credentials()),
        false => place.unlink(base.credentials()),
    }?;
    Ok(0)
}

/// Renames between paths from the working directory, replacing what is there.
pub fn rename(cx: &mut Context, old: UserPath, new: UserPath) -> Result<usize> {
    let (from, to) = (cwd(Rights::RENAMEAT_SOURCE), cwd(Rights::RENAMEAT_TARGET));
    renameat2(cx, from, old, to, new, RenameFlags::empty())
}

/// Renames between directories, replacing what is there.
pub fn renameat(cx: &mut Context, from: At, old: UserPath, to: At, new: UserPath) -> Result<usize> {
    renameat2(cx, from, old, to, new, RenameFlags::empty())
}

/// Renames, and may refuse to replace or exchange the two names; to exchange takes the rights of both sides on both.
/// EINVAL for both flags at once, and for whiteouts.
pub fn renameat2(
    cx: &mut Context,
    from: At,
    old: UserPath,
    to: At,
    new: UserPath,
    flags: RenameFlags,
) -> Result<usize> {
    let both = RenameFlags::NO_REPLACE | RenameFlags::EXCHANGE;
    if !both.contains(flags) || flags == both {
        return Err(Errno::EINVAL);
    }
    // An exchange takes from both directories and puts into both.
    let (from, to) = match flags.contains(RenameFlags::EXCHANGE) {
        true => (from.and(Rights::RENAMEAT_TARGET), to.and(Rights::RENAMEAT_SOURCE)),
        false => (from, to),
    };
    let (old, new) = (old.read()?, new.read()?);
    gate::demand_path(cx, &old, Use::Change)?;
    let credentials = cx.process().credentials();
    // Both are kept until the call is over: whoever takes a leave back waits for that.
    let (old_base, new_base) = (from.base(cx, &old)?, to.base(cx, &new)?);
    let old_place = old_base.lookup(LookupFlags::empty()).find_place(&old)?;
    let new_place = new_base.lookup(LookupFlags::empty()).find_place(&new)?;
    old_place.rename(&new_place, flags, &credentials).map(|()| 0)
}
