//! Tracing: the requests one by one, and the debuggers that a distribution has.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

#[test]
fn tracers_see_and_change_what_they_dominate_and_nothing_else() {
    for processors in [1, 8] {
        let outcome = exec(&[program("ptrace").to_str().unwrap()]).smp(processors).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}
