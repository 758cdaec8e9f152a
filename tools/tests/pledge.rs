//! Promises and capability mode: tried from within, and real programs under them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::fs;

use common::scratch::Scratch;
use common::{Outcome, assert_trial, exec, program};

/// What a process ends with that broke a promise: 128 and SIGABRT.
const ABORTED: i32 = 134;

#[test]
fn promises_allow_what_they_say_and_end_what_breaks_them() {
    assert_trial("promises", &[1, 8]);
}

#[test]
fn capability_mode_leaves_what_is_in_the_table() {
    assert_trial("capability_mode", &[1, 8]);
}

/// Runs a program of this machine under promises, with a file to read.
fn pledged(promises: &str, command: &[&str]) -> Outcome {
    let root = Scratch::new("pledged");
    let etc = root.path("etc");
    fs::create_dir_all(&etc).unwrap();
    fs::write(etc.join("words"), "one\ntwo\n").unwrap();
    let bin = root.path("bin");
    fs::create_dir_all(&bin).unwrap();
    fs::copy("/bin/busybox", bin.join("busybox")).unwrap();
    let trial = program("promises");
    let mut words = vec![trial.to_str().unwrap(), "run", promises];
    words.extend(command);
    exec(&words).option("--root", root.path("")).smp(2).run()
}

#[test]
fn busybox_runs_under_the_promises_it_needs() {
    let cat = ["/bin/busybox", "cat", "/etc/words"];
    assert_eq!(pledged("stdio rpath", &cat).expect_code(0).text(), "one\ntwo\n");
    let pipeline = ["/bin/busybox", "sh", "-c", "busybox cat /etc/words | busybox tr a-z A-Z"];
    assert_eq!(pledged("stdio rpath proc exec", &pipeline).expect_code(0).text(), "ONE\nTWO\n");
}

#[test]
fn bash_runs_under_the_promises_it_needs() {
    // Its loader maps libraries to be executed, and it asks who is at the other end of its input, and for the terminal.
    let promises = "stdio rpath prot_exec unix getpw tty proc";
    let root = Scratch::new("pledged-bash");
    root.write_program("bin/promises", fs::read(program("promises")).unwrap());
    let script = format!("exec /bin/promises run '{promises}' /bin/bash -c 'echo $((6 * 7)); (exit 3); echo $?'");
    let outcome = exec(&["/bin/bash", "-c", &script]).option("--root", root.root()).smp(2).run().expect_code(0);
    assert_eq!(outcome.text(), "42\n3\n", "{}", outcome.report());
}

#[test]
fn a_rust_program_with_threads_runs_under_stdio_alone() {
    let trial = program("promises");
    let trial = trial.to_str().unwrap();
    let outcome = exec(&[trial, "run", "stdio", trial, "executed", "threads"]).smp(8).run().expect_code(0);
    assert_eq!(outcome.text(), "64 threads: 2016\n", "{}", outcome.report());
}

#[test]
fn busybox_ends_by_sigabrt_where_a_promise_is_missing() {
    pledged("stdio", &["/bin/busybox", "cat", "/etc/words"]).expect_code(ABORTED);
    pledged("stdio rpath", &["/bin/busybox", "touch", "/tmp/x"]).expect_code(ABORTED);
    pledged("stdio rpath", &["/bin/busybox", "sh", "-c", "busybox true & wait"]).expect_code(ABORTED);
    let refused = pledged("stdio rpath error", &["/bin/busybox", "touch", "/tmp/x"]).expect_code(1);
    assert!(refused.stderr.contains("not permitted"), "{}", refused.report());
}
