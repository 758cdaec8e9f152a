//! The soak: fork, exec, pipes, mappings and threads without end, for a number of rounds or of seconds, from as many
//! threads as there are processors; then memory in use must be what it was.
//!
//! `churn [rounds N] [seconds N]`; `churn leaf` is what gets executed.

use std::fs;
use std::io::{Read, Write};
use std::process::{ExitCode, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use trials::{Random, number_argument, this_program};

/// Memory that may be in use more than before without being a leak: caches that fill once.
const SLACK_KIB: u64 = 2048;
/// Rounds before memory is first looked at, so that what fills once has filled.
const WARM_UP: u64 = 16;

static FAILURES: AtomicU64 = AtomicU64::new(0);

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|argument| argument == "leaf") {
        return leaf();
    }
    let rounds = number_argument("rounds", 64);
    let seconds = number_argument("seconds", 0);
    let workers = thread::available_parallelism().map_or(1, |count| count.get()) as u64;
    work(workers, WARM_UP, Duration::ZERO);
    let before = free_kib();
    let done = work(workers, rounds, Duration::from_secs(seconds));
    // The kernel takes ended processes apart in its own time; a leak never comes back.
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut lost = before.saturating_sub(free_kib());
    while lost > SLACK_KIB && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(100));
        lost = before.saturating_sub(free_kib());
    }
    let failures = FAILURES.load(Ordering::Relaxed);
    eprintln!("rounds {done} free before {before} KiB, lost {lost} KiB");
    println!("workers {workers} failures {failures} leak {}", lost > SLACK_KIB);
    if failures == 0 && lost <= SLACK_KIB { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All workers do `rounds` rounds, and more until `time` has passed; returns the rounds done.
fn work(workers: u64, rounds: u64, time: Duration) -> u64 {
    let start = Instant::now();
    let threads: Vec<_> = (0..workers)
        .map(|worker| {
            thread::spawn(move || {
                let mut random = Random::new(worker + 1);
                let mut done = 0;
                while done < rounds || start.elapsed() < time {
                    if let Err(what) = one_round(&mut random) {
                        eprintln!("worker {worker} round {done}: {what}");
                        FAILURES.fetch_add(1, Ordering::Relaxed);
                    }
                    done += 1;
                }
                done
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
}

fn one_round(random: &mut Random) -> Result<(), String> {
    match random.below(4) {
        0 => through_a_process(random),
        1 => through_memory(random),
        2 => through_threads(),
        _ => through_a_file(random),
    }
}

/// Bytes go through pipes into another program and back.
fn through_a_process(random: &mut Random) -> Result<(), String> {
    let mut child = this_program()
        .arg("leaf")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("spawn: {error}"))?;
    let sent: Vec<u8> = (0..random.below(20_000)).map(|_| random.below(256) as u8).collect();
    let mut input = child.stdin.take().ok_or("no pipe")?;
    let copy = sent.clone();
    let writer = thread::spawn(move || input.write_all(&copy));
    let mut received = Vec::new();
    child.stdout.take().ok_or("no pipe")?.read_to_end(&mut received).map_err(|error| format!("read: {error}"))?;
    writer.join().map_err(|_| "writer panicked")?.map_err(|error| format!("write: {error}"))?;
    let status = child.wait().map_err(|error| format!("wait: {error}"))?;
    if !status.success() || received != sent {
        return Err(format!("sent {} received {} bytes, {status}", sent.len(), received.len()));
    }
    Ok(())
}

/// Large blocks come from mmap, and go back; every page is touched.
fn through_memory(random: &mut Random) -> Result<(), String> {
    let size = 4096 * (64 + random.below(512)) as usize;
    let mut block = vec![0u8; size];
    let mark = random.below(255) as u8 + 1;
    block.iter_mut().step_by(4096).for_each(|byte| *byte = mark);
    block.resize(size * 2, mark);
    let marked = block.iter().step_by(4096).filter(|byte| **byte == mark).count();
    if marked == size * 2 / 4096 {
        Ok(())
    } else {
        Err(format!("{marked} of {} pages kept their mark", size * 2 / 4096))
    }
}

fn through_threads() -> Result<(), String> {
    let threads: Vec<_> = (0..4u64).map(|number| thread::spawn(move || number * number)).collect();
    let sum: u64 = threads.into_iter().map(|thread| thread.join().unwrap_or(u64::MAX / 8)).sum();
    if sum == 14 { Ok(()) } else { Err(format!("threads returned {sum}")) }
}

fn through_a_file(random: &mut Random) -> Result<(), String> {
    let path = format!("/tmp/churn-{:?}", thread::current().id());
    let text: Vec<u8> = (0..random.below(50_000)).map(|at| at as u8).collect();
    let describe = |error: std::io::Error| format!("{path}: {error}");
    fs::write(&path, &text).map_err(describe)?;
    let read = fs::read(&path).map_err(describe)?;
    fs::remove_file(&path).map_err(describe)?;
    if read == text { Ok(()) } else { Err(format!("{path}: wrote {} read {} bytes", text.len(), read.len())) }
}

fn leaf() -> ExitCode {
    let copied = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::stdout().lock());
    if copied.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn free_kib() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemFree:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
