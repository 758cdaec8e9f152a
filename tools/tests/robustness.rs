//! Bad input: nothing that a program, an archive or a command line holds brings the kernel down.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use common::batch::Batch;
use common::scratch::Scratch;
use common::{Outcome, assert_trial, exec, host_program, program, run, shell, tool};
use tools::setup::packages::Software;

#[test]
fn wild_pointers_are_refused_by_every_call_that_takes_one() {
    assert_trial("wild_pointers", &[1, 8]);
}

/// Every kind of damage to a program that the loader must notice, by the name of the file.
fn damaged_programs() -> Vec<(String, Vec<u8>)> {
    let whole = fs::read(program("exits")).unwrap();
    let patched = |at: usize, bytes: &[u8]| {
        let mut copy = whole[..whole.len().min(1 << 16)].to_vec();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        copy
    };
    let mut programs: Vec<(String, Vec<u8>)> = [1, 4, 16, 63, 64, 65, 100, 120, 400, 4095, 4096, 5000]
        .map(|length| (format!("cut-{length}"), whole[..length].to_vec()))
        .to_vec();
    let fields: &[(&str, usize, &[u8])] = &[
        ("class", 4, &[1]),
        ("endianness", 5, &[2]),
        ("type", 16, &[9, 9]),
        ("machine", 18, &[40, 0]),
        ("entry-kernel", 24, &0xffff_8000_0000_0000u64.to_le_bytes()),
        ("headers-far", 32, &u64::MAX.to_le_bytes()),
        ("headers-past-end", 32, &0x1000_0000u64.to_le_bytes()),
        ("header-size", 54, &[1, 0]),
        ("header-count", 56, &[0xff, 0xff]),
        ("segment-offset", 64 + 8, &u64::MAX.to_le_bytes()),
        ("segment-address", 64 + 16, &0xffff_ffff_8000_0000u64.to_le_bytes()),
        ("segment-file-size", 64 + 32, &u64::MAX.to_le_bytes()),
        ("segment-memory-size", 64 + 40, &u64::MAX.to_le_bytes()),
        ("segment-alignment", 64 + 48, &3u64.to_le_bytes()),
    ];
    programs.extend(fields.iter().map(|(name, at, bytes)| ((*name).to_owned(), patched(*at, bytes))));
    let mut random = 88_172_645_463_325_252u64;
    for number in 0..40 {
        let mut copy = whole[..1 << 14].to_vec();
        for _ in 0..8 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            copy[(random % 512) as usize] = (random >> 32) as u8;
        }
        programs.push((format!("random-{number}"), copy));
    }
    programs
}

#[test]
fn malformed_programs_are_refused_or_die_alone() {
    let scratch = Scratch::new("malformed");
    let programs = damaged_programs();
    for (name, bytes) in &programs {
        scratch.write_program(&format!("bad/{name}"), bytes);
    }
    let script = "for f in /bad/*; do $f code 0 >/dev/null 2>&1; echo ${f##*/} $?; done; echo alive";
    let outcome = shell(script).smp(2).option("--root", scratch.root()).run().expect_code(0);
    let text = outcome.text();
    assert!(text.ends_with("alive\n"), "{}", outcome.report());
    assert_eq!(text.lines().count(), programs.len() + 1, "{}", outcome.report());
    for line in text.lines().filter(|line| line.starts_with("cut-") || line.starts_with("header")) {
        assert!(!line.ends_with(" 0"), "{line}");
    }
}

#[test]
fn odd_command_lines_are_survived() {
    let long = "x".repeat(3000);
    let odd = ["=", "init", "loglevel=99999999999999999999", "\"unclosed quote", "nul\u{7f}\u{e9} ümlaut", &long];
    let outcome = exec(&["/bin/busybox", "nproc"]).smp(2).option("--append", odd.join(" ")).run().expect_code(0);
    assert_eq!(outcome.text(), "2\n", "{}", outcome.report());
}

/// Boots with these bytes as the initramfs.
fn boot_archive(bytes: &[u8]) -> Outcome {
    let scratch = Scratch::new("archive");
    let file = scratch.write("archive", bytes);
    let mut command = tool();
    command.args(["archive", "--smp", "1", "--timeout", "600"]).arg(&file);
    run(command, b"")
}

/// An archive of one directory and one file that is no program.
fn small_archive() -> Vec<u8> {
    let scratch = Scratch::new("cpio");
    scratch.write("tree/init", "not a program");
    let project = tools::project::Project::locate().unwrap();
    let mut command = Command::new(tools::setup::programs::find_busybox(&project).unwrap());
    command.args(["sh", "-c", "find . | cpio -o -H newc"]).current_dir(scratch.path("tree"));
    run(command, b"").expect_code(0).stdout
}

