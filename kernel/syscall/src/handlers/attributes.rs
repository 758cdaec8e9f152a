//! Extended attributes, which no file system here keeps: every call on a file that is there says EOPNOTSUPP.

use crate::Context;
use crate::arguments::{At, UserPath};
use abi::{Errno, Result};
use caps::Rights;
use mm::user::{Sink, Source};
use object::{Held, LookupFlags};

fn refuse(cx: &Context, path: UserPath, rights: Rights, how: LookupFlags) -> Result<usize> {
    let path = path.read()?;
    At::cwd(rights | Rights::LOOKUP).base(cx, &path)?.find(&path, how)?;
    Err(Errno::EOPNOTSUPP)
}

pub fn setxattr(cx: &mut Context, path: UserPath, _name: UserPath, _value: Source<'_>, _flags: u32) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_SET, LookupFlags::empty())
}

pub fn lsetxattr(cx: &mut Context, path: UserPath, _name: UserPath, _value: Source<'_>, _flags: u32) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_SET, LookupFlags::NO_FOLLOW)
}

pub fn fsetxattr(_cx: &mut Context, _fd: Held, _name: UserPath, _value: Source<'_>, _flags: u32) -> Result<usize> {
    Err(Errno::EOPNOTSUPP)
}

pub fn getxattr(cx: &mut Context, path: UserPath, _name: UserPath, _value: Sink<'_>) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_GET, LookupFlags::empty())
}

pub fn lgetxattr(cx: &mut Context, path: UserPath, _name: UserPath, _value: Sink<'_>) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_GET, LookupFlags::NO_FOLLOW)
}

pub fn fgetxattr(_cx: &mut Context, _fd: Held, _name: UserPath, _value: Sink<'_>) -> Result<usize> {
    Err(Errno::EOPNOTSUPP)
}

pub fn listxattr(cx: &mut Context, path: UserPath, _list: Sink<'_>) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_LIST, LookupFlags::empty())
}

pub fn llistxattr(cx: &mut Context, path: UserPath, _list: Sink<'_>) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_LIST, LookupFlags::NO_FOLLOW)
}

pub fn flistxattr(_cx: &mut Context, _fd: Held, _list: Sink<'_>) -> Result<usize> {
    Err(Errno::EOPNOTSUPP)
}

pub fn removexattr(cx: &mut Context, path: UserPath, _name: UserPath) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_DELETE, LookupFlags::empty())
}

pub fn lremovexattr(cx: &mut Context, path: UserPath, _name: UserPath) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_DELETE, LookupFlags::NO_FOLLOW)
}

pub fn fremovexattr(_cx: &mut Context, _fd: Held, _name: UserPath) -> Result<usize> {
    Err(Errno::EOPNOTSUPP)
}
