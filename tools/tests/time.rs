//! Time: timers, clocks, the calendar.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

#[test]
fn timers_fire_count_and_end_as_on_linux() {
    for cpus in [1, 8] {
        let outcome = exec(&[program("timers").to_str().unwrap()]).smp(cpus).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}
