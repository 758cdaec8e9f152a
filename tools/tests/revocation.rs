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
fn taking_back_a_hundred_thousand_keeps_nobody_waiting_for_long() {
    // In virtual time, where an instruction is a nanosecond, and on one processor: whoever has an appointment meanwhile is late by
    // the longest stretch that cannot be preempted, and who needs the tree waits for one piece of the walk.
    counted(&["many", "loans", "100000", "bound-ns", "50000"]);
}

#[test]
fn a_use_of_a_loan_costs_little_however_deep_it_lies() {
    // Measured: 165. Noting the use, so that whoever takes the loan back can wait for it, is nearly all of it.
    counted(&["cost", "bound-ns", "180"]);
}

/// Runs the trial where instructions are counted.
fn counted(arguments: &[&str]) {
    let program = program("revocation");
    let command = [&[program.to_str().unwrap()], arguments].concat();
    let outcome = exec(&command).smp(1).flag("--icount").run().expect_code(0);
    assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
}
