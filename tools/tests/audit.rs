//! Records of denials, narrowing many things at once, and learn mode: each trial says itself what does not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{assert_trial, trial};

#[test]
fn each_denial_leaves_one_record_on_one_processor() {
    assert_trial("audit", &[1]);
}

#[test]
fn each_denial_leaves_one_record_on_eight_processors() {
    assert_trial("audit", &[8]);
}

#[test]
fn a_list_of_narrowings_is_all_or_none_on_one_processor() {
    assert_trial("narrow", &[1]);
}

#[test]
fn a_list_of_narrowings_binds_every_thread_on_eight_processors() {
    assert_trial("narrow", &[8]);
}

#[test]
fn what_is_learned_suffices_on_one_processor() {
    assert_trial("learn", &[1]);
}

#[test]
fn what_is_learned_suffices_on_eight_processors() {
    assert_trial("learn", &[8]);
}

/// One instruction is one nanosecond there.
#[test]
fn narrowing_a_thousand_slots_takes_at_most_a_hundred_microseconds() {
    let outcome = trial(&["narrow", "cost"]).flag("--icount").smp(1).expect_to_hold();
    let text = outcome.text();
    let words: Vec<&str> = text.split_whitespace().collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name);
        at.and_then(|at| words.get(at + 1)?.parse::<u64>().ok()).unwrap_or(u64::MAX)
    };
    assert!(after("range") <= 100_000 && after("each") <= 100_000, "{text}");
}
