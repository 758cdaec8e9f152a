//! What operations cost, user part included, where instructions are counted: one instruction is one nanosecond there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::scratch::Scratch;
use common::{exec, program};

/// The most that each row of the trial `costs` may cost: what was measured last, and a twentieth.
const BOUNDS: &[(&str, u64)] = &[
    ("null", 117),
    ("clock_gettime", 200),
    ("yield", 508),
    ("open_close", 4490),
    ("dup_close", 666),
    ("pipe", 1100),
    ("futex_wake", 227),
    ("epoll", 1976),
    ("signal", 2269),
    ("mmap_munmap", 2553),
    ("touch", 995),
    ("copy_on_write", 1277),
    ("fork", 35_200),
    ("fork_exec", 68_600),
    ("posix_spawn", 59_600),
    ("thread", 14_600),
    ("pipe_ping_pong", 4440),
    ("unix_ping_pong", 5310),
    ("futex_ping_pong", 3910),
    ("hackbench_processes", 2500),
    ("hackbench_threads", 2400),
    ("sleep", 1460),
];

#[test]
fn operations_of_programs_cost_no_more_instructions_than_they_did() {
    let (costs, nothing) = (program("costs"), program("nothing"));
    let scratch = Scratch::new("costs");
    // Beside the other in the guest too.
    scratch.write_program(nothing.strip_prefix("/").unwrap().to_str().unwrap(), std::fs::read(&nothing).unwrap());
    let trial = exec(&[costs.to_str().unwrap()]).smp(1).flag("--icount").option("--root", scratch.root());
    let text = trial.run().expect_code(0).text();
    println!("{text}");
    let figure = |row: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(row)?.strip_prefix(' '));
        line.and_then(|figure| figure.parse::<u64>().ok()).unwrap_or(0)
    };
    // A row that could not be measured is 0.
    let wrong: Vec<_> = BOUNDS
        .iter()
        .map(|(row, bound)| (row, figure(row), bound))
        .filter(|(_, is, bound)| *is == 0 || is > *bound)
        .collect();
    assert!(wrong.is_empty() && text.lines().count() == BOUNDS.len(), "row, figure, bound: {wrong:?}\n{text}");
}
