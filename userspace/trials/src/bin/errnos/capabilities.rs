//! Cases of calls of the family `capabilities`.

use abi::Errno;
use abi::table::number;
use caps::Rights;
use trials::lend::{limit, words};
use trials::raw::{call, open};

use crate::Case;
use crate::attempt::holding;

/// A right that there is not.
const NO_RIGHT: [u64; 2] = [0, 1 << 63];

pub(crate) const CASES: &[Case] = &[
    ("cap_rights_limit cap_derive cap_grant_limit", Errno::EINVAL, |it| it.with("rights", holding(NO_RIGHT)).call()),
    ("cap_rights_limit", Errno::ENOTCAPABLE, |it| {
        limit(it.word("fd"), Rights::READ)?;
        it.with("rights", holding(words(Rights::READ | Rights::WRITE))).call()
    }),
    ("cap_inherited_limit", Errno::EINVAL, |it| {
        it.with("fd", open(".", libc::O_RDONLY)?).with("rights", holding(NO_RIGHT)).call()
    }),
    ("cap_inherited_limit", Errno::ENOTDIR, |it| it.call()),
    ("cap_inherited_limit", Errno::ENOTCAPABLE, |it| {
        let it = it.with("fd", open(".", libc::O_RDONLY)?);
        it.clone().with("rights", holding(words(Rights::READ))).call()?;
        it.with("rights", holding(words(Rights::READ | Rights::WRITE))).call()
    }),
    ("cap_ioctls_limit", Errno::EINVAL, |it| it.with("count", 5000).call()),
    ("cap_ioctls_limit", Errno::ENOTCAPABLE, |it| {
        it.clone().with("requests", holding([1_u32, 2])).with("count", 1).call()?;
        it.with("requests", holding([1_u32, 2])).with("count", 2).call()
    }),
    ("cap_fcntls_limit", Errno::ENOTCAPABLE, |it| {
        call(number::cap_fcntls_limit, &[it.word("fd"), 0])?;
        it.with("mask", 1 << libc::F_GETFL).call()
    }),
];
