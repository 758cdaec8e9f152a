//! Files, pipes, futexes and waiting: the trials that judge the guest by what Linux does.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::assert_trial;

#[test]
fn files_behave_as_on_linux() {
    assert_trial("file_system", &[2]);
}

#[test]
fn waiting_behaves_as_on_linux_on_one_processor() {
    assert_trial("waiting", &[1]);
}

#[test]
fn waiting_behaves_as_on_linux_on_eight_processors() {
    assert_trial("waiting", &[8]);
}

#[test]
fn futexes_behave_as_on_linux_on_one_processor() {
    assert_trial("futexes", &[1]);
}

#[test]
fn futexes_behave_as_on_linux_on_eight_processors() {
    assert_trial("futexes", &[8]);
}

#[test]
fn names_survive_a_storm_of_changes_on_eight_processors() {
    assert_trial("tree_storm", &[8]);
}
