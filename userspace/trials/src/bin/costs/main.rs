//! What operations cost, as a program sees them: nanoseconds each, its own instructions included.
//!
//! Where instructions are counted, a nanosecond is an instruction and the figures of one image repeat exactly. Each row is one line:
//! its name and its figure. Arguments name the rows to measure; without any, all are.

mod bare;
mod creation;
mod group;
mod memory;
mod pairs;
mod single;

use std::process::ExitCode;
use std::time::Instant;

/// A row: what is measured, and what gives the figure.
type Row = (&'static str, fn() -> u64);

const ROWS: &[Row] = &[
    ("null", single::null),
    ("clock_gettime", single::clock),
    ("yield", pairs::yielding),
    ("open_close", single::open_close),
    ("dup_close", single::dup_close),
    ("pipe", single::pipe),
    ("futex_wake", single::futex_wake),
    ("epoll", single::epoll),
    ("signal", single::signal),
    ("mmap_munmap", memory::map_and_unmap),
    ("touch", memory::touch),
    ("copy_on_write", memory::copy_on_write),
    ("fork", creation::fork),
    ("fork_exec", creation::fork_exec),
    ("posix_spawn", creation::spawn),
    ("thread", creation::thread),
    ("pipe_ping_pong", pairs::pipe),
    ("unix_ping_pong", pairs::unix),
    ("futex_ping_pong", pairs::futex),
    ("hackbench_processes", group::processes),
    ("hackbench_threads", group::threads),
    ("sleep", single::sleep),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|name| ROWS.iter().all(|(row, _)| row != name)) {
        eprintln!("no row {unknown}");
        return ExitCode::from(2);
    }
    for (name, measure) in ROWS.iter().filter(|(row, _)| wanted.is_empty() || wanted.iter().any(|name| name == row)) {
        println!("{name} {}", measure());
    }
    ExitCode::SUCCESS
}

/// Nanoseconds for one of `rounds` operations. Some go before, so that what is made on first use is there.
fn each(rounds: u64, mut operation: impl FnMut()) -> u64 {
    (0..rounds.min(20)).for_each(|_| operation());
    let start = Instant::now();
    (0..rounds).for_each(|_| operation());
    start.elapsed().as_nanos() as u64 / rounds
}
