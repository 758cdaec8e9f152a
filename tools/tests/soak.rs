//! Fork, exec, pipe, mapping and thread churn on eight processors, without panic, leak or hang. The short form has a
//! fixed number of rounds; `TESSERA_SOAK_SECONDS=600` makes it the long one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

#[test]
fn churn_on_eight_processors_loses_nothing() {
    let churn = program("churn");
    let seconds: u64 = std::env::var("TESSERA_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let arguments = [churn.to_str().unwrap(), "rounds", "40", "seconds", &seconds.to_string()];
    let limit = (900 + 3 * seconds).to_string();
    let outcome = exec(&arguments).smp(8).option("--timeout", limit).run().expect_code(0);
    assert_eq!(outcome.text(), "workers 8 failures 0 leak false\n", "{}", outcome.report());
}
