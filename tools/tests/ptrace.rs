//! Tracing: the requests one by one, and the debuggers that a distribution has.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::scratch::Scratch;
use common::{exec, host_program, program, python, run};
use std::path::PathBuf;
use std::process::Command;
use tools::setup::packages::Software;

const TRACED: &str = r#"
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int global;
__attribute__((noinline)) int add(int a, int b) { global = a + b; return global; }
static void *worker(void *number) { add((int)(long)number, 1); return 0; }
int main(void) {
    int sum = add(2, 3);
    pthread_t thread;
    pthread_create(&thread, 0, worker, (void *)7L);
    pthread_join(thread, 0);
    pid_t child = fork();
    if (!child) { write(1, "child\n", 6); _exit(3); }
    int status;
    waitpid(child, &status, 0);
    printf("%d %d\n", sum, WEXITSTATUS(status));
    return 0;
}
"#;

/// Compiles the program to be traced, as `/usr/bin/traced` of the guest.
fn compile(scratch: &Scratch) {
    let output = PathBuf::from(scratch.root()).join("usr/bin/traced");
    std::fs::create_dir_all(output.parent().unwrap()).unwrap();
    let source = scratch.write("traced.c", TRACED);
    let mut compiler = Command::new("cc");
    compiler.args(["-g", "-O1", "-pthread", "-o"]).arg(&output).arg(&source);
    run(compiler, b"").expect_code(0);
}

#[test]
fn tracers_see_and_change_what_they_dominate_and_nothing_else() {
    for processors in [1, 8] {
        let outcome = exec(&[program("ptrace").to_str().unwrap()]).smp(processors).run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
    }
}

#[test]
fn strace_follows_threads_and_children() {
    let scratch = Scratch::new("strace");
    compile(&scratch);
    let strace = host_program("strace", Software::Strace);
    for processors in [1, 8] {
        let outcome = exec(&[strace.to_str().unwrap(), "-f", "/usr/bin/traced"])
            .smp(processors)
            .option("--root", scratch.root())
            .run()
            .expect_code(0);
        assert_eq!(outcome.text(), "child\n5 3\n", "{}", outcome.report());
        for line in [
            "execve(\"/usr/bin/traced\"",
            "CLONE_THREAD",
            "exit(0",
            "write(1, \"child\\n\", 6",
            "exit_group(3",
            "+++ exited with 3 +++",
            "WEXITSTATUS(s) == 3",
            "write(1, \"5 3\\n\", 4",
            "+++ exited with 0 +++",
        ] {
            assert!(outcome.stderr.contains(line), "{line}\n{}", outcome.report());
        }
    }
}

#[test]
fn gdb_stops_at_breakpoints_steps_and_sees_threads() {
    let scratch = Scratch::new("gdb");
    compile(&scratch);
    python::with_library(&scratch);
    let gdb = host_program("gdb", Software::Gdb);
    let mut words = vec![gdb.to_str().unwrap(), "-nx", "-batch"];
    for command in [
        "set debuginfod enabled off",
        "set startup-with-shell off",
        "break add",
        "run",
        "backtrace",
        "finish",
        "stepi",
        "continue",
        "info threads",
        "backtrace",
        "delete",
        "continue",
    ] {
        words.extend(["-ex", command]);
    }
    words.push("/usr/bin/traced");
    for processors in [1, 8] {
        let outcome = exec(&words).smp(processors).option("--root", scratch.root()).run().expect_code(0);
        for line in [
            "add (a=a@entry=2, b=b@entry=3)",
            "in main ()",
            "Value returned is $1 = 5",
            "add (a=7, b=b@entry=1)",
            "in worker (",
            "exited normally",
            "5 3",
        ] {
            assert!(outcome.text().contains(line), "{line}\n{}", outcome.report());
        }
    }
}
