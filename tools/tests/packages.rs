//! Debian's own suites for schedulers and processes, unmodified.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{Exec, Outcome, exec, host_program};
use tools::setup::packages::Software;

/// Runs a program of a package that a test installs where need be.
fn packaged(software: Software, name: &str, arguments: &[&str]) -> Exec {
    let program = host_program(name, software);
    let mut words = vec![program.to_str().unwrap()];
    words.extend_from_slice(arguments);
    exec(&words)
}

/// Runs one kind of stressor for so many rounds, which must end without a complaint.
fn stress(arguments: &str) -> Outcome {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let outcome = packaged(Software::StressNg, "stress-ng", &arguments).smp(8).run().expect_code(0);
    let everything = format!("{}{}", outcome.text(), outcome.stderr);
    assert!(everything.contains("successful run completed"), "{}", outcome.report());
    for complaint in ["fail:", "error:", "skipping"] {
        assert!(!everything.contains(complaint), "{complaint}\n{}", outcome.report());
    }
    outcome
}

/// The figure behind `name` in each line of cyclictest's report.
fn figures(text: &str, name: &str) -> Vec<u64> {
    let figure = |line: &str| line.split(name).nth(1)?.split_whitespace().next()?.parse().ok();
    text.lines().filter_map(figure).collect()
}

#[test]
fn cyclictest_finds_real_time_threads_on_time() {
    // Counted instructions: what it reports is virtual time, in microseconds.
    let arguments = ["-q", "-l", "200", "-i", "1000", "-S", "-p", "80"];
    let outcome = packaged(Software::RtTests, "cyclictest", &arguments).smp(4).flag("--icount").run().expect_code(0);
    let text = outcome.text();
    assert_eq!(figures(&text, " C:").len(), 4, "{}", outcome.report());
    assert_eq!(figures(&text, " C:")[0], 200, "{}", outcome.report());
    assert!(figures(&text, "Max:").iter().all(|&latency| latency <= 20), "{}", outcome.report());
}

#[test]
fn hackbench_passes_its_messages() {
    for way in [&[][..], &["-T"], &["-p"], &["-P", "-p", "-s", "512"]] {
        let arguments = [way, &["-g", "2", "-l", "20"]].concat();
        let outcome = packaged(Software::RtTests, "hackbench", &arguments).smp(8).run().expect_code(0);
        assert!(outcome.text().contains("Time: "), "{}", outcome.report());
    }
}

#[test]
fn stress_ng_keeps_processors_busy_under_each_policy() {
    for policy in ["other", "batch", "idle", "fifo --sched-prio 50", "rr --sched-prio 50"] {
        stress(&format!("--cpu 4 --cpu-ops 8 --cpu-method int64 --sched {policy}"));
    }
}

#[test]
fn stress_ng_switches_and_changes_schedulers() {
    stress("--switch 2 --switch-ops 20000");
    stress("--schedpolicy 2 --schedpolicy-ops 2000");
    stress("--affinity 2 --affinity-ops 2000");
    // Bounded by time: its count of rounds ends it on no system.
    stress("--yield 2 --timeout 1");
}

#[test]
fn stress_ng_makes_and_ends_processes() {
    stress("--fork 2 --fork-ops 400");
    stress("--clone 2 --clone-ops 20");
    stress("--signal 2 --signal-ops 5000");
    stress("--pipe 2 --pipe-ops 20000");
    stress("--pty 1 --pty-ops 2");
}

#[test]
fn chrt_taskset_nice_and_renice_say_what_they_did() {
    let says = |words: &[&str], parts: &[&str]| {
        let outcome = packaged(Software::UtilLinux, words[0], &words[1..]).smp(4).run().expect_code(0);
        assert!(parts.iter().all(|part| outcome.text().contains(part)), "{parts:?}\n{}", outcome.report());
    };
    says(&["chrt", "-r", "7", "/bin/sh", "-c", "chrt -p $$"], &["SCHED_RR", "priority: 7"]);
    says(&["taskset", "-c", "1,3", "/bin/sh", "-c", "taskset -pc $$"], &["affinity list: 1,3"]);
    let nice_of_self = "cut -d' ' -f19 /proc/$$/stat; renice -n 2 -p $$; cut -d' ' -f19 /proc/$$/stat";
    says(&["nice", "-n", "5", "/bin/sh", "-c", nice_of_self], &["5\n7\n"]);
    says(&["renice", "-n", "3", "-p", "1"], &["1 (process ID) old priority 0, new priority 3"]);
}
