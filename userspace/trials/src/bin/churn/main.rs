//! The soak: processes, pipes, memory, threads and files made and given back without end, by as many threads as there
//! are processors. When the program that did it has ended, memory in use must be what it was before.
//!
//! `churn [KIND…] [rounds N] [seconds N]` does each kind in a program of its own (`mixed` where none is named, `each` for
//! every one by itself), N rounds a thread, and more until the time is over. `churn do KIND …` is such a program, `churn
//! leaf` what that executes.

mod kinds;

use std::fs;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kinds::Kind;
use trials::{Random, number_argument, this_program};

/// Memory that may be in use more than before without being a leak: names and numbers that are kept once for all.
const SLACK_KIB: u64 = 32;
/// Rounds before memory is first looked at, so that what fills once has filled.
const WARM_UP: u64 = 16;

static FAILURES: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("leaf") => kinds::leaf(),
        Some("do") => work(arguments.get(1).and_then(|name| Kind::named(name)).unwrap_or(Kind::Mixed)),
        Some("each") => judge(&Kind::EACH),
        _ => {
            let named: Vec<Kind> = arguments.iter().filter_map(|name| Kind::named(name)).collect();
            judge(if named.is_empty() { &[Kind::Mixed] } else { &named })
        }
    }
}

/// Has each kind done by a program of its own, and says what is not as it was before.
fn judge(kinds: &[Kind]) -> ExitCode {
    let (rounds, seconds) = (number_argument("rounds", 64), number_argument("seconds", 0));
    let mut held = true;
    for kind in kinds {
        let ran = |rounds, seconds| run(*kind, rounds, seconds);
        let mut well = ran(WARM_UP, 0);
        let before = used_kib();
        well &= ran(rounds, seconds);
        // The kernel takes ended processes apart in its own time; a leak never comes back.
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut kept = used_kib().saturating_sub(before);
        while kept > SLACK_KIB && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(100));
            kept = used_kib().saturating_sub(before);
        }
        let leaks = kept > SLACK_KIB;
        eprintln!("{}: {before} KiB in use before, {kept} KiB more after\n{}", kind.name(), blocks());
        println!("{} well {well} leak {leaks}", kind.name());
        held &= well && !leaks;
    }
    if held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(kind: Kind, rounds: u64, seconds: u64) -> bool {
    let (rounds, seconds) = (rounds.to_string(), seconds.to_string());
    let mut command = this_program();
    command.args(["do", kind.name(), "rounds", &rounds, "seconds", &seconds]);
    command.status().is_ok_and(|status| status.success())
}

/// All workers do their rounds, and more until the time has passed.
fn work(kind: Kind) -> ExitCode {
    let (rounds, time) = (number_argument("rounds", 1), Duration::from_secs(number_argument("seconds", 0)));
    let workers = thread::available_parallelism().map_or(1, |count| count.get()) as u64;
    let start = Instant::now();
    let threads: Vec<_> = (0..workers)
        .map(|worker| {
            thread::spawn(move || {
                let mut random = Random::new(worker + 1);
                let mut done = 0;
                while done < rounds || start.elapsed() < time {
                    if let Err(what) = kind.one_round(&mut random) {
                        eprintln!("worker {worker} round {done}: {what}");
                        FAILURES.fetch_add(1, Ordering::Relaxed);
                    }
                    done += 1;
                }
                done
            })
        })
        .collect();
    let done: u64 = threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum();
    eprintln!("{}: {workers} workers did {done} rounds in {} ms", kind.name(), start.elapsed().as_millis());
    if FAILURES.load(Ordering::Relaxed) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Memory in use, without what only waits for the next who needs it.
fn used_kib() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let row = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
    };
    row("MemTotal") - row("MemFree") - row("KReclaimable")
}

/// Which sizes of the kernel's blocks are in use how often, and in how many pages.
fn blocks() -> String {
    let text = fs::read_to_string("/proc/slabinfo").unwrap_or_default();
    let rows = text.lines().skip(2).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        format!(" {} {} in {}", words[0], words[1], words[words.len() - 3])
    });
    rows.collect::<Vec<_>>().join(",")
}
