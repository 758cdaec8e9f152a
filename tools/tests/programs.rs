//! Programs that nobody here wrote, and those that `rustc` and C compilers make, unmodified.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::process::Command;

use common::python;
use common::scratch::Scratch;
use common::{assert_trial, exec, host_program, program, run};
use tools::setup::packages::Software;

const C_PROGRAM: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
static void *square(void *number) { long n = (long)number; return (void *)(n * n); }
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(int argc, char **argv) {
    pthread_t threads[16];
    long sum = 0;
    for (long n = 0; n < 16; n++) pthread_create(&threads[n], 0, square, (void *)n);
    for (int n = 0; n < 16; n++) { void *result; pthread_join(threads[n], &result); sum += (long)result; }
    int numbers[] = {5, 3, 9, 1};
    qsort(numbers, 4, sizeof *numbers, compare);
    struct timespec now;
    int has_time = clock_gettime(CLOCK_REALTIME, &now) == 0 && now.tv_sec > 1700000000;
    char *text = malloc(1 << 20);
    memset(text, 'x', 1 << 20);
    printf("%ld %d%d%d%d %s %c %d %.3f\n", sum, numbers[0], numbers[1], numbers[2], numbers[3], argv[1],
           text[(1 << 20) - 1], has_time, 1.0 / 3);
    return argc;
}
"#;

#[test]
fn a_rust_program_with_64_threads_does_all_that_std_offers() {
    assert_trial("threads", &[8]);
}

#[test]
fn a_rust_panic_has_its_message_backtrace_and_exit_code() {
    let outcome =
        exec(&[program("panics").to_str().unwrap()]).smp(2).option("--env", "RUST_BACKTRACE=1").run().expect_code(101);
    for part in ["the len is 0 but the index is 1", "stack backtrace", "inner_function", "panics.rs:"] {
        assert!(outcome.stderr.contains(part), "{part} is missing\n{}", outcome.report());
    }
}

#[test]
fn files_paths_and_descriptors_answer_as_on_linux() {
    assert_trial("files", &[1, 8]);
}

#[test]
fn vector_registers_survive_switches_and_signals() {
    assert_trial("vector_state", &[8]);
}

#[test]
fn clocks_timers_ids_and_limits_follow_linux() {
    assert_trial("clocks", &[1, 8]);
}

#[test]
fn terminals_read_echo_signal_and_hang_up_as_on_linux() {
    assert_trial("terminals", &[1, 8]);
}

#[test]
fn a_c_program_by_musl_gcc_runs() {
    let scratch = Scratch::new("c");
    let source = scratch.write("program.c", C_PROGRAM);
    for (name, options) in [("static", &["-static", "-O2"][..]), ("static-pie", &["-static-pie", "-fPIE"])] {
        let output = scratch.path(name);
        let mut compiler = Command::new(host_program("musl-gcc", Software::MuslGcc));
        compiler.args(options).arg("-o").arg(&output).arg(&source);
        run(compiler, b"").expect_code(0);
        let outcome = exec(&[output.to_str().unwrap(), "word"]).smp(4).run().expect_code(2);
        assert_eq!(outcome.text(), "1240 1359 word x 1 0.333\n", "{}", outcome.report());
    }
}

#[test]
fn a_c_program_linked_dynamically_to_glibc_runs() {
    let scratch = Scratch::new("glibc");
    let source = scratch.write("program.c", C_PROGRAM);
    let output = scratch.path("program");
    let mut compiler = Command::new("cc");
    compiler.arg("-pthread").arg("-o").arg(&output).arg(&source);
    run(compiler, b"").expect_code(0);
    let outcome = exec(&[output.to_str().unwrap(), "word"]).smp(4).run().expect_code(2);
    assert_eq!(outcome.text(), "1240 1359 word x 1 0.333\n", "{}", outcome.report());
}

#[test]
fn bash_runs_with_its_libraries() {
    let script = r#"set -e; declare -A ages=([ada]=36 [alan]=41); for name in "${!ages[@]}"; do echo "$name ${ages[$name]}"; done | /bin/busybox sort
                    [[ abc =~ ^a(.)c$ ]] && echo "${BASH_REMATCH[1]}"; x=$(( 2 ** 40 )); printf '%x\n' "$x"
                    while read -r line; do echo "<$line>"; done < <(printf '1\n2\n'); exit 3"#;
    let bash = host_program("bash", Software::Bash);
    let outcome = exec(&[bash.to_str().unwrap(), "-c", script]).smp(4).run().expect_code(3);
    assert_eq!(outcome.text(), "ada 36\nalan 41\nb\n10000000000\n<1>\n<2>\n", "{}", outcome.report());
}

#[test]
fn the_distributions_sort_sorts_standard_input() {
    let mut numbers: Vec<u32> = (0..5000u32).map(|number| number.wrapping_mul(2_654_435_761) % 100_000).collect();
    let input: String = numbers.iter().map(|number| format!("{number}\n")).collect();
    let outcome = exec(&["/usr/bin/sort", "-n"]).smp(4).input(input.as_bytes()).run().expect_code(0);
    numbers.sort_unstable();
    let expected: String = numbers.iter().map(|number| format!("{number}\n")).collect();
    assert!(outcome.text() == expected, "{}", outcome.report());
}

#[test]
fn python_runs_with_its_library() {
    let scratch = Scratch::new("python");
    let python = python::with_library(&scratch);
    let script = "import sys, os, threading\nresults = []\n\
                  threads = [threading.Thread(target=lambda n=n: results.append(n * n)) for n in range(8)]\n\
                  [t.start() for t in threads]; [t.join() for t in threads]\n\
                  print(sum(results), os.cpu_count(), sys.argv[1], 2 ** 100)\nsys.exit(5)\n";
    let outcome = exec(&[python.to_str().unwrap(), "-S", "-c", script, "word"])
        .smp(4)
        .option("--root", scratch.root())
        .run()
        .expect_code(5);
    assert_eq!(outcome.text(), "140 4 word 1267650600228229401496703205376\n", "{}", outcome.report());
}
