//! Cases of calls of the family `identity`.

use abi::Errno;
use abi::table::number;
use trials::raw::call;

use crate::Case;
use crate::attempt::{holding, memory};

/// No id.
const NONE: usize = u32::MAX as usize;
/// `_LINUX_CAPABILITY_VERSION_3`.
const VERSION: u32 = 0x2008_0522;

pub(crate) const CASES: &[Case] = &[
    ("setuid", Errno::EINVAL, |it| it.with("uid", NONE).call()),
    ("setgid", Errno::EINVAL, |it| it.with("gid", NONE).call()),
    ("setuid setgid setreuid setregid setresuid setresgid setgroups", Errno::EPERM, |it| it.call_as_nobody()),
    ("setgroups", Errno::EINVAL, |it| it.with("count", 100_000).call()),
    ("getgroups", Errno::EINVAL, |it| {
        call(number::setgroups, &[2, memory()])?;
        it.with("count", 1).call()
    }),
    ("getgroups", Errno::EINVAL, |it| it.with("count", usize::MAX).call()),
    ("capget capset", Errno::EINVAL, |it| it.with("header", holding([1_u32, 0])).call()),
    ("capget", Errno::ESRCH, |it| it.with("header", holding([VERSION, 4_000_000])).call()),
    ("capset", Errno::EPERM, |it| it.with("header", holding([VERSION, 1])).call()),
];
