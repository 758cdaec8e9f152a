//! No interrupts come for a thread that is alone on its processor, nor for processors without any; and short sleeps are short.

#![allow(unsafe_code, reason = "libc's calls")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use abi::table::number;
use abi::types::Timespec;
use trials::raw::call;
use trials::{Holds, Report, equal, number_argument};

/// A kernel with a tick has hundreds in this time.
const SECOND: Duration = Duration::from_secs(1);
/// What else may happen in a second: the load average, the host's pings.
const FEW: u64 = 20;

fn main() -> ExitCode {
    let mut report = Report::new();
    report.check("a thread alone on its processor is not interrupted", quiet(busy));
    report.check("idle processors are not interrupted", quiet(idle));
    report.check("slack is kept, inherited, and reset", slack());
    let bound = number_argument("--overshoot", u64::MAX);
    report.check("sleeps of a millisecond end in time", overshoot(bound));
    report.finish()
}

/// How often each processor's timer has interrupted it.
fn timer_interrupts() -> Vec<u64> {
    let text = std::fs::read_to_string("/proc/interrupts").unwrap_or_default();
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("LOC:")).unwrap_or_default();
    line.split_whitespace().map_while(|word| word.parse().ok()).collect()
}

fn busy() {
    let end = Instant::now() + SECOND;
    while Instant::now() < end {
        std::hint::black_box((0..1000).sum::<u64>());
    }
}

fn idle() {
    std::thread::sleep(SECOND);
}

fn quiet(body: fn()) -> Holds {
    let before = timer_interrupts();
    body();
    let after = timer_interrupts();
    equal((before.is_empty(), before.len()), (false, after.len()))?;
    let counts: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    if counts.iter().all(|count| *count <= FEW) { Ok(()) } else { Err(format!("{counts:?} interrupts")) }
}

fn slack() -> Holds {
    let get = || call(number::prctl, &[libc::PR_GET_TIMERSLACK as usize]);
    let set = |ns: usize| call(number::prctl, &[libc::PR_SET_TIMERSLACK as usize, ns]);
    let first = get();
    equal([set(1), get()], [Ok(0), Ok(1)])?;
    let child = std::thread::spawn(get).join().map_err(|_| "panicked")?;
    equal(child, Ok(1))?;
    equal([set(0), get()], [Ok(0), first])?;
    equal(first, Ok(50_000))
}

/// The median overshoot of a hundred sleeps.
fn overshoot(bound: u64) -> Holds {
    call(number::prctl, &[libc::PR_SET_TIMERSLACK as usize, 1]).map_err(|error| format!("{error:?}"))?;
    let request = Timespec { seconds: 0, nanoseconds: 1_000_000 };
    let mut overshoots: Vec<u64> = (0..101)
        .map(|_| {
            let start = Instant::now();
            let _ = call(number::nanosleep, &[&raw const request as usize, 0]);
            (start.elapsed().as_nanos() as u64).saturating_sub(1_000_000)
        })
        .collect();
    overshoots.sort_unstable();
    let median = overshoots[overshoots.len() / 2];
    println!("median overshoot {median} ns");
    if median <= bound { Ok(()) } else { Err(format!("median {median} ns, more than {bound}")) }
}
