//! Churn of processes, pipes, memory, threads and files, without panic, leak or hang. The short form has a fixed number
//! of rounds; `TESSERA_SOAK_SECONDS=600` makes it the long one.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{exec, program};

#[test]
fn churn_on_eight_processors_loses_nothing() {
    let churn = program("churn");
    let seconds: u64 = std::env::var("TESSERA_SOAK_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let arguments = [churn.to_str().unwrap(), "mixed", "rounds", "40", "seconds", &seconds.to_string()];
    let limit = (900 + 3 * seconds).to_string();
    let outcome = exec(&arguments).smp(8).option("--timeout", limit).run().expect_code(0);
    assert_eq!(outcome.text(), "mixed well true leak false\n", "{}", outcome.report());
    // What it kept, for whoever asks with --nocapture.
    eprintln!("{}", outcome.stderr);
}

/// Enough rounds that a few bytes for each thread, process or file ever made would be seen.
#[test]
fn no_kind_of_churn_leaves_anything_behind() {
    let churn = program("churn");
    let outcome = exec(&[churn.to_str().unwrap(), "each", "rounds", "200"]).smp(2).run().expect_code(0);
    let kinds = ["programs", "forks", "sessions", "pipes", "memory", "threads", "files", "events"];
    let expected: String = kinds.iter().map(|kind| format!("{kind} well true leak false\n")).collect();
    assert_eq!(outcome.text(), expected, "{}", outcome.report());
}
