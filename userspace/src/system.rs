//! What the program runs on.

use std::fs;
use std::sync::LazyLock;

/// Whether this is Tessera; elsewhere what only Tessera has ends with an error.
pub fn is_tessera() -> bool {
    static ANSWER: LazyLock<bool> =
        LazyLock::new(|| fs::read_to_string("/proc/version").is_ok_and(|version| version.contains("Tessera")));
    *ANSWER
}

/// What the monotonic clock says, in nanoseconds: the clock of deadlines.
pub(crate) fn monotonic_ns() -> crate::error::Result<u64> {
    Ok(crate::call::monotonic_ns()?)
}
