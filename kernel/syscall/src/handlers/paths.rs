//! Calls on paths.

use crate::Context;
use crate::arguments::{At, UserPath};
use abi::{AccessMode, AtFlags, Errno, Mode, OpenFlags, RenameFlags, Result};
use abi::types::{OpenHow, Stat, Statfs, Statx, Timespec, Timeval, Utimbuf};
use mm::user::{Sink, UserPtr};
use object::Held;

pub fn open(_cx: &mut Context, _path: UserPath, _flags: OpenFlags, _mode: Mode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn stat(_cx: &mut Context, _path: UserPath, _buf: UserPtr<Stat>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn lstat(_cx: &mut Context, _path: UserPath, _buf: UserPtr<Stat>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn access(_cx: &mut Context, _path: UserPath, _mode: AccessMode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn truncate(_cx: &mut Context, _path: UserPath, _size: i64) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getcwd(_cx: &mut Context, _buf: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn chdir(_cx: &mut Context, _path: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn fchdir(_cx: &mut Context, _fd: Held) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rename(_cx: &mut Context, _old: UserPath, _new: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mkdir(_cx: &mut Context, _path: UserPath, _mode: Mode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn rmdir(_cx: &mut Context, _path: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn creat(_cx: &mut Context, _path: UserPath, _mode: Mode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn link(_cx: &mut Context, _old: UserPath, _new: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn unlink(_cx: &mut Context, _path: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn symlink(_cx: &mut Context, _target: UserPath, _path: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn readlink(_cx: &mut Context, _path: UserPath, _buf: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn chmod(_cx: &mut Context, _path: UserPath, _mode: Mode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn chown(_cx: &mut Context, _path: UserPath, _uid: u32, _gid: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn lchown(_cx: &mut Context, _path: UserPath, _uid: u32, _gid: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn utime(_cx: &mut Context, _path: UserPath, _times: UserPtr<Utimbuf>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mknod(_cx: &mut Context, _path: UserPath, _mode: u32, _device: u64) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn statfs(_cx: &mut Context, _path: UserPath, _buf: UserPtr<Statfs>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn chroot(_cx: &mut Context, _path: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mount(
    _cx: &mut Context,
    _source: UserPath,
    _target: UserPath,
    _kind: UserPath,
    _flags: u64,
    _data: u64,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn umount2(_cx: &mut Context, _path: UserPath, _flags: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn utimes(_cx: &mut Context, _path: UserPath, _times: UserPtr<[Timeval; 2]>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn openat(_cx: &mut Context, _directory: At, _path: UserPath, _flags: OpenFlags, _mode: Mode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mkdirat(_cx: &mut Context, _directory: At, _path: UserPath, _mode: Mode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn mknodat(_cx: &mut Context, _directory: At, _path: UserPath, _mode: u32, _device: u64) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn fchownat(
    _cx: &mut Context,
    _directory: At,
    _path: UserPath,
    _uid: u32,
    _gid: u32,
    _flags: AtFlags,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn futimesat(_cx: &mut Context, _directory: At, _path: UserPath, _times: UserPtr<[Timeval; 2]>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn newfstatat(
    _cx: &mut Context,
    _directory: At,
    _path: UserPath,
    _buf: UserPtr<Stat>,
    _flags: AtFlags,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn unlinkat(_cx: &mut Context, _directory: At, _path: UserPath, _flags: AtFlags) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn renameat(
    _cx: &mut Context,
    _old_directory: At,
    _old: UserPath,
    _new_directory: At,
    _new: UserPath,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn linkat(
    _cx: &mut Context,
    _old_directory: At,
    _old: UserPath,
    _new_directory: At,
    _new: UserPath,
    _flags: AtFlags,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn symlinkat(_cx: &mut Context, _target: UserPath, _directory: At, _path: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn readlinkat(_cx: &mut Context, _directory: At, _path: UserPath, _buf: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn fchmodat(_cx: &mut Context, _directory: At, _path: UserPath, _mode: Mode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn faccessat(_cx: &mut Context, _directory: At, _path: UserPath, _mode: AccessMode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn utimensat(
    _cx: &mut Context,
    _directory: At,
    _path: UserPath,
    _times: UserPtr<[Timespec; 2]>,
    _flags: AtFlags,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn renameat2(
    _cx: &mut Context,
    _old_directory: At,
    _old: UserPath,
    _new_directory: At,
    _new: UserPath,
    _flags: RenameFlags,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn statx(
    _cx: &mut Context,
    _directory: At,
    _path: UserPath,
    _flags: AtFlags,
    _mask: u32,
    _buf: UserPtr<Statx>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn openat2(
    _cx: &mut Context,
    _directory: At,
    _path: UserPath,
    _how: UserPtr<OpenHow>,
    _size: usize,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn faccessat2(
    _cx: &mut Context,
    _directory: At,
    _path: UserPath,
    _mode: AccessMode,
    _flags: AtFlags,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn fchmodat2(_cx: &mut Context, _directory: At, _path: UserPath, _mode: Mode, _flags: AtFlags) -> Result<usize> {
    Err(Errno::ENOSYS)
}
