//! Processes, signals and faults, tried from within: each trial says itself what does not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

#[track_caller]
fn assert_trial(name: &str) {
    for processors in [1, 8] {
        let outcome = exec(&[program(name).to_str().unwrap()]).smp(processors).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}

#[test]
fn processes_end_stop_and_are_waited_for_as_on_linux() {
    assert_trial("processes");
}

#[test]
fn signals_are_queued_masked_and_handled_as_on_linux() {
    assert_trial("signals");
}

#[test]
fn faults_and_forged_frames_end_as_on_linux() {
    assert_trial("faults");
}

#[test]
fn rarely_turned_corners_are_as_on_linux() {
    assert_trial("corners");
}

#[test]
fn processes_live_as_long_as_their_descriptors_are_held() {
    assert_trial("process_descriptors");
}

#[test]
fn spawned_processes_have_what_is_named_and_nothing_else() {
    assert_trial("spawn");
}
