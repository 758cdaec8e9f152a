//! Programs that others wrote to try schedulers, and the tools by which people set how programs are scheduled.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{Outcome, exec, host_program, shell};
use tools::setup::packages::Software;

/// Runs a program of a package with its arguments on four processors.
fn run(name: &str, software: Software, arguments: &[&str]) -> Outcome {
    let program = host_program(name, software);
    let words: Vec<&str> = [program.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
    exec(&words).smp(4).run().expect_code(0)
}

#[test]
fn hackbench_passes_its_messages() {
    for arguments in [&["-g", "2", "-l", "50"][..], &["-T", "-g", "2", "-l", "50"], &["-p", "-g", "2", "-l", "50"]] {
        let outcome = run("hackbench", Software::RealTimeTests, arguments);
        assert!(outcome.text().lines().any(|line| line.starts_with("Time: ")), "{}", outcome.report());
    }
}

#[test]
fn cyclictest_reports_its_latencies() {
    let arguments = ["-q", "-l", "200", "-i", "2000", "-p", "80", "-t", "2", "--policy=fifo"];
    let outcome = run("cyclictest", Software::RealTimeTests, &arguments);
    let text = outcome.text();
    assert_eq!(text.lines().filter(|line| line.starts_with("T:") && line.contains("Max:")).count(), 2, "{text}");
}

#[test]
fn pi_stress_inverts_priorities_without_getting_stuck() {
    let outcome = run("pi_stress", Software::RealTimeTests, &["--duration=3", "--groups=2", "--mlockall"]);
    assert!(outcome.text().contains("Total inversion performed"), "{}", outcome.report());
}

#[test]
fn stress_ng_completes() {
    for stressor in [&["--cpu", "2", "--cpu-ops", "40"][..], &["--switch", "2", "--switch-ops", "2000"]] {
        let arguments: Vec<&str> = stressor.iter().chain(&["-t", "60", "--metrics-brief"]).copied().collect();
        let outcome = run("stress-ng", Software::Stress, &arguments);
        let said = format!("{}{}", outcome.text(), outcome.stderr);
        assert!(said.contains("successful run completed"), "{}", outcome.report());
    }
}

#[test]
fn stress_ng_sets_each_policy() {
    for policy in ["other", "batch", "idle", "fifo", "rr"] {
        let arguments = ["--cpu", "1", "--cpu-ops", "5", "--sched", policy, "-t", "60"];
        let outcome = run("stress-ng", Software::Stress, &arguments);
        let said = format!("{}{}", outcome.text(), outcome.stderr);
        assert!(said.contains("successful run completed"), "{policy}: {}", outcome.report());
    }
}

/// Runs a tool of the host that runs a script with busybox's tools; what that prints.
#[track_caller]
fn prints(tool: &str, arguments: &[&str], expected: &str) {
    let tool = host_program(tool, Software::UtilLinux);
    let words: Vec<&str> = [tool.to_str().unwrap()].into_iter().chain(arguments.iter().copied()).collect();
    let outcome = exec(&words).smp(4).run().expect_code(0);
    assert_eq!(outcome.text(), expected, "{}", outcome.report());
}

/// Nice value, real-time priority and policy of whoever runs this.
const TELL: &str = "cut -d' ' -f19,40,41 /proc/self/stat";

#[test]
fn util_linux_sets_policies_masks_and_nice_values() {
    let tell = ["/bin/busybox", "sh", "-c", TELL];
    prints("chrt", &[&["-r", "7"][..], &tell].concat(), "0 7 2\n");
    prints("chrt", &[&["-f", "99"][..], &tell].concat(), "0 99 1\n");
    prints("chrt", &[&["-b", "0"][..], &tell].concat(), "0 0 3\n");
    prints("chrt", &[&["-i", "0"][..], &tell].concat(), "0 0 5\n");
    prints("nice", &[&["-n", "5"][..], &tell].concat(), "5 0 0\n");
    prints("taskset", &["-c", "1,3", "/bin/busybox", "sh", "-c", "taskset -p $$ | sed 's/.*: //'"], "a\n");
    prints("renice", &["-n", "4", "-p", "1"], "1 (process ID) old priority 0, new priority 4\n");
}

#[test]
fn busybox_sets_masks_and_nice_values() {
    let script = format!(
        "taskset 5 sh -c 'taskset -p $$' | sed 's/.*: //'; renice -n 3 -p $$; {TELL}
         taskset 10 true 2>/dev/null || echo refused"
    );
    let outcome = shell(&script).smp(4).run().expect_code(0);
    assert_eq!(outcome.text(), "5\n3 0 0\nrefused\n", "{}", outcome.report());
}
