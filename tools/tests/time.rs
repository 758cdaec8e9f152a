//! Time: timers, clocks, the calendar.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::process::Command;

use common::scratch::Scratch;
use common::{exec, program, run};

#[test]
fn timers_fire_count_and_end_as_on_linux() {
    for cpus in [1, 8] {
        let outcome = exec(&[program("timers").to_str().unwrap(), "set-calendar"]).smp(cpus).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}

#[test]
fn clocks_are_read_without_system_calls_and_never_go_back() {
    for (cpus, cpu) in [(1, "max"), (8, "max"), (2, "qemu64")] {
        let outcome = exec(&[program("vdso").to_str().unwrap(), "set-calendar"])
            .smp(cpus)
            .option("--cpu", cpu)
            .run()
            .expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}

const READER: &str = r#"
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
int main(void) {
    struct timespec now; struct timeval date; time_t zero = 0; long sum = 0;
    for (int n = 0; n < 1000; n++) {
        clock_gettime(CLOCK_MONOTONIC, &now); gettimeofday(&date, 0); sum += time(0) > zero;
    }
    printf("%ld\n", sum);
    return 0;
}
"#;

#[test]
fn the_c_libraries_find_the_clocks_in_the_image() {
    let scratch = Scratch::new("clocks");
    let source = scratch.write("reader.c", READER);
    let output = scratch.path("reader");
    let mut compiler = Command::new("cc");
    compiler.arg("-o").arg(&output).arg(&source);
    run(compiler, b"").expect_code(0);
    let musl = [program("vdso").to_str().unwrap().to_owned(), "quiet".to_owned()];
    for words in [vec![output.to_str().unwrap().to_owned()], musl.to_vec()] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let outcome = exec(&words).smp(2).option("--append", "strace").run().expect_code(0);
        let calls = outcome
            .log
            .lines()
            .filter(|line| ["clock_gettime(", "gettimeofday(", " time("].iter().any(|name| line.contains(name)));
        // Other programs of the guest may look at a clock before they know of the image.
        assert!(outcome.log.contains("write(") && calls.count() < 20, "{}", outcome.report());
    }
}
