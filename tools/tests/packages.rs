//! Debian's own suites for schedulers and processes, and the tools by which people set how programs are scheduled.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::{Exec, exec, host_program, shell};
use tools::setup::packages::Software;

/// Runs a program of a package that a test installs where need be.
fn packaged(software: Software, name: &str, arguments: &[&str]) -> Exec {
    let program = host_program(name, software);
    let mut words = vec![program.to_str().unwrap()];
    words.extend_from_slice(arguments);
    exec(&words)
}

/// Runs one kind of stressor for so many rounds, which must end without a complaint.
fn stress(arguments: &str) {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let outcome = packaged(Software::StressNg, "stress-ng", &arguments).smp(8).run().expect_code(0);
    let everything = format!("{}{}", outcome.text(), outcome.stderr);
    assert!(everything.contains("successful run completed"), "{}", outcome.report());
    for complaint in ["fail:", "error:", "skipping"] {
        assert!(!everything.contains(complaint), "{complaint}\n{}", outcome.report());
    }
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
fn pi_stress_inverts_priorities_without_getting_stuck() {
    let arguments = ["--duration=3", "--groups=2", "--mlockall"];
    let outcome = packaged(Software::RtTests, "pi_stress", &arguments).smp(4).run().expect_code(0);
    assert!(outcome.text().contains("Total inversion performed"), "{}", outcome.report());
}

/// Runs a tool of the host that runs a script with busybox's tools; what that prints.
#[track_caller]
fn prints(tool: &str, arguments: &[&str], expected: &str) {
    let outcome = packaged(Software::UtilLinux, tool, arguments).smp(4).run().expect_code(0);
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
