//! What a trace says about the scheduler.
//!
//! Only that part counts in which every CPU's records are complete.

mod conservation;
mod latency;

pub use conservation::{Idleness, LIMIT_NS, find_idleness};
pub use latency::{Latency, latencies};

use std::fmt::Write;

use super::model::{LockUse, Trace};
use super::slices::Slices;

/// How many of a kind a report shows.
const SHOWN: usize = 10;

/// For people.
pub fn report(trace: &Trace) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_report(trace, &mut text);
    text
}

fn write_report(trace: &Trace, text: &mut String) -> std::fmt::Result {
    let from = trace.complete_from();
    let lost: u64 = trace.lost.iter().sum();
    let events = trace.events.len();
    let span = Duration(trace.end().saturating_sub(from));
    writeln!(text, "{} CPUs, {events} events, {lost} lost; complete for the last {span}", trace.cpus)?;
    write_idleness(trace, text)?;
    writeln!(text, "\nfrom wake-up to running, by class:")?;
    writeln!(text, "  {:<9} {:>8} {:>10} {:>10} {:>10} {:>10}", "class", "count", "median", "90 %", "99 %", "longest")?;
    for latency in latencies(&Slices::of(trace), from) {
        let [median, ninety, ninety_nine, longest] = [50, 90, 99, 100].map(|part| Duration(latency.percentile(part)));
        let (name, count) = (latency.class.name(), latency.count());
        writeln!(text, "  {name:<9} {count:>8} {median:>10} {ninety:>10} {ninety_nine:>10} {longest:>10}")?;
    }
    writeln!(text, "\nlongest regions with interrupts or preemption off:")?;
    for region in trace.regions.iter().take(SHOWN) {
        writeln!(text, "  {:>10} {} on CPU {}", Duration(region.ns), region.off.name(), region.cpu)?;
        for place in &region.place {
            writeln!(text, "               {place}")?;
        }
    }
    write_locks(trace, text)
}

fn write_idleness(trace: &Trace, text: &mut String) -> std::fmt::Result {
    let found = find_idleness(trace, LIMIT_NS);
    let limit = Duration(LIMIT_NS);
    if found.is_empty() {
        return writeln!(text, "no CPU was idle for more than {limit} while another had a thread to spare for it");
    }
    writeln!(
        text,
        "CPUs that were idle for more than {limit} while another had a thread to spare for them: {}",
        found.len()
    )?;
    for Idleness { cpu, start, end, other, thread } in found.iter().take(SHOWN) {
        let (length, name) = (Duration(end - start), trace.name(*thread));
        writeln!(text, "  CPU {cpu} from {start} ns on for {length}: {name} waited on CPU {other}")?;
    }
    Ok(())
}

fn write_locks(trace: &Trace, text: &mut String) -> std::fmt::Result {
    let mut locks: Vec<&LockUse> = trace.locks.iter().filter(|lock| lock.taken > 0).collect();
    locks.sort_by_key(|lock| std::cmp::Reverse((lock.wait_ns, lock.taken)));
    writeln!(
        text,
        "\nlocks by class:\n  {:<20} {:>10} {:>8} {:>10} {:>10}",
        "class", "taken", "waited", "together", "longest"
    )?;
    for lock in locks {
        let (together, longest) = (Duration(lock.wait_ns), Duration(lock.longest_ns));
        writeln!(text, "  {:<20} {:>10} {:>8} {together:>10} {longest:>10}", lock.class, lock.taken, lock.waited)?;
    }
    Ok(())
}

/// Nanoseconds, for people.
struct Duration(u64);

impl std::fmt::Display for Duration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self.0 {
            0..10_000 => format!("{} ns", self.0),
            10_000..10_000_000 => format!("{} µs", self.0 / 1000),
            _ => format!("{} ms", self.0 / 1_000_000),
        };
        f.pad(&text)
    }
}