#[test]
fn broken_archives_end_in_a_clean_panic() {
    let whole = small_archive();
    let mut wrong_magic = whole.clone();
    wrong_magic[3] = b'9';
    let mut huge_size = whole.clone();
    huge_size[54..62].copy_from_slice(b"FFFFFFFF");
    let mut huge_name = whole.clone();
    huge_name[94..102].copy_from_slice(b"FFFFFFF0");
    let mut no_digits = whole.clone();
    no_digits[54..62].copy_from_slice(b"zzzzzzzz");
    let cases = [
        &b""[..],
        b"070701",
        &whole[..100],
        &whole[..whole.len() / 2],
        &wrong_magic,
        &huge_size,
        &huge_name,
        &no_digits,
        &whole,
    ];
    for (number, bytes) in cases.iter().enumerate() {
        let outcome = boot_archive(bytes).expect_code(125);
        let said = &outcome.stderr;
        assert!(said.contains("PANIC: ") && !said.contains("triple fault"), "case {number}\n{}", outcome.report());
        assert!(!said.contains("page fault") && !said.contains("out of range"), "case {number}\n{}", outcome.report());
    }
}

#[test]
fn a_program_that_overflows_its_stack_dies_of_a_segmentation_fault() {
    let overflow = program("overflow");
    let path = overflow.to_str().unwrap();
    exec(&[path]).smp(2).run().expect_code(128 + 11);
    // Of a thread that it started, std's own handler notices on the alternate stack, and aborts.
    let outcome = exec(&[path, "thread"]).smp(2).run().expect_code(128 + 6);
    assert!(outcome.stderr.contains("has overflowed its stack"), "{}", outcome.report());
}

const FAULTS: &str = r#"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static void handler(int signal, siginfo_t *info, void *context) {
    char text[100];
    (void)context;
    write(1, text, snprintf(text, sizeof text, "signal %d code %d address %p\n", signal, info->si_code, info->si_addr));
    _exit(0);
}
int main(int argc, char **argv) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    int all[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    for (int n = 0; argc > 2 && n < 5; n++) sigaction(all[n], &action, 0);
    char *page = mmap((void *)0x10000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    volatile int zero = 0;
    switch (atoi(argv[1])) {
    case 0: *(volatile char *)0x10 = 1; break;
    case 1: page[1] = 1; break;
    case 2: ((void (*)(void))page)(); break;
    case 3: *(volatile char *)0xffff800000000000 = 1; break;
    case 4: *(volatile char *)0x8000000000000000 = 1; break;
    case 5: __asm__("ud2"); break;
    case 6: zero = 100 / zero; break;
    case 7: __asm__("hlt"); break;
    case 8: __asm__("int3"); break;
    }
    return 99;
}
"#;

/// Each fault once without a handler (the exit code tells the signal) and once with one (it tells what it was told).
static FAULT_RESULTS: LazyLock<Batch> = LazyLock::new(|| {
    let scratch = Scratch::new("faults");
    let source = scratch.write("faults.c", FAULTS);
    let binary = scratch.path("faults");
    let mut compiler = Command::new(host_program("musl-gcc", Software::MuslGcc));
    compiler.args(["-static", "-O1", "-fno-pie", "-no-pie", "-w", "-o"]).arg(&binary).arg(&source);
    run(compiler, b"").expect_code(0);
    let encoded = run(
        {
            let mut command = Command::new("base64");
            command.arg(&binary);
            command
        },
        b"",
    )
    .text();
    let setup = format!("base64 -d >/tmp/faults <<E\n{encoded}E\nchmod 755 /tmp/faults\n");
    let cases = "for n in 0 1 2 3 4 5 6 7 8; do /tmp/faults $n 2>/dev/null; echo $n $?; /tmp/faults $n caught; done\n";
    Batch::run(2, &[("faults", &format!("{setup}{cases}"))])
});

#[test]
fn faults_of_programs_are_signals_with_their_cause() {
    let output = FAULT_RESULTS.result("faults").output;
    let expected = [
        (0, 139, "signal 11 code 1 address 0x10"),
        (1, 139, "signal 11 code 2 address 0x10000001"),
        (2, 139, "signal 11 code 2 address 0x10000000"),
        (3, 139, "signal 11 code 1 address 0xffff800000000000"),
        (4, 139, "signal 11 code 128 address 0"),
        (5, 132, "signal 4 code 2 address"),
        (6, 136, "signal 8 code 1 address"),
        (7, 139, "signal 11 code 128 address 0"),
        (8, 133, "signal 5 code 128 address 0"),
    ];
    let lines: Vec<&str> = output.lines().filter(|line| !line.contains("fault") && !line.contains("trap")).collect();
    for (number, code, told) in expected {
        let at = lines.iter().position(|line| *line == format!("{number} {code}"));
        let at = at.unwrap_or_else(|| panic!("{number} did not end with {code}\n{output}"));
        assert!(lines[at + 1].starts_with(told), "{number}: {}, not {told}", lines[at + 1]);
    }
}
