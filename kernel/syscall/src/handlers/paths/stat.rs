//! Asking for attributes.

use super::{cwd, empty_path, find, read, unless_nofollow};
use crate::Context;
use crate::arguments::{At, UserPath};
use abi::consts::general;
use abi::types::{Stat, Statfs, Statx, StatxTimestamp, Timespec};
use abi::{AtFlags, Errno, Result};
use caps::Rights;
use mm::user::UserPtr;
use object::LookupFlags;
use process::gate;
use process::promise_rules::Use;

/// Tells the attributes of what a path names, following links.
pub fn stat(cx: &mut Context, path: UserPath, buf: UserPtr<Stat>) -> Result<usize> {
    newfstatat(cx, cwd(Rights::FSTAT), path, buf, AtFlags::empty())
}

/// Tells the attributes of what a path names, a link's own if it is one.
pub fn lstat(cx: &mut Context, path: UserPath, buf: UserPtr<Stat>) -> Result<usize> {
    newfstatat(cx, cwd(Rights::FSTAT), path, buf, AtFlags::SYMLINK_NOFOLLOW)
}

/// Tells the attributes of what a path from a directory names, or with AT_EMPTY_PATH of the open object.
pub fn newfstatat(
    cx: &mut Context,
    directory: At,
    path: UserPath,
    buf: UserPtr<Stat>,
    flags: AtFlags,
) -> Result<usize> {
    let known = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::EMPTY_PATH;
    if !known.contains(flags) {
        return Err(Errno::EINVAL);
    }
    buf.write(&attributes(cx, directory, path, flags)?).map(|()| 0)
}

fn attributes(cx: &Context, directory: At, path: UserPath, flags: AtFlags) -> Result<Stat> {
    let path = read(path, flags)?;
    if let Some(held) = directory.itself(cx, &path, flags)? {
        return held.stat();
    }
    gate::demand_path(cx, &path, Use::Look)?;
    let base = directory.base(cx, &path)?;
    base.find(&path, unless_nofollow(flags) | empty_path(flags))?.node().stat()
}

/// Tells the same attributes in the longer form: always the basic ones, whatever the mask asks for.
pub fn statx(
    cx: &mut Context,
    directory: At,
    path: UserPath,
    flags: AtFlags,
    mask: u32,
    buf: UserPtr<Statx>,
) -> Result<usize> {
    let sync = AtFlags::FORCE_SYNC | AtFlags::DONT_SYNC;
    let known = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::EMPTY_PATH | sync;
    if !known.contains(flags) || flags.contains(sync) || mask & general::STATX__RESERVED != 0 {
        return Err(Errno::EINVAL);
    }
    buf.write(&extend(&attributes(cx, directory, path, flags)?)).map(|()| 0)
}

fn extend(stat: &Stat) -> Statx {
    let time =
        |time: Timespec| StatxTimestamp { seconds: time.seconds, nanoseconds: time.nanoseconds as u32, reserved: 0 };
    Statx {
        mask: general::STATX_BASIC_STATS,
        block_size: stat.block_size as u32,
        links: stat.links as u32,
        uid: stat.uid,
        gid: stat.gid,
        mode: stat.mode as u16,
        inode: stat.inode,
        size: stat.size as u64,
        blocks: stat.blocks as u64,
        accessed: time(stat.accessed),
        changed: time(stat.changed),
        modified: time(stat.modified),
        special_device_major: major(stat.special_device),
        special_device_minor: minor(stat.special_device),
        device_major: major(stat.device),
        device_minor: minor(stat.device),
        ..Statx::default()
    }
}

/// The major part of a device number, as Linux packs it.
const fn major(device: u64) -> u32 {
    ((device >> 8 & 0xfff) | (device >> 32 & !0xfff)) as u32
}

/// The minor part.
const fn minor(device: u64) -> u32 {
    ((device & 0xff) | (device >> 12 & !0xff)) as u32
}

/// Tells the figures of the file system that a path leads to.
pub fn statfs(cx: &mut Context, path: UserPath, buf: UserPtr<Statfs>) -> Result<usize> {
    let named = find(cx, cwd(Rights::FSTATFS), path, AtFlags::empty(), LookupFlags::empty())?;
    buf.write(&named.location.node().file_system()?.statfs()?).map(|()| 0)
}
