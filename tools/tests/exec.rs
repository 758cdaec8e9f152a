//! `exec`: the program's output, exit code, input, arguments, environment and files come through, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use std::fs;
use std::process::Command;

use common::scratch::Scratch;
use common::{exec, program, run, shell, tool};

#[test]
fn nproc_prints_eight_and_nothing_else() {
    let outcome = exec(&["/bin/busybox", "nproc"]).smp(8).run().expect_code(0);
    assert_eq!(outcome.text(), "8\n", "{}", outcome.report());
    assert_eq!(outcome.stderr, "");
}

#[test]
fn exit_codes_come_through() {
    let exits = program("exits");
    for code in [0, 1, 255] {
        exec(&[exits.to_str().unwrap(), "code", &code.to_string()]).smp(2).run().expect_code(code);
    }
}

#[test]
fn signals_come_through() {
    let exits = program("exits");
    for signal in [6, 9, 15] {
        exec(&[exits.to_str().unwrap(), "signal", &signal.to_string()]).smp(2).run().expect_code(128 + signal);
    }
}

#[test]
fn standard_input_reaches_the_program_unchanged() {
    let input: Vec<u8> = (0..200_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let outcome = exec(&["/bin/busybox", "cat"]).smp(2).input(&input).run().expect_code(0);
    assert!(outcome.stdout == input, "{} bytes came back of {}", outcome.stdout.len(), input.len());
}

#[test]
fn input_that_nobody_reads_is_no_matter() {
    let input = vec![b'x'; 100_000];
    let outcome = shell("sleep 3; echo done").smp(2).input(&input).run().expect_code(0);
    assert_eq!(outcome.text(), "done\n");
}

#[test]
fn output_of_half_a_megabyte_arrives_whole() {
    let outcome = shell("seq 1 80000").smp(2).run().expect_code(0);
    let expected: String = (1..=80000).map(|number| format!("{number}\n")).collect();
    assert!(outcome.text() == expected, "{} bytes of {}", outcome.stdout.len(), expected.len());
}

#[test]
fn standard_error_is_apart_from_standard_output() {
    let outcome = shell("echo out; echo err >&2").smp(2).run().expect_code(0);
    assert_eq!((outcome.text().as_str(), outcome.stderr.as_str()), ("out\n", "err\n"));
}

#[test]
fn arguments_environment_and_directory_are_as_asked() {
    let script = r#"printf '%s|' "$@"; echo; echo "$COLOUR $HOME $SECRET"; pwd"#;
    let outcome = exec(&["/bin/busybox", "sh", "-c", script, "zero", "a b", "", "*"])
        .smp(2)
        .option("--env", "COLOUR=light blue")
        .option("--cwd", "/somewhere/else")
        .run()
        .expect_code(0);
    assert_eq!(outcome.text(), "a b||*|\nlight blue /root \n/somewhere/else\n");
}

#[test]
fn programs_that_cannot_run_end_as_in_a_shell() {
    assert!(exec(&["no-such-program"]).run().expect_code(127).stderr.contains("not found"));
    assert!(exec(&["/no/such/program"]).run().expect_code(127).stderr.contains("not found"));
    assert!(exec(&["/etc/passwd"]).run().expect_code(126).stderr.contains("permission denied"));
    assert!(exec(&["/"]).run().expect_code(126).stderr.contains("directory"));
    let scratch = Scratch::new("garbage");
    let garbage = scratch.write_program("garbage", b"\x01\x02\x03 neither ELF nor script");
    exec(&[garbage.to_str().unwrap()]).smp(1).run().expect_code(126);
}

#[test]
fn scripts_bring_their_interpreter() {
    let scratch = Scratch::new("script");
    let script = scratch.write_program("script", "#!/bin/sh\necho $((6 * 7)) ${0##*/} $1\n");
    let outcome = exec(&[script.to_str().unwrap(), "word"]).smp(1).run().expect_code(0);
    assert_eq!(outcome.text(), "42 script word\n", "{}", outcome.report());
}

#[test]
fn trees_are_laid_over_the_base() {
    let one = Scratch::new("one");
    let two = Scratch::new("two");
    one.write("etc/hostname", "first\n");
    one.write("data/kept", "kept\n");
    two.write("etc/hostname", "second\n");
    two.write_program("usr/bin/greet", "#!/bin/sh\necho hello from the tree\n");
    let outcome = exec(&["/bin/busybox", "sh", "-c", "cat /etc/hostname /data/kept; greet"])
        .smp(1)
        .option("--root", one.root())
        .option("--root", two.root())
        .run()
        .expect_code(0);
    assert_eq!(outcome.text(), "second\nkept\nhello from the tree\n");
}

#[test]
fn a_tree_of_a_hundred_megabytes_arrives_whole() {
    let scratch = Scratch::new("large");
    let block: Vec<u8> = (0..(50u32 << 20)).map(|at| (at.wrapping_mul(at) >> 7) as u8).collect();
    scratch.write("large/one", &block);
    scratch.write("large/two", &block);
    let outcome = shell("cat /large/one /large/two | wc -c; tail -c 100000 /large/one | sha256sum; tail -c 100000 /large/two | sha256sum")
        .smp(2)
        .option("--root", scratch.root())
        .run()
        .expect_code(0);
    let sum = run(Command::new("sha256sum"), &block[block.len() - 100_000..]).text();
    assert_eq!(outcome.text(), format!("{}\n{sum}{sum}", 2 * block.len()));
}

#[test]
fn the_tool_serves_as_cargos_runner_for_another_crate() {
    let scratch = Scratch::new("crate");
    scratch.write("Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    let test = "#[test]\nfn it_runs_here() {\n    let version = std::fs::read_to_string(\"/proc/version\").unwrap();\n    \
                assert!(version.contains(\"Tessera\"), \"{version}\");\n    \
                assert!(std::env::var(\"CARGO_MANIFEST_DIR\").is_ok());\n}\n";
    scratch.write("src/lib.rs", test);
    let toolchain = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../rust-toolchain.toml")).unwrap();
    scratch.write("rust-toolchain.toml", toolchain);
    let mut command = Command::new("cargo");
    command.args(["test", "--offline", "--target", "x86_64-unknown-linux-musl"]).current_dir(scratch.root());
    let runner = format!("{} exec --log /dev/null", tool().get_program().display());
    command.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUNNER", runner);
    let outcome = run(command, b"").expect_code(0);
    assert!(outcome.text().contains("it_runs_here ... ok"), "{}", outcome.report());
}
