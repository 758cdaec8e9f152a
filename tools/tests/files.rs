//! Files, pipes, futexes and waiting: the trials that judge the guest by what Linux does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

fn holds(trial: &str, processors: u32) {
    let outcome = exec(&[program(trial).to_str().unwrap()]).smp(processors).run().expect_code(0);
    assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
}

#[test]
fn files_behave_as_on_linux() {
    holds("file_system", 2);
}

#[test]
fn waiting_behaves_as_on_linux_on_one_processor() {
    holds("waiting", 1);
}

#[test]
fn waiting_behaves_as_on_linux_on_eight_processors() {
    holds("waiting", 8);
}

#[test]
fn futexes_behave_as_on_linux_on_one_processor() {
    holds("futexes", 1);
}

#[test]
fn futexes_behave_as_on_linux_on_eight_processors() {
    holds("futexes", 8);
}

#[test]
fn names_survive_a_storm_of_changes_on_eight_processors() {
    holds("tree_storm", 8);
}
