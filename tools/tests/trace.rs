//! Traces: that the file is what ui.perfetto.dev opens, that it tells what happened, and what it says about the scheduler.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use common::scratch::Scratch;
use common::{exec, program, run, shell, tool};
use serde_json::Value;
use tools::trace::analysis::{LIMIT_NS, find_idleness, latencies};
use tools::trace::file;
use tools::trace::model::{Class, Kind, Off, Trace};
use tools::trace::slices::Slices;

/// A CPU's track is the thread of this number and the CPU's, in the process of this number.
const MACHINE: u64 = 2_000_000;

fn events(path: &Path) -> Vec<Value> {
    let value: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    value["traceEvents"].as_array().unwrap().clone()
}

fn of_phase<'a>(events: &'a [Value], phase: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["ph"] == phase)
}

fn track(event: &Value) -> (u64, u64) {
    (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap())
}

/// Start and end in nanoseconds.
fn span(event: &Value) -> (u64, u64) {
    let nanoseconds = |field: &str| (event[field].as_f64().unwrap() * 1000.0).round() as u64;
    (nanoseconds("ts"), nanoseconds("ts") + nanoseconds("dur"))
}

/// Every slice is closed, named and on a named track, and those of a track nest.
fn assert_slices_nest(events: &[Value]) {
    let names: HashMap<_, _> = of_phase(events, "M")
        .filter(|event| event["name"] == "thread_name")
        .map(|event| (track(event), event["args"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(of_phase(events, "B").count() + of_phase(events, "E").count(), 0, "slices are whole");
    let mut by_track: HashMap<_, Vec<(u64, u64)>> = HashMap::new();
    for slice in of_phase(events, "X") {
        assert!(!slice["name"].as_str().unwrap().is_empty(), "{slice}");
        assert!(names.contains_key(&track(slice)), "{slice} is on a track without a name");
        by_track.entry(track(slice)).or_default().push(span(slice));
    }
    for (track, mut spans) in by_track {
        spans.sort_by_key(|(start, end)| (*start, std::cmp::Reverse(*end)));
        let mut open: Vec<u64> = Vec::new();
        for (start, end) in spans {
            open.retain(|outer| *outer > start);
            assert!(open.last().is_none_or(|outer| end <= *outer), "slices of {track:?} overlap at {start}");
            open.push(end);
        }
    }
}

/// Each CPU's records are in the order of time.
fn assert_time_goes_on(trace: &Trace) {
    let mut last = vec![0; trace.cpus as usize];
    for event in &trace.events {
        assert!(event.time >= last[event.cpu as usize], "{event:?}");
        last[event.cpu as usize] = event.time;
    }
}

#[test]
fn a_trace_names_threads_and_shows_processors_calls_interrupts_and_wake_ups() {
    let scratch = Scratch::new("trace");
    let path = scratch.path("trace.json");
    let outcome = shell("echo one | cat; sleep 0.01; echo two").smp(4).option("--trace", &path).run().expect_code(0);
    assert_eq!(outcome.text(), "one\ntwo\n");
    let events = events(&path);
    assert_slices_nest(&events);
    let tracks: Vec<_> = of_phase(&events, "M").filter(|event| event["name"] == "thread_name").collect();
    for cpu in 0..4 {
        let is_cpu = |event: &&&Value| track(event) == (MACHINE, MACHINE + cpu);
        assert_eq!(tracks.iter().find(is_cpu).unwrap()["args"]["name"], format!("CPU {cpu}"));
    }
    let runs: Vec<_> = of_phase(&events, "X").filter(|event| event["cat"] == "run").collect();
    for name in ["init", "busybox", "cat", "sleep"] {
        assert!(runs.iter().any(|run| run["name"] == name), "nobody saw {name} run");
    }
    assert!(runs.iter().all(|run| (MACHINE..MACHINE + 4).contains(&track(run).1)));
    let has = |category: &str, name: &str| {
        of_phase(&events, "X").any(|event| event["cat"] == category && event["name"] == name)
    };
    assert!(has("call", "execve") && has("call", "exit_group") && has("interrupt", "timer"));
    // Each arrow begins and ends, in this order.
    let starts: HashMap<_, _> = of_phase(&events, "s").map(|event| (event["id"].as_u64().unwrap(), event)).collect();
    let ends: Vec<_> = of_phase(&events, "f").collect();
    assert!(!ends.is_empty() && ends.len() == starts.len());
    for end in ends {
        let start = starts[&end["id"].as_u64().unwrap()];
        assert!(start["ts"].as_f64().unwrap() <= end["ts"].as_f64().unwrap(), "{start} {end}");
    }
    assert_time_goes_on(&file::read(&path).unwrap());
}

#[test]
fn a_trace_outlives_a_program_that_is_killed_for_time() {
    let scratch = Scratch::new("trace");
    let path = scratch.path("trace.json");
    let busy = shell("while true; do true; done").smp(2).option("--trace", &path).option("--timeout", "20");
    busy.run().expect_code(124);
    assert_slices_nest(&events(&path));
    assert!(file::read(&path).unwrap().events.iter().any(|event| event.kind == Kind::Switch));
}

#[test]
fn a_trace_outlives_a_panic() {
    let scratch = Scratch::new("trace");
    let (path, archive) = (scratch.path("trace.json"), scratch.write("broken", "no archive"));
    let mut command = tool();
    command.args(["archive", "--smp", "2", "--log", "/dev/null", "--trace"]).arg(&path).arg(&archive);
    run(command, b"").expect_code(125);
    let trace = file::read(&path).unwrap();
    assert!(trace.threads.values().any(|thread| thread.name == "boot"), "{:?}", trace.threads);
    assert_time_goes_on(&trace);
}

#[test]
fn a_full_ring_keeps_the_latest_and_counts_the_lost() {
    let scratch = Scratch::new("trace");
    let path = scratch.path("trace.json");
    let script = "i=0; while [ $i -lt 9000 ]; do : >/dev/null; i=$((i+1)); done; exec uname";
    shell(script).smp(1).option("--mem", "64M").option("--trace", &path).run().expect_code(0);
    let trace = file::read(&path).unwrap();
    assert!(trace.lost[0] > 0, "nothing was lost of {} records", trace.events.len());
    assert!(trace.threads.values().any(|thread| thread.name == "uname"), "{:?}", trace.threads);
    assert_time_goes_on(&trace);
    assert_slices_nest(&events(&path));
}

/// The trace of a program on eight processors whose instructions are counted.
fn counted(program: &[&str]) -> Trace {
    let scratch = Scratch::new("trace");
    let path = scratch.path("trace.json");
    exec(program).smp(8).flag("--icount").option("--trace", &path).run().expect_code(0);
    file::read(&path).unwrap()
}

fn assert_work_is_conserved(trace: &Trace) {
    let found = find_idleness(trace, LIMIT_NS);
    assert!(found.is_empty(), "{found:#?}");
    let waits = latencies(&Slices::of(trace), trace.complete_from());
    let fair = waits.iter().find(|latency| latency.class == Class::Fair).unwrap();
    println!("fair: {} wake-ups, median {} ns, 99 % {} ns", fair.count(), fair.percentile(50), fair.percentile(99));
}

#[test]
fn no_processor_is_idle_beside_work_in_random_loads() {
    let loads = program("loads");
    for seed in ["1", "2", "3"] {
        let trace = counted(&[loads.to_str().unwrap(), seed]);
        assert!(trace.events.iter().filter(|event| event.kind == Kind::Switch).count() > 1000);
        assert_work_is_conserved(&trace);
    }
}

#[test]
fn no_processor_is_idle_beside_work_when_groups_send_messages() {
    assert_work_is_conserved(&counted(&[program("costs").to_str().unwrap(), "hackbench_threads"]));
}

#[test]
fn the_longest_region_without_interrupts_is_found_and_named() {
    let scratch = Scratch::new("trace");
    let path = scratch.path("trace.json");
    let mut command = tool();
    command.args(["selftest", "--smp", "1", "--icount", "--log", "/dev/null", "--trace"]).arg(&path);
    command.arg("long_regions_are_found");
    run(command, b"").expect_code(0);
    let trace = file::read(&path).unwrap();
    for (off, function) in [(Off::Interrupts, "without_interrupts"), (Off::Preemption, "without_preemption")] {
        let region = trace.regions.iter().find(|region| region.off == off).unwrap();
        assert!(region.ns >= 3_000_000, "{region:?}");
        assert!(region.place.iter().any(|place| place.contains(function)), "{region:?}");
    }
    let mut command = tool();
    command.arg("analyse").arg(&path);
    let report = run(command, b"").expect_code(0).text();
    assert!(report.contains("interrupts off") && report.contains("without_interrupts"), "{report}");
}
