//! Many small shell scripts in one boot, each result looked at by a test of its own.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::scratch::Scratch;
use super::{Outcome, shell};

/// What one script wrote (both streams) and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Result {
    pub output: String,
    pub code: i32,
}

/// The results of all scripts, and the boot that gave them.
pub struct Batch {
    results: HashMap<String, Result>,
    boot: Outcome,
}

/// Runs each script in a directory of its own and prints its name, exit code and output with the output's length.
const RUNNER: &str = r#"
cd /cases || exit 1
for file in *.sh; do
    name=${file%.sh}
    mkdir -p /tmp/work/$name && cd /tmp/work/$name || exit 1
    /bin/busybox sh /cases/$file >/tmp/output 2>&1 </dev/null
    code=$?
    size=$(wc -c </tmp/output)
    echo "@ $name $code $size"
    cat /tmp/output
    echo
    cd /
done
"#;

impl Batch {
    /// Boots once and runs the scripts in the order of their names.
    pub fn run(processors: u32, cases: &[(&str, &str)]) -> Self {
        let scratch = Scratch::new("batch");
        for (name, script) in cases {
            scratch.write(&format!("cases/{name}.sh"), script);
        }
        let boot = shell(RUNNER).smp(processors).option("--root", scratch.root()).run();
        Self { results: parse(&boot.stdout), boot }
    }

    /// The result of a script; fails with all that the boot said if it has none.
    #[track_caller]
    pub fn result(&self, name: &str) -> Result {
        match self.results.get(name) {
            Some(result) => result.clone(),
            None => panic!("{name} has no result\n{}", self.boot.report()),
        }
    }

    /// Asserts that the script did in the guest what it does here.
    #[track_caller]
    pub fn assert_like_host(&self, name: &str, script: &str) {
        let here = run_on_host(script);
        let there = self.result(name);
        assert_eq!(there.output, here.output, "{name}: output differs\n--- kernel log\n{}", self.boot.log);
        assert_eq!(there.code, here.code, "{name}: exit code differs");
    }
}

fn parse(mut bytes: &[u8]) -> HashMap<String, Result> {
    let mut results = HashMap::new();
    while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(&bytes[..end]).into_owned();
        bytes = &bytes[end + 1..];
        let words: Vec<&str> = line.split(' ').collect();
        let ["@", name, code, size] = words[..] else { continue };
        let size = size.parse().unwrap_or(0).min(bytes.len());
        let output = String::from_utf8_lossy(&bytes[..size]).into_owned();
        bytes = &bytes[size..];
        results.insert(name.to_owned(), Result { output, code: code.parse().unwrap_or(-1) });
    }
    results
}

/// The same script by the same busybox on this machine, in an empty directory.
fn run_on_host(script: &str) -> Result {
    let scratch = Scratch::new("host");
    let project = tools::project::Project::locate().unwrap();
    let busybox = tools::setup::programs::find_busybox(&project).unwrap();
    let applets = scratch.path("bin");
    fs::create_dir_all(&applets).unwrap();
    fs::create_dir_all(scratch.path("work")).unwrap();
    let list = Command::new(&busybox).arg("--list").output().unwrap();
    for applet in String::from_utf8_lossy(&list.stdout).lines() {
        std::os::unix::fs::symlink(&busybox, applets.join(applet)).unwrap();
    }
    let file = scratch.write("case.sh", script);
    let output = scratch.path("output");
    let log = fs::File::create(&output).unwrap();
    let status = Command::new(&busybox)
        .arg("sh")
        .arg(&file)
        .env_clear()
        .env("PATH", &applets)
        .env("HOME", "/root")
        .current_dir(scratch.path("work"))
        .stdin(fs::File::open(Path::new("/dev/null")).unwrap())
        .stderr(log.try_clone().unwrap())
        .stdout(log)
        .status()
        .unwrap();
    Result { output: fs::read_to_string(&output).unwrap(), code: status.code().unwrap_or(-1) }
}
