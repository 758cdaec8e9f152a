//! Extended attributes.

use crate::Context;
use crate::arguments::UserPath;
use abi::{Errno, Result};
use mm::user::{Sink, Source};
use object::Held;

pub fn setxattr(
    _cx: &mut Context,
    _path: UserPath,
    _name: UserPath,
    _value: Source<'_>,
    _flags: u32,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn lsetxattr(
    _cx: &mut Context,
    _path: UserPath,
    _name: UserPath,
    _value: Source<'_>,
    _flags: u32,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn fsetxattr(_cx: &mut Context, _fd: Held, _name: UserPath, _value: Source<'_>, _flags: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getxattr(_cx: &mut Context, _path: UserPath, _name: UserPath, _value: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn lgetxattr(_cx: &mut Context, _path: UserPath, _name: UserPath, _value: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn fgetxattr(_cx: &mut Context, _fd: Held, _name: UserPath, _value: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn listxattr(_cx: &mut Context, _path: UserPath, _list: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn llistxattr(_cx: &mut Context, _path: UserPath, _list: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn flistxattr(_cx: &mut Context, _fd: Held, _list: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn removexattr(_cx: &mut Context, _path: UserPath, _name: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn lremovexattr(_cx: &mut Context, _path: UserPath, _name: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn fremovexattr(_cx: &mut Context, _fd: Held, _name: UserPath) -> Result<usize> {
    Err(Errno::ENOSYS)
}
