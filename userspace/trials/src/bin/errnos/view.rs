//! Cases of calls of the family `view`.

use abi::Errno;
use trials::confined::{lock_view, unveil};

use crate::Case;

pub(crate) const CASES: &[Case] = &[
    ("unveil", Errno::EINVAL, |it| it.with_text("permissions", "z").call()),
    ("unveil", Errno::EPERM, |it| {
        unveil("directory", "r")?;
        lock_view()?;
        it.call()
    }),
    ("unveil", Errno::E2BIG, |it| {
        for nth in 0.. {
            let name = format!("/tmp/{nth}");
            unveil(&name, "r")?;
        }
        it.call()
    }),
];
