//! The view of the file tree: what `unveil` hides stays hidden, whatever a program tries.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

fn holds(trial: &str, processors: u32) {
    let outcome = exec(&[program(trial).to_str().unwrap()]).smp(processors).run().expect_code(0);
    assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
}

#[test]
fn views_hide_what_was_not_unveiled_on_one_processor() {
    holds("view", 1);
}

#[test]
fn views_hide_what_was_not_unveiled_on_eight_processors() {
    holds("view", 8);
}
