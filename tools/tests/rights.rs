//! Rights on slots: what each call demands of them, tried from within the guest.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

fn holds(processors: u32) {
    let outcome = exec(&[program("rights").to_str().unwrap()]).smp(processors).run().expect_code(0);
    assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
}

#[test]
fn every_call_checks_the_rights_of_its_slots_on_one_processor() {
    holds(1);
}

#[test]
fn every_call_checks_the_rights_of_its_slots_on_eight_processors() {
    holds(8);
}
