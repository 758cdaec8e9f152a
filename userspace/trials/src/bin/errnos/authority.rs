//! Cases of calls of the family `authority`.

use abi::Errno;
use trials::pledged::pledge;

use crate::Case;

pub(crate) const CASES: &[Case] = &[
    ("pledge", Errno::EINVAL, |it| it.with_text("promises", "nonsense").call()),
    ("pledge", Errno::EINVAL, |it| it.with_text("execpromises", "nonsense").call()),
    ("pledge", Errno::ENAMETOOLONG, |it| it.with_text("promises", &"stdio ".repeat(1000)).call()),
    ("pledge", Errno::EPERM, |it| {
        pledge(Some("stdio"), None)?;
        it.with_text("promises", "stdio rpath").call()
    }),
];
