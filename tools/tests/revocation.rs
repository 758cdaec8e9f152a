//! Capabilities lent and taken back, tried from within the guest.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

/// Runs the trial with these arguments; what it printed.
fn holds(processors: u32, arguments: &[&str]) -> String {
    let program = program("revocation");
    let command = [&[program.to_str().unwrap()], arguments].concat();
    let outcome = exec(&command).smp(processors).run().expect_code(0);
    assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    outcome.text()
}

#[test]
fn what_derives_from_a_slot_ends_with_it_on_one_processor() {
    holds(1, &[]);
}

#[test]
fn what_derives_from_a_slot_ends_with_it_on_eight_processors() {
    holds(8, &[]);
}

#[test]
fn taking_back_races_with_uses_copies_forks_and_closings_on_eight_processors() {
    holds(8, &["race", "3000"]);
}

#[test]
fn taking_back_a_hundred_thousand_keeps_others_waiting_for_a_bounded_time() {
    // In virtual time, where an instruction is a nanosecond: whoever needs the tree meanwhile waits for one piece of the walk, and
    // for its turn on the processor.
    let program = program("revocation");
    let command = [program.to_str().unwrap(), "many", "loans", "100000", "bound-ns", "200000"];
    let outcome = exec(&command).smp(2).flag("--icount").run().expect_code(0);
    assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
}
