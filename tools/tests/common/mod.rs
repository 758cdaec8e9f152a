//! What the guest tests share: running the tool as a person would, and looking at what came out.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

pub mod batch;
pub mod python;
pub mod scratch;
pub mod terminal;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use scratch::Scratch;

/// The safety net under every boot; no test expects to need it.
const TIME_LIMIT: &str = "600";

/// The tool, as cargo built it for these tests.
pub fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tools"));
    command.current_dir("/");
    command
}

/// How a command ended and what it said.
#[derive(Debug)]
pub struct Outcome {
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub code: i32,
    /// The kernel's log.
    pub log: String,
}

impl Outcome {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Asserts the exit code, and shows everything if it is another.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.report());
        self
    }

    /// Everything that is known, for a failing assertion.
    pub fn report(&self) -> String {
        let Self { stderr, code, log, .. } = self;
        format!("exit code {code}\n--- stdout\n{}\n--- stderr\n{stderr}\n--- kernel log\n{log}", self.text())
    }
}

/// One `exec`, with the kernel's log apart.
pub struct Exec {
    options: Vec<String>,
    program: Vec<String>,
    input: Vec<u8>,
}

/// `exec` of a program and its arguments.
pub fn exec(program: &[&str]) -> Exec {
    let program = program.iter().map(|word| (*word).to_owned()).collect();
    Exec { options: Vec::new(), program, input: Vec::new() }
}

/// `exec` of busybox's shell with a script.
pub fn shell(script: &str) -> Exec {
    exec(&["/bin/busybox", "sh", "-c", script])
}

/// `exec` of a trial, the first of these words, with the others as its arguments.
pub fn trial(words: &[&str]) -> Exec {
    let program = program(words[0]);
    exec(&[&[program.to_str().unwrap()], &words[1..]].concat())
}

/// Asserts that everything holds that a trial tries, with each of these numbers of processors.
#[track_caller]
pub fn assert_trial(name: &str, processors: &[u32]) {
    for count in processors {
        trial(&[name]).smp(*count).expect_to_hold();
    }
}

impl Exec {
    /// Adds an option and its value.
    pub fn option(mut self, name: &str, value: impl AsRef<Path>) -> Self {
        self.options.extend([name.to_owned(), value.as_ref().to_string_lossy().into_owned()]);
        self
    }

    /// Adds an option without a value.
    pub fn flag(mut self, name: &str) -> Self {
        self.options.push(name.to_owned());
        self
    }

    /// The number of processors.
    pub fn smp(self, count: u32) -> Self {
        self.option("--smp", count.to_string())
    }

    /// Standard input.
    pub fn input(mut self, bytes: &[u8]) -> Self {
        self.input = bytes.to_vec();
        self
    }

    /// Runs a trial to its end, which must have found that everything holds.
    #[track_caller]
    pub fn expect_to_hold(self) -> Outcome {
        let outcome = self.run().expect_code(0);
        assert!(!outcome.stderr.contains("FAILED"), "{}", outcome.report());
        outcome
    }

    /// Boots, and waits for the end.
    pub fn run(self) -> Outcome {
        let scratch = Scratch::new("exec");
        let log = scratch.path("log");
        let mut command = tool();
        command.arg("exec").arg("--log").arg(&log);
        if !self.options.iter().any(|option| option == "--timeout") {
            command.args(["--timeout", TIME_LIMIT]);
        }
        command.args(&self.options).arg("--").args(&self.program);
        let mut outcome = run(command, &self.input);
        outcome.log = fs::read_to_string(&log).unwrap_or_default();
        outcome
    }
}

/// Runs a command with this standard input.
pub fn run(mut command: Command, input: &[u8]) -> Outcome {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // The program may end before it has read all.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Outcome { stdout: output.stdout, stderr, code: output.status.code().unwrap_or(-1), log: String::new() }
}

/// The path of one of the test programs of `userspace/trials`, built on first use.
pub fn program(name: &str) -> PathBuf {
    static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
        let project = tools::project::Project::locate().unwrap();
        tools::compile::build_trials(&project).unwrap()
    });
    DIRECTORY.join(name)
}

/// The path of one of the SDK's examples, built on first use.
pub fn example(name: &str) -> PathBuf {
    program("").join("examples").join(name)
}

/// Runs the examples in the documentation of one of the guest's crates, in a guest.
pub fn document_tests(package: &str) -> Outcome {
    let project = tools::project::Project::locate().unwrap();
    let mut command = tools::compile::clean_command(&project, "cargo");
    command.args(["test", "--doc", "-p", package, "--profile", "trials", "--target", "x86_64-unknown-linux-musl"]);
    command.arg("--target-dir").arg(project.output.join("build"));
    let runner = format!("{} exec --log /dev/null", tool().get_program().display());
    command.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUNNER", runner);
    run(command, b"")
}

/// A program of the host that a test needs, installed if need be.
pub fn host_program(name: &str, software: tools::setup::packages::Software) -> PathBuf {
    let project = tools::project::Project::locate().unwrap();
    tools::setup::programs::find_or_install(&project, name, software).unwrap()
}
