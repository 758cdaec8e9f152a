//! The host's Python, with as much of its library as programs of the tests need.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::scratch::Scratch;
use super::{host_program, run};
use tools::setup::packages::Software;

/// The interpreter; what it needs of its library is put into the scratch directory, to be laid over the guest's files.
pub fn with_library(scratch: &Scratch) -> PathBuf {
    let python = host_program("/usr/bin/python3", Software::Python);
    let mut command = Command::new(&python);
    command.args(["-I", "-c", "import os; print(os.path.dirname(os.__file__))"]);
    let library = run(command, b"").text().trim_end().to_owned();
    let place = scratch.path(library.strip_prefix('/').unwrap());
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    let mut copy = Command::new("cp");
    copy.args(["-RL", &library]).arg(&place);
    copy.stderr(Stdio::null()).status().unwrap();
    for large in ["test", "site-packages", "dist-packages", "idlelib", "ensurepip", "__pycache__"] {
        let _ = std::fs::remove_dir_all(place.join(large));
    }
    python
}
