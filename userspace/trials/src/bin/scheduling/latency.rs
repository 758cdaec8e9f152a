//! How soon a thread runs that wakes up while every processor is crowded.

use trials::{Holds, Random};

use super::Machine;
use super::crowd::Crowd;
use super::thread_calls::{self as calls, now_ns, processors, sleep_until};

/// Busy threads for each processor.
const HOGS: usize = 8;
/// How often is tried.
const ROUNDS: usize = 200;
/// A slice that nobody asked for.
const SLICE_NS: u64 = 3_000_000;
/// The slice that a thread asks for that wants to run soon.
const SHORT_SLICE_NS: u64 = 200_000;
/// By when a real-time thread runs.
const REAL_TIME_NS: u64 = 20_000;

/// Lateness of many wake-ups at odd times among hogs on every processor, in order.
fn measure(setup: fn()) -> Vec<u64> {
    let hogs = Crowd::busy(HOGS * processors().len(), |_| ());
    std::thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            setup();
            let mut random = Random::new(7);
            let mut late: Vec<u64> = (0..ROUNDS)
                .map(|_| {
                    let deadline = now_ns() + 500_000 + random.below(4_000_000);
                    sleep_until(deadline);
                    now_ns() - deadline
                })
                .collect();
            late.sort_unstable();
            late
        });
        let late = sleeper.join().unwrap_or_default();
        drop(hogs);
        late
    })
}

/// Prints the percentiles, and holds if the worst one is within `bound_ns`. That is told of one processor on a machine
/// that counts instructions: elsewhere the host takes processors away, and several that count take turns, so that a
/// deadline of one passes while another has its turn.
fn judge(late: &[u64], bound_ns: u64, machine: Machine) -> Holds {
    let at = |percent: usize| late.get((late.len() * percent / 100).min(late.len() - 1)).copied().unwrap_or(u64::MAX);
    println!(
        "   late by (ns): least {}, 50 % {}, 90 % {}, 99 % {}, most {}; promised {bound_ns}",
        at(0),
        at(50),
        at(90),
        at(99),
        at(100)
    );
    let is_exact = machine == Machine::Counted && processors().len() == 1;
    if !is_exact || at(100) <= bound_ns { Ok(()) } else { Err(format!("{} ns late", at(100))) }
}

/// SCHED_FIFO.
pub fn real_time(machine: Machine) -> Holds {
    let late = measure(|| calls::set_policy(0, libc::SCHED_FIFO, 50).expect("the superuser may"));
    judge(&late, REAL_TIME_NS, machine)
}

/// As everybody. Its request is served by the time that everybody on its processor has had a slice.
pub fn fair(machine: Machine) -> Holds {
    judge(&measure(|| ()), (HOGS as u64 + 1) * SLICE_NS, machine)
}

/// With a slice far shorter than the others': it waits for its own times the crowd, and for one of theirs.
pub fn short_slice(machine: Machine) -> Holds {
    let late = measure(|| {
        let attributes = abi::types::SchedAttr { runtime: SHORT_SLICE_NS, ..calls::attributes() };
        calls::set_attributes(0, &attributes).expect("anybody may");
    });
    judge(&late, (HOGS as u64 + 1) * SHORT_SLICE_NS + SLICE_NS, machine)
}
