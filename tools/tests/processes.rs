//! Processes, signals and faults, tried from within: each trial says itself what does not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::assert_trial;

#[test]
fn processes_end_stop_and_are_waited_for_as_on_linux() {
    assert_trial("processes", &[1, 8]);
}

#[test]
fn signals_are_queued_masked_and_handled_as_on_linux() {
    assert_trial("signals", &[1, 8]);
}

#[test]
fn faults_and_forged_frames_end_as_on_linux() {
    assert_trial("faults", &[1, 8]);
}

#[test]
fn rarely_turned_corners_are_as_on_linux() {
    assert_trial("corners", &[1, 8]);
}

#[test]
fn processes_live_as_long_as_their_descriptors_are_held() {
    assert_trial("process_descriptors", &[1, 8]);
}

#[test]
fn spawned_processes_have_what_is_named_and_nothing_else() {
    assert_trial("spawn", &[1, 8]);
}
