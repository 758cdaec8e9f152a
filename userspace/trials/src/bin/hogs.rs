//! Busy processes: starts one for each processor that it may use, and ends when each has been seen on a processor of
//! its own, all at the same time.
//!
//! `hogs` prints the processors in order; `hogs spin` is one busy process, which tells its processor again and again.

use std::io::{BufRead, BufReader, Read, Write, stdout};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use rustix::thread::{sched_getaffinity, sched_getcpu};
use trials::this_program;

/// Work between two reports.
const SPIN: u64 = 200_000;
/// Reports in a row from the same processor that count as "it runs there".
const STEADY: usize = 3;

fn main() {
    if std::env::args().nth(1).is_some_and(|argument| argument == "spin") {
        return spin();
    }
    let count = sched_getaffinity(None).map_or(1, |set| set.count() as usize);
    let (sender, receiver) = channel();
    let mut children: Vec<Child> = (0..count).filter_map(|number| start(number, sender.clone())).collect();
    let mut seen = vec![(usize::MAX, 0); count];
    for (number, processor) in receiver {
        let (last, times) = &mut seen[number];
        *times = if *last == processor { *times + 1 } else { 1 };
        *last = processor;
        let mut processors: Vec<usize> =
            seen.iter().filter(|(_, times)| *times >= STEADY).map(|(last, _)| *last).collect();
        processors.sort_unstable();
        processors.dedup();
        if processors.len() == count {
            println!("{processors:?}");
            break;
        }
    }
    for child in &mut children {
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn start(number: usize, sender: Sender<(usize, usize)>) -> Option<Child> {
    let mut child = this_program().arg("spin").stdout(Stdio::piped()).spawn().ok()?;
    let output = child.stdout.take()?;
    thread::spawn(move || report(number, output, sender));
    Some(child)
}

fn report(number: usize, output: impl Read, sender: Sender<(usize, usize)>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let Ok(processor) = line.parse() else { return };
        if sender.send((number, processor)).is_err() {
            return;
        }
    }
}

fn spin() {
    let mut sum = 0u64;
    loop {
        for number in 0..SPIN {
            sum = std::hint::black_box(sum.wrapping_add(number));
        }
        if writeln!(stdout(), "{}", sched_getcpu()).is_err() {
            return;
        }
    }
}
