//! The host side by itself: command lines, panics, hangs, time limits, leaving nothing behind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::scratch::Scratch;
use common::{exec, run, shell, tool};

fn tool_with(words: &[&str]) -> Command {
    let mut command = tool();
    command.args(words);
    command
}

#[test]
fn wrong_command_lines_end_with_two_and_say_why() {
    let cases: &[(&[&str], &str)] = &[
        (&["exec"], "no program"),
        (&["--smp", "many", "exec"], "--smp"),
        (&["exec", "--smp", "0", "ls"], "--smp"),
        (&["exec", "--mem", "lots", "ls"], "--mem"),
        (&["exec", "--accel", "hvf", "ls"], "--accel"),
        (&["exec", "--root", "/no/such/tree", "ls"], "--root"),
        (&["exec", "--timeout", "-1", "ls"], "--timeout"),
        (&["exec", "--env", "x", "ls"], "--env"),
        (&["exec", "--bogus", "ls"], "--bogus"),
        (&["conquer"], "conquer"),
        (&["iso"], "iso"),
    ];
    for (words, what) in cases {
        let outcome = run(tool_with(words), b"").expect_code(2);
        assert!(outcome.stderr.contains(what), "{words:?}: {}", outcome.stderr);
        assert!(outcome.stdout.is_empty(), "{words:?}");
    }
}

#[test]
fn help_is_on_standard_output() {
    for words in [&["help"][..], &["--help"], &["exec", "--help"]] {
        let outcome = run(tool_with(words), b"").expect_code(0);
        assert!(outcome.text().contains("cargo run -- exec"));
    }
}

#[test]
fn the_page_of_system_calls_is_at_hand() {
    let outcome = run(tool_with(&["help", "calls"]), b"").expect_code(0);
    let text = outcome.text();
    for row in abi::table::TABLE {
        assert!(text.contains(&format!("\n## {} ({}, {})\n", row.name, row.number, row.family)), "{}", row.name);
    }
    assert!(text.contains("capability[READ]") && text.contains("Promises, one of: ") && text.contains("ENOTCAPABLE"));
}

#[test]
fn a_model_that_qemu_does_not_know_is_its_own_complaint() {
    let outcome = exec(&["/bin/busybox", "true"]).option("--cpu", "abacus").run().expect_code(125);
    assert!(outcome.stderr.contains("abacus"), "{}", outcome.stderr);
}

#[test]
fn a_panic_ends_with_125_and_a_symbolised_trace() {
    let scratch = Scratch::new("panic");
    let empty = scratch.write("empty", "");
    let outcome = run(tool_with(&["archive", "--smp", "2", empty.to_str().unwrap()]), b"").expect_code(125);
    assert!(outcome.stderr.contains("PANIC: "), "{}", outcome.stderr);
    assert!(outcome.stderr.contains(" at kernel/src/"), "{}", outcome.stderr);
    assert!(outcome.stdout.is_empty());
}

#[test]
fn a_hang_ends_with_125_and_the_trace_of_every_processor() {
    let words = ["selftest", "--smp", "2", "--patience", "3", "hang_until_somebody_notices"];
    let outcome = run(tool_with(&words), b"").expect_code(125);
    assert!(outcome.stderr.contains("has not answered for 3 s"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cpu0:") && outcome.stderr.contains("cpu1:"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("hang"), "{}", outcome.stderr);
}

#[test]
fn the_time_limit_ends_with_124() {
    let outcome = shell("echo started; sleep 1000").smp(1).option("--timeout", "10").run().expect_code(124);
    assert!(outcome.stderr.contains("time limit"), "{}", outcome.stderr);
}

#[test]
fn an_interrupt_ends_the_guest_and_the_machine() {
    let mut child = tool_with(&["exec", "--smp", "1", "/bin/busybox", "sh", "-c", "echo up; sleep 1000"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    assert_eq!(line, "up\n");
    let machines = machines_of(child.id());
    assert!(!machines.is_empty());
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_ended(&machines);
}

#[test]
fn the_machine_dies_with_the_tool_even_when_that_is_killed() {
    let mut child = tool_with(&["exec", "--smp", "1", "/bin/busybox", "sh", "-c", "echo up; sleep 1000"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut String::new()).unwrap();
    let machines = machines_of(child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_ended(&machines);
}

#[test]
fn output_that_nobody_reads_any_more_ends_the_guest() {
    let command =
        format!("{} exec --smp 1 --log /dev/null /bin/busybox yes | head -n 3", tool().get_program().display());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    let outcome = run(shell, b"").expect_code(0);
    assert_eq!(outcome.text(), "y\ny\ny\n");
}

#[test]
fn two_machines_at_once_do_not_disturb_each_other() {
    let start = |word: &str| {
        let script = format!("sleep 1; echo {word}");
        std::thread::spawn(move || shell(&script).smp(2).run().expect_code(0).text())
    };
    let (one, two) = (start("one"), start("two"));
    assert_eq!(one.join().unwrap(), "one\n");
    assert_eq!(two.join().unwrap(), "two\n");
}

/// The process ids of the tool's children.
fn machines_of(parent: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    text.split_whitespace().map(|word| word.parse().unwrap()).collect()
}

/// Asserts that none of the processes is left; the kernel needs a moment to take a killed one away.
#[track_caller]
fn assert_ended(processes: &[u32]) {
    let deadline = Instant::now() + Duration::from_secs(60);
    for process in processes {
        let is_qemu = || fs::read(format!("/proc/{process}/cmdline")).is_ok_and(|text| !text.is_empty());
        while is_qemu() {
            assert!(Instant::now() < deadline, "process {process} is left behind");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
