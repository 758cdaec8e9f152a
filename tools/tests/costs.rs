//! What operations cost, user part included, where instructions are counted: one instruction is one nanosecond there.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::scratch::Scratch;
use common::{exec, program};

/// The most that each row of the trial `costs` may cost, which is what was measured last and a twentieth; and what it should cost.
const ROWS: &[(&str, u64, u64)] = &[
    ("null", 117, 100),
    ("clock_gettime", 200, 140),
    ("yield", 578, 600),
    ("open_close", 4600, 1500),
    ("dup_close", 553, 380),
    ("pipe", 984, 700),
    ("futex_wake", 249, 200),
    ("epoll", 1889, 1100),
    ("signal", 2580, 1400),
    ("mmap_munmap", 2579, 2000),
    ("touch", 1011, 1500),
    ("copy_on_write", 1293, 1700),
    ("fork", 39_600, 40_000),
    ("fork_exec", 75_400, 70_000),
    ("posix_spawn", 64_400, 40_000),
    ("thread", 16_300, 15_000),
    ("pipe_ping_pong", 4540, 2800),
    ("unix_ping_pong", 5750, 3500),
    ("futex_ping_pong", 4580, 2200),
    ("hackbench_processes", 1930, 900),
    ("hackbench_threads", 1825, 850),
    ("sleep", 1500, 1500),
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
    for (row, _, goal) in ROWS.iter().filter(|(row, _, goal)| figure(row) > *goal) {
        println!("{row}: {} instead of {goal}", figure(row));
    }
    // A row that could not be measured is 0.
    let is_wrong = |row: &str, bound: u64| figure(row) == 0 || figure(row) > bound;
    let wrong: Vec<_> = ROWS.iter().filter(|(row, bound, _)| is_wrong(row, *bound)).collect();
    assert!(wrong.is_empty() && text.lines().count() == ROWS.len(), "row, bound, goal: {wrong:?}\n{text}");
}
