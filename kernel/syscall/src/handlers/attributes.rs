//! Extended attributes, which no file system here keeps: every call on a file that is there says EOPNOTSUPP.

use crate::Context;
use crate::arguments::{At, UserPath};
use abi::{Errno, Result};
use caps::Rights;
use mm::user::{Sink, Source};
use object::{Held, LookupFlags};

/// The longest name of an attribute.
const NAME_MAX: usize = 255;

/// Looks at the name as far as anybody could: EFAULT, and ERANGE for one that is empty or too long.
fn check_name(name: UserPath) -> Result<()> {
    match mm::user::read_c_string(name.address(), NAME_MAX + 1) {
        Ok(name) if name.is_empty() => Err(Errno::ERANGE),
        Err(Errno::ENAMETOOLONG) => Err(Errno::ERANGE),
        other => other.map(|_| ()),
    }
}

fn refuse_named(name: UserPath) -> Result<usize> {
    check_name(name)?;
    Err(Errno::EOPNOTSUPP)
}

fn refuse(cx: &Context, path: UserPath, rights: Rights, how: LookupFlags) -> Result<usize> {
    let path = path.read()?;
    At::cwd(rights | Rights::LOOKUP).base(cx, &path)?.find(&path, how)?;
    Err(Errno::EOPNOTSUPP)
}

/// Refuses to set an attribute: EOPNOTSUPP, once the name and the path have been looked at.
pub fn setxattr(cx: &mut Context, path: UserPath, name: UserPath, _value: Source<'_>, _flags: u32) -> Result<usize> {
    check_name(name)?;
    refuse(cx, path, Rights::EXTATTR_SET, LookupFlags::empty())
}

/// Refuses the same of a link itself.
pub fn lsetxattr(cx: &mut Context, path: UserPath, name: UserPath, _value: Source<'_>, _flags: u32) -> Result<usize> {
    check_name(name)?;
    refuse(cx, path, Rights::EXTATTR_SET, LookupFlags::NO_FOLLOW)
}

/// Refuses the same of an open file: EOPNOTSUPP, once the name has been looked at.
pub fn fsetxattr(_cx: &mut Context, _fd: Held, name: UserPath, _value: Source<'_>, _flags: u32) -> Result<usize> {
    refuse_named(name)
}

/// Says of every file that attributes are not kept: EOPNOTSUPP, never ENODATA.
pub fn getxattr(cx: &mut Context, path: UserPath, name: UserPath, _value: Sink<'_>) -> Result<usize> {
    check_name(name)?;
    refuse(cx, path, Rights::EXTATTR_GET, LookupFlags::empty())
}

/// Says the same of a link itself.
pub fn lgetxattr(cx: &mut Context, path: UserPath, name: UserPath, _value: Sink<'_>) -> Result<usize> {
    check_name(name)?;
    refuse(cx, path, Rights::EXTATTR_GET, LookupFlags::NO_FOLLOW)
}

/// Says the same of an open file.
pub fn fgetxattr(_cx: &mut Context, _fd: Held, name: UserPath, _value: Sink<'_>) -> Result<usize> {
    refuse_named(name)
}

/// Lists nothing, not even an empty list: EOPNOTSUPP for a path that leads somewhere.
pub fn listxattr(cx: &mut Context, path: UserPath, _list: Sink<'_>) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_LIST, LookupFlags::empty())
}

/// Answers the same for a link itself.
pub fn llistxattr(cx: &mut Context, path: UserPath, _list: Sink<'_>) -> Result<usize> {
    refuse(cx, path, Rights::EXTATTR_LIST, LookupFlags::NO_FOLLOW)
}

/// Answers the same for an open file.
pub fn flistxattr(_cx: &mut Context, _fd: Held, _list: Sink<'_>) -> Result<usize> {
    Err(Errno::EOPNOTSUPP)
}

/// Refuses to remove what cannot be there: EOPNOTSUPP, once the name and the path have been looked at.
pub fn removexattr(cx: &mut Context, path: UserPath, name: UserPath) -> Result<usize> {
    check_name(name)?;
    refuse(cx, path, Rights::EXTATTR_DELETE, LookupFlags::empty())
}

/// Refuses the same of a link itself.
pub fn lremovexattr(cx: &mut Context, path: UserPath, name: UserPath) -> Result<usize> {
    check_name(name)?;
    refuse(cx, path, Rights::EXTATTR_DELETE, LookupFlags::NO_FOLLOW)
}

/// Refuses the same of an open file.
pub fn fremovexattr(_cx: &mut Context, _fd: Held, name: UserPath) -> Result<usize> {
    refuse_named(name)
}
