//! Doors around a narrowing that lead through other processes, signals, and what the kernel does in a process's name.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::process::Command;

use common::scratch::Scratch;
use common::{assert_trial, host_program, program, trial};
use tools::setup::packages::Software;

#[test]
fn narrower_processes_get_nothing_out_of_wider_ones() {
    assert_trial("doors_processes", &[1, 8]);
}

#[test]
fn cores_hold_what_debuggers_and_auditors_need_and_open_no_door() {
    assert_trial("doors_cores", &[1, 8]);
}

#[test]
fn the_debugger_of_this_machine_opens_a_core_of_the_guest() {
    let outcome = trial(&["doors_cores", "crash"]).smp(4).run().expect_code(0);
    let scratch = Scratch::new("core");
    let core = scratch.write("core", &outcome.stdout);
    let gdb = host_program("gdb", Software::Gdb);
    let asked = [
        "thread apply all backtrace 8",
        "print $_siginfo.si_signo",
        "print/x $_siginfo._sifields._sigfault.si_addr",
        "print/x $mxcsr",
        "info auxv",
        "info registers fs_base ymm0",
    ];
    let mut command = Command::new(gdb);
    command
        .args(["-nx", "-batch"])
        .args(asked.iter().flat_map(|line| ["-ex", line]))
        .arg(program("doors_cores"))
        .arg(core);
    let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let expected = [
        "Program terminated with signal SIGSEGV",
        "Thread 3 (LWP ",
        "wait_in_alpha",
        "wait_in_beta",
        "fall_over",
        "fall_over_with_threads",
        "$1 = 11\n",
        "$2 = 0x18\n",
        "$3 = 0x1f80\n",
        "AT_ENTRY",
        "fs_base        0x",
        "ymm0 ",
    ];
    for words in expected {
        assert!(said.contains(words), "no {words:?} in\n{said}\n{}", outcome.report());
    }
}

#[test]
fn no_signal_goes_further_than_its_sender_may_reach() {
    assert_trial("doors_signals", &[1, 8]);
}

#[test]
fn sealed_and_read_only_memory_is_not_written() {
    assert_trial("doors_memory", &[1, 8]);
}
