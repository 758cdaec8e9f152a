//! Mounting.

use super::{cwd, find};
use crate::Context;
use crate::arguments::UserPath;
use abi::{AtFlags, Errno, Result};
use alloc::vec::Vec;
use caps::Rights;
use object::LookupFlags;
use object::namespace::{Mount, MountFlags};

/// Flags of `mount` that mean nothing here: about writing through, access times and silence.
const IGNORED: u64 = 0x0320_8cd0;
/// What old programs put into the upper half of the flags.
const MAGIC: u64 = 0xc0ed_0000;
/// `umount2`: do not follow a link at the end.
const UMOUNT_NOFOLLOW: u32 = 8;
/// `umount2`: force, detach lazily, only if unused since marked.
const UMOUNT_OTHERS: u32 = 7;

/// Mounts a new file system of a kind, which has no source and whose data is not looked at.
/// EPERM unless the effective user id is 0, and for whoever has a view that hides something.
pub fn mount(
    cx: &mut Context,
    source: UserPath,
    target: UserPath,
    kind: UserPath,
    flags: u64,
    _data: u64,
) -> Result<usize> {
    // The texts are copied in before anything else is looked at. No file system here has a source.
    let kind = if kind.is_null() { Vec::new() } else { kind.read()? };
    if !source.is_null() {
        source.read()?;
    }
    check_privilege(cx)?;
    let flags = if flags & !0xffff == MAGIC { flags & 0xffff } else { flags };
    let flags = MountFlags::from_bits(flags & !IGNORED).ok_or(Errno::EINVAL)?;
    let target = find(cx, cwd(Rights::NONE), target, AtFlags::empty(), LookupFlags::empty())?.location;
    let file_system = object::file_systems::make(&kind)?;
    Mount::graft(target, file_system, flags).map(|_| 0)
}

/// Takes away the mount whose root a path names, else EINVAL; EBUSY while others are mounted on it.
/// To force it or to detach it lazily does nothing more.
pub fn umount2(cx: &mut Context, path: UserPath, flags: u32) -> Result<usize> {
    check_privilege(cx)?;
    if flags & !(UMOUNT_NOFOLLOW | UMOUNT_OTHERS) != 0 {
        return Err(Errno::EINVAL);
    }
    let how = if flags & UMOUNT_NOFOLLOW != 0 { LookupFlags::NO_FOLLOW } else { LookupFlags::empty() };
    let location = find(cx, cwd(Rights::NONE), path, AtFlags::empty(), how)?.location;
    if !location.is_mount_root() {
        return Err(Errno::EINVAL);
    }
    location.mount().detach().map(|()| 0)
}

/// A view is a view of a tree as it was mounted: what a mount brings or uncovers was never unveiled.
fn check_privilege(cx: &Context) -> Result<()> {
    let has_view = cx.table.roots().view.as_ref().is_some_and(|view| view.hides());
    if cx.process().credentials().euid == 0 && !has_view { Ok(()) } else { Err(Errno::EPERM) }
}
