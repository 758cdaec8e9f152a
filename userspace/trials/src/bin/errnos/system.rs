//! Cases of calls of the family `system`.

use abi::Errno;

use crate::Case;

pub(crate) const CASES: &[Case] = &[
    ("syslog", Errno::EINVAL, |it| it.with("action", 99).call()),
    ("reboot", Errno::EINVAL, |it| it.call()),
    ("sethostname setdomainname", Errno::EINVAL, |it| it.with("len", 100).call()),
    ("getrandom", Errno::EINVAL, |it| it.with("flags", 0x99).call()),
];
