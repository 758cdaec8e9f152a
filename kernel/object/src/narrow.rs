//! Causes of narrowings: numbered, with the caller and the time.

use crate::floor::now_ns;
use caps::{Cause, Spelling};
use core::sync::atomic::{AtomicU64, Ordering};

static SEQUENCE: AtomicU64 = AtomicU64::new(1);

/// The cause for what the calling process narrows now. One for each operation, however many things it narrows.
pub fn next_cause(spelling: Spelling) -> Cause {
    let process = crate::caller().map_or(0, |caller| caller.process_id());
    cause_of(process, spelling)
}

/// The cause for what is narrowed in the name of a process that is not the caller: a deadline that it set.
pub fn cause_of(process: i32, spelling: Spelling) -> Cause {
    Cause { sequence: SEQUENCE.fetch_add(1, Ordering::Relaxed), process, spelling, time_ns: now_ns() }
}
