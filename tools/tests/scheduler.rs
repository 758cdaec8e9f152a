//! The scheduler: shares, latency and balance, where time is the number of instructions and where it is the host's.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::scratch::Scratch;
use common::{Exec, Outcome, exec, program, shell};

/// `scheduling` with words that choose among its cases.
fn scheduling(words: &[&str]) -> Exec {
    let trial = program("scheduling");
    let all: Vec<&str> = [trial.to_str().unwrap()].into_iter().chain(words.iter().copied()).collect();
    exec(&all)
}

/// The cases hold on a machine whose time is the number of instructions, so every run is like the other.
#[track_caller]
fn hold_counted(processors: u32, words: &[&str]) -> Outcome {
    let words: Vec<&str> = ["counted"].into_iter().chain(words.iter().copied()).collect();
    let outcome = scheduling(&words).smp(processors).flag("--icount").run().expect_code(0);
    println!("{}", outcome.text());
    outcome
}

/// They hold where the host runs the processors at the same time, within what it takes away.
#[track_caller]
fn hold_shared(processors: u32, words: &[&str]) {
    let outcome = scheduling(words).smp(processors).run().expect_code(0);
    println!("{}", outcome.text());
}

#[test]
fn shares_are_fair_on_one_processor_to_the_percent() {
    hold_counted(1, &["share"]);
}

#[test]
fn shares_are_fair_on_two_processors_to_the_percent() {
    hold_counted(2, &["share"]);
}

#[test]
fn shares_are_fair_on_eight_processors_to_the_percent() {
    hold_counted(8, &["share"]);
}

#[test]
fn shares_are_fair_on_sixty_four_processors_to_the_percent() {
    hold_counted(64, &["share: equal"]);
}

#[test]
fn shares_are_fair_where_processors_run_at_once() {
    for processors in [1, 2, 8] {
        hold_shared(processors, &["share"]);
    }
}

#[test]
fn sixty_four_processors_at_once_share_fairly() {
    hold_shared(64, &["share"]);
}

#[test]
fn who_wakes_among_hogs_runs_as_soon_as_promised() {
    let outcome = hold_counted(1, &["latency"]);
    assert_eq!(outcome.text().matches("late by (ns): least").count(), 3, "{}", outcome.report());
}

#[test]
fn who_wakes_among_hogs_on_one_of_eight_processors_runs_as_soon_as_promised() {
    let trial = program("scheduling");
    let words = ["/bin/busybox", "taskset", "1", "/trial", "counted", "latency"];
    let scratch = Scratch::new("latency");
    scratch.write_program("trial", std::fs::read(trial).unwrap());
    let outcome = exec(&words).smp(8).flag("--icount").option("--root", scratch.root()).run().expect_code(0);
    assert_eq!(outcome.text().matches("late by (ns): least").count(), 3, "{}", outcome.report());
}

#[test]
fn latency_among_hogs_on_all_processors_is_reported() {
    for processors in [2, 8] {
        hold_shared(processors, &["latency"]);
    }
}

#[test]
fn threads_are_spread_by_weight() {
    for processors in [2, 8] {
        hold_counted(processors, &["balance"]);
    }
    // Sixty-four that take turns spin for their whole turn where another holds a lock: no clock tells who idled.
    hold_counted(64, &["balance: a heavy"]);
}

#[test]
fn threads_are_spread_by_weight_where_processors_run_at_once() {
    for processors in [2, 8] {
        hold_shared(processors, &["balance"]);
    }
}

#[test]
fn scheduling_calls_answer_as_on_linux() {
    for processors in [1, 8] {
        hold_shared(processors, &["calls"]);
    }
}

/// The arranged machine tells how it is arranged.
#[test]
fn threads_cores_and_packages_are_told_as_qemu_arranged_them() {
    let script = "cd /sys/devices/system/cpu; for n in 0 3 7; do cd cpu$n/topology;
         echo $(cat physical_package_id core_id thread_siblings_list core_siblings_list package_cpus core_cpus); cd ../..; done
         grep -E 'physical id|siblings|core id|cpu cores' /proc/cpuinfo | tail -n 4 | tr '\t\n' ' ;'";
    let outcome = shell(script).option("--smp", "8,sockets=2,cores=2,threads=2").run().expect_code(0);
    let expected = "0 0 0-1 0-3 0f 03\n0 1 2-3 0-3 0f 0c\n1 1 6-7 4-7 f0 c0\n\
                    physical id : 1;siblings : 4;core id  : 1;cpu cores : 2;";
    assert_eq!(outcome.text(), expected, "{}", outcome.report());
}

/// Masks go beyond the 256 processors of many a program's.
#[test]
fn the_two_hundred_and_fifty_seventh_processor_can_be_chosen() {
    let script = "grep Cpus_allowed_list /proc/self/status; cut -d' ' -f39 /proc/self/stat";
    let words = ["/usr/bin/taskset", "-c", "256,259", "/bin/busybox", "sh", "-c", script];
    let outcome = exec(&words).smp(260).run().expect_code(0);
    let text = outcome.text();
    let (told, seen) = text.trim_end().rsplit_once('\n').unwrap_or_default();
    assert_eq!(told, "Cpus_allowed_list:\t256,259", "{}", outcome.report());
    assert!(["256", "259"].contains(&seen), "{}", outcome.report());
}

#[test]
fn lscpu_sees_the_arrangement() {
    let outcome = exec(&["/usr/bin/lscpu"]).option("--smp", "8,sockets=2,cores=2,threads=2").run().expect_code(0);
    let text = outcome.text();
    for (label, value) in
        [("CPU(s):", "8"), ("Thread(s) per core:", "2"), ("Core(s) per socket:", "2"), ("Socket(s):", "2")]
    {
        let line = text.lines().find(|line| line.trim_start().starts_with(label));
        assert_eq!(line.and_then(|line| line.split_whitespace().last()), Some(value), "{}", outcome.report());
    }
}

#[test]
fn threads_spread_over_an_arranged_machine() {
    let trial = program("scheduling");
    let words = [trial.to_str().unwrap(), "counted", "balance"];
    exec(&words).option("--smp", "8,sockets=2,cores=2,threads=2").flag("--icount").run().expect_code(0);
}
