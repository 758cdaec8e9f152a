//! Every error that a row of the table of system calls declares, provoked from within the guest: one test for each family.
//!
//! The kernel watches meanwhile: an error that a row does not declare is a failure too.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

/// What the kernel logs of an error that a row does not declare.
const UNDECLARED: &str = "which its row does not declare";

fn holds(what: &[&str]) {
    for processors in [1, 8] {
        let trial = program("errnos");
        let words = [&[trial.to_str().unwrap()], what].concat();
        let boot = exec(&words).smp(processors).option("--append", "check_errnos fault_injection");
        let outcome = boot.run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
        assert!(outcome.text().starts_with("ok "), "{}", outcome.report());
        assert!(!outcome.log.contains(UNDECLARED), "{}", outcome.log);
    }
}

macro_rules! families {
    ($($family:ident)*; without_sweep: $($plain:ident)*) => {
        /// The families that have a test.
        const FAMILIES: &[&str] = &[$(stringify!($family),)* $(stringify!($plain)),*];
        $(
            mod $family {
                #[test]
                fn every_declared_error_is_provoked_and_no_other_seen() {
                    super::holds(&[stringify!($family)]);
                }

                #[test]
                fn calls_survive_each_allocation_that_fails_and_leave_nothing_behind() {
                    super::holds(&["sweep", stringify!($family)]);
                }
            }
        )*
        $(
            mod $plain {
                #[test]
                fn every_declared_error_is_provoked_and_no_other_seen() {
                    super::holds(&[stringify!($plain)]);
                }
            }
        )*
    };
}

// A thread that traces itself does not live to count allocations.
families! {
    attributes authority capabilities descriptors files futex identity memory narrowing paths process remote_memory
    sched signals socket system time view wait;
    without_sweep: ptrace
}

#[test]
fn every_family_of_calls_has_its_test() {
    for row in abi::table::TABLE {
        assert!(FAMILIES.contains(&row.family), "{} has no test", row.family);
    }
}
