//! When to look at a clock of used time again.

use arch::clock::now_ns;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// No two looks are nearer than this: what timers of used time are fine to.
const NEAREST_NS: u64 = 20_000;
/// Time between looks while nothing is used: Linux's tick.
const IDLE_NS: u64 = 4_000_000;

/// Plans looks at a clock of used time. Such a clock tells nobody when it is due; it is looked at when it can be due at
/// the earliest, which while it runs is exactly then.
pub(crate) struct Looks {
    /// What it showed at the last look.
    seen_ns: AtomicU64,
}

impl Looks {
    pub const fn new() -> Self {
        Self { seen_ns: AtomicU64::new(u64::MAX) }
    }

    /// When to look again, at a clock that shows `shown_ns` and is due at `earliest_ns` at the earliest.
    pub fn next(&self, shown_ns: u64, earliest_ns: u64) -> u64 {
        let is_idle = self.seen_ns.swap(shown_ns, Relaxed) == shown_ns;
        earliest_ns.max(now_ns().saturating_add(if is_idle { IDLE_NS } else { NEAREST_NS }))
    }
}
