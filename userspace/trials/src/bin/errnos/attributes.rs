//! Cases of calls of the family `attributes`.

use abi::Errno;

use crate::Case;

pub(crate) const CASES: &[Case] = &[
    ("setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr", Errno::EOPNOTSUPP, |it| it.call()),
    ("listxattr llistxattr flistxattr removexattr lremovexattr fremovexattr", Errno::EOPNOTSUPP, |it| it.call()),
    ("setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr", Errno::ERANGE, |it| it.with_text("name", "").call()),
    ("removexattr lremovexattr fremovexattr", Errno::ERANGE, |it| it.with_text("name", "").call()),
];
