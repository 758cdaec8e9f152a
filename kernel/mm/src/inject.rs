//! Fault injection: making one allocation of a thread fail on purpose.
//!
//! Every frame and every heap block passes [`should_fail`]. While no thread asks for a failure it costs one load and a
//! predicted branch. A thread that does has a [`FailNth`], which counts that thread's allocations alone, so that what
//! the others do is neither counted nor hit.

use arch::local::{self, Slot};
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// How many threads may count at once. One that finds no room is not failed.
const ROOM: usize = 64;

/// A countdown and whose it is.
struct Countdown {
    /// The thread, as its CPU names it; 0 for nobody.
    thread: AtomicUsize,
    /// The n-th allocation from now fails; 0: none any more.
    left: AtomicU32,
}

static COUNTDOWNS: [Countdown; ROOM] =
    [const { Countdown { thread: AtomicUsize::new(0), left: AtomicU32::new(0) } }; ROOM];

/// How many of the countdowns belong to somebody.
static ARMED: AtomicU32 = AtomicU32::new(0);

/// Whether programs may ask for failures.
static OFFERED: AtomicBool = AtomicBool::new(false);

/// Lets programs ask for failures from now on. For the machine's owner, at boot.
pub fn offer() {
    OFFERED.store(true, Ordering::Relaxed);
}

/// Whether programs may ask for failures.
pub fn is_offered() -> bool {
    OFFERED.load(Ordering::Relaxed)
}

/// As long as it lives, the allocations of the thread that made it are counted down, and one fails.
pub struct FailNth {
    countdown: Option<&'static Countdown>,
}

impl FailNth {
    /// Makes the `n`-th allocation of the calling thread from now on fail, once.
    pub fn new(n: u32) -> Self {
        let thread = local::load(Slot::Thread);
        let countdown = COUNTDOWNS.iter().find(|countdown| {
            countdown.thread.compare_exchange(0, thread, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        });
        if let Some(countdown) = countdown {
            countdown.left.store(n, Ordering::Relaxed);
            ARMED.fetch_add(1, Ordering::Relaxed);
        }
        Self { countdown }
    }

    /// How many allocations are to go until one fails; 0 when it has failed.
    pub fn left(&self) -> u32 {
        self.countdown.map_or(u32::MAX, |countdown| countdown.left.load(Ordering::Relaxed))
    }
}

impl Drop for FailNth {
    fn drop(&mut self) {
        if let Some(countdown) = self.countdown {
            ARMED.fetch_sub(1, Ordering::Relaxed);
            countdown.left.store(0, Ordering::Relaxed);
            countdown.thread.store(0, Ordering::Relaxed);
        }
    }
}

/// Whether some thread counts: then fast paths leave the decision to the slow ones.
#[inline(always)]
pub(crate) fn is_armed() -> bool {
    ARMED.load(Ordering::Relaxed) != 0
}

/// Whether this allocation is the one to fail.
#[inline]
pub(crate) fn should_fail() -> bool {
    is_armed() && count_down()
}

/// Only the thread itself counts, so nothing comes between the load and the store but its own interrupt handlers, and
/// those do not allocate.
#[cold]
fn count_down() -> bool {
    let thread = local::load(Slot::Thread);
    let Some(own) = COUNTDOWNS.iter().find(|countdown| countdown.thread.load(Ordering::Relaxed) == thread) else {
        return false;
    };
    let left = own.left.load(Ordering::Relaxed);
    own.left.store(left.saturating_sub(1), Ordering::Relaxed);
    left == 1
}
