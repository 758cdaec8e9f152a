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

#[test]
fn futexes_lend_urgency_and_exclude() {
    for cpus in [1, 2, 8] {
        let outcome = exec(&[program("pi_futexes").to_str().unwrap()]).smp(cpus).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}

const MUTEXES: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
static pthread_mutex_t lock, robust;
static long count;
static void *work(void *arg) { for (int n = 0; n < 500; n++) { pthread_mutex_lock(&lock); long seen = count; sched_yield(); count = seen + 1; pthread_mutex_unlock(&lock); } return arg; }
static void *die(void *arg) { pthread_mutex_lock(&robust); return arg; }
int main(void) {
    pthread_mutexattr_t a; pthread_mutexattr_init(&a);
    int set = pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&lock, &a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &a);
    pthread_t t[8];
    for (int n = 0; n < 8; n++) pthread_create(&t[n], 0, work, 0);
    for (int n = 0; n < 8; n++) pthread_join(t[n], 0);
    pthread_create(&t[0], 0, die, 0); pthread_join(t[0], 0);
    int died = pthread_mutex_lock(&robust);
    int consistent = pthread_mutex_consistent(&robust);
    pthread_mutex_unlock(&robust);
    int again = pthread_mutex_lock(&robust);
    printf("%d %ld %d %d %d\n", set, count, died == EOWNERDEAD, consistent, again);
    return 0;
}
"#;

#[test]
fn mutexes_of_glibc_inherit_priority_and_survive_their_owners() {
    let scratch = Scratch::new("mutexes");
    let source = scratch.write("mutexes.c", MUTEXES);
    let output = scratch.path("mutexes");
    let mut compiler = Command::new("cc");
    compiler.arg("-pthread").arg("-o").arg(&output).arg(&source);
    run(compiler, b"").expect_code(0);
    for cpus in [1, 4] {
        let outcome = exec(&[output.to_str().unwrap()]).smp(cpus).run().expect_code(0);
        assert_eq!(outcome.text(), "0 4000 1 0 0\n", "{}", outcome.report());
    }
}

#[test]
fn processors_that_have_nothing_to_share_are_not_interrupted() {
    for cpus in [1, 8] {
        let outcome = exec(&[program("tickless").to_str().unwrap()]).smp(cpus).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}

#[test]
fn short_sleeps_overshoot_by_no_more_than_their_bound() {
    // One instruction is one nanosecond.
    let outcome = exec(&[program("tickless").to_str().unwrap(), "--overshoot", "1500"]).smp(1).flag("--icount");
    outcome.run().expect_code(0);
}

#[test]
fn long_calls_do_not_delay_the_urgent() {
    exec(&[program("preemption").to_str().unwrap(), "--bound-ns", "100000"])
        .smp(1)
        .flag("--icount")
        .run()
        .expect_code(0);
}
