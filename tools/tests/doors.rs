//! Doors around a narrowing that lead through other processes, signals, and what the kernel does in a process's name.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

#[track_caller]
fn holds(trial: &str) {
    for processors in [1, 8] {
        let outcome = exec(&[program(trial).to_str().unwrap()]).smp(processors).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}

#[test]
fn narrower_processes_get_nothing_out_of_wider_ones() {
    holds("doors_processes");
}
