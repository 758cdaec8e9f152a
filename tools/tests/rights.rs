//! Rights on slots: what each call demands of them, tried from within the guest.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::assert_trial;

#[test]
fn every_call_checks_the_rights_of_its_slots_on_one_processor() {
    assert_trial("rights", &[1]);
}

#[test]
fn every_call_checks_the_rights_of_its_slots_on_eight_processors() {
    assert_trial("rights", &[8]);
}
