//! Unix sockets and the capabilities that they carry.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

#[test]
fn sockets_converse_and_carry_capabilities_as_on_linux() {
    for cpus in [1, 8] {
        let outcome = exec(&[program("sockets").to_str().unwrap()]).smp(cpus).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}
