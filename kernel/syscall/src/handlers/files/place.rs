//! Offsets, sizes and storage.

use super::transfer::{check_size, place};
use crate::Context;
use abi::consts::general;
use abi::{Errno, Result};
use caps::{Kind, Rights};
use object::{Held, NodeKind, Seek};
use process::limits::Resource;

/// The highest `posix_fadvise` advice.
const ADVICE_MAX: i32 = 5;

/// Moves the slot's own offset and tells it; merely to ask for it needs no right to set it.
pub fn lseek(_cx: &mut Context, fd: Held, offset: i64, whence: i32) -> Result<usize> {
    let to = match u32::try_from(whence) {
        Ok(general::SEEK_SET) => Seek::Set(offset),
        Ok(general::SEEK_CUR) => Seek::Current(offset),
        Ok(general::SEEK_END) => Seek::End(offset),
        Ok(general::SEEK_DATA) => Seek::Data(offset),
        Ok(general::SEEK_HOLE) => Seek::Hole(offset),
        _ => return Err(Errno::EINVAL),
    };
    if to != Seek::Current(0) {
        fd.demand(Rights::SEEK_SET)?;
    }
    fd.seek(to).map(|offset| offset as usize)
}

/// Has the object put into storage what it keeps back, if anything.
pub fn fsync(_cx: &mut Context, fd: Held) -> Result<usize> {
    fd.sync().map(|()| 0)
}

/// Does the same as [`fsync`], attributes and all.
pub fn fdatasync(_cx: &mut Context, fd: Held) -> Result<usize> {
    fd.sync().map(|()| 0)
}

/// Does nothing, as no file system keeps anything back from storage.
pub fn syncfs(_cx: &mut Context, fd: Held) -> Result<usize> {
    // Nothing is kept back from storage, so there is nothing to wait for.
    drop(fd);
    Ok(0)
}

/// Syncs the whole file, whatever the range and the flags. ESPIPE for what has no places.
pub fn sync_file_range(_cx: &mut Context, fd: Held, offset: i64, count: i64, flags: u32) -> Result<usize> {
    if offset < 0 || count < 0 || flags & !7 != 0 {
        return Err(Errno::EINVAL);
    }
    check_seekable(&fd)?;
    fd.sync().map(|()| 0)
}

/// Sets the size of an open regular file, EINVAL for anything else; beyond RLIMIT_FSIZE, SIGXFSZ and EFBIG.
pub fn ftruncate(cx: &mut Context, fd: Held, size: i64) -> Result<usize> {
    let size = place(size)?;
    let node = fd.node().filter(|node| node.kind() == NodeKind::File).ok_or(Errno::EINVAL)?;
    let limit = cx.process().limit(Resource::FileSize);
    if size > limit {
        check_size(cx, size, limit)?;
    }
    node.truncate(size).map(|()| 0)
}

/// Has storage allocated or given up for a range, as the mode says; ENODEV for anything but a regular file.
/// Only what makes the file grow meets RLIMIT_FSIZE.
pub fn fallocate(cx: &mut Context, fd: Held, mode: u32, offset: i64, len: i64) -> Result<usize> {
    if offset < 0 || len <= 0 {
        return Err(Errno::EINVAL);
    }
    check_seekable(&fd)?;
    let node = fd.node().filter(|node| node.kind() == NodeKind::File).ok_or(Errno::ENODEV)?;
    let (offset, length) = (offset as u64, len as u64);
    let end = offset.checked_add(length).filter(|end| *end <= i64::MAX as u64).ok_or(Errno::EFBIG)?;
    let keeps_size = mode & general::FALLOC_FL_KEEP_SIZE != 0;
    if !keeps_size && end > node.size()? {
        let limit = cx.process().limit(Resource::FileSize);
        if end > limit {
            check_size(cx, end, limit)?;
        }
    }
    node.allocate(mode, offset, length).map(|()| 0)
}

/// Checks the advice and takes none. ESPIPE for what has no places.
pub fn fadvise64(_cx: &mut Context, fd: Held, _offset: i64, len: i64, advice: i32) -> Result<usize> {
    check_seekable(&fd)?;
    if len < 0 || !(0..=ADVICE_MAX).contains(&advice) {
        return Err(Errno::EINVAL);
    }
    Ok(0)
}

/// Reads nothing ahead: EINVAL for all but files.
pub fn readahead(_cx: &mut Context, fd: Held, _offset: i64, _count: usize) -> Result<usize> {
    if fd.kind() == Kind::File { Ok(0) } else { Err(Errno::EINVAL) }
}

/// ESPIPE for what has no places.
fn check_seekable(fd: &Held) -> Result<()> {
    match fd.kind() {
        Kind::Pipe | Kind::Socket => Err(Errno::ESPIPE),
        _ => Ok(()),
    }
}
