//! Fault injection: the one switch that makes an allocation fail on purpose.
//!
//! Every frame and every heap block passes [`should_fail`]. Disarmed it costs one load and a predicted branch.

use core::sync::atomic::{AtomicI64, Ordering};

/// Negative or zero: disarmed. `n`: the n-th allocation from now fails.
static COUNTDOWN: AtomicI64 = AtomicI64::new(0);

/// Makes the `n`-th allocation from now on fail, once; 0 disarms.
pub fn fail_nth(n: u32) {
    COUNTDOWN.store(i64::from(n), Ordering::Relaxed);
}

/// Whether a failure is still to come: after a sweep's step, that the n-th allocation was never reached.
pub fn is_armed() -> bool {
    COUNTDOWN.load(Ordering::Relaxed) > 0
}

/// Whether this allocation is the one to fail.
#[inline]
pub(crate) fn should_fail() -> bool {
    COUNTDOWN.load(Ordering::Relaxed) > 0 && COUNTDOWN.fetch_sub(1, Ordering::Relaxed) == 1
}
