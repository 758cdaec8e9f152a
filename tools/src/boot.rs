//! The shell, `exec` and the in-kernel tests: from what was asked for to a machine that runs.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{IsTerminal, stderr};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::command_line::{Debugger, Options, Program};
use crate::compile::{self, Artifacts, Variant};
use crate::failure::{Context, Result};
use crate::gdb;
use crate::initramfs::run_file::{Run, Streams, environment};
use crate::initramfs::tree::Tree;
use crate::initramfs::{base, overlay, program, write_archive};
use crate::kernel_log::{KernelLog, LineEnd};
use crate::machine::Machine;
use crate::project::Project;
use crate::session::outcome::Judge;
use crate::session::supervisor::{Purpose, supervise};
use crate::session::terminal::is_interactive;
use crate::setup::programs::{find_busybox, find_qemu, install_missing};
use crate::symbols::Symbols;
use crate::trace::{self, memory::Memory};

/// The exit code when the person leaves a program with Ctrl-A x: as if interrupted.
const INTERRUPTED: u8 = 130;

/// Boots to a shell.
pub fn shell(project: &Project, options: &Options) -> Result<u8> {
    install_missing(project)?;
    let artifacts = compile::build(project, Variant::Plain)?;
    let mut tree = compose_base(project, &artifacts, &options.roots)?;
    let directory = options.cwd.clone().unwrap_or_else(|| "/".into());
    Run::shell(environment(std::env::vars_os(), &options.env), directory).insert_into(&mut tree)?;
    start(
        project,
        options,
        &artifacts,
        &write_archive(&tree)?,
        Purpose { streams: Streams::Terminal, quit_code: 0, judge_of_panics: Judge::Host },
    )
}

/// Boots and runs one program.
pub fn exec(project: &Project, options: &Options, program: &Program) -> Result<u8> {
    install_missing(project)?;
    let artifacts = compile::build(project, Variant::Plain)?;
    let mut tree = compose_base(project, &artifacts, &options.roots)?;
    let path = program::find(&tree, &program.name)?;
    let environment = environment(std::env::vars_os(), &options.env);
    program::insert(&mut tree, &path, value_of("LD_LIBRARY_PATH", &environment))?;
    let directory = match &options.cwd {
        Some(directory) => directory.clone(),
        None => std::env::current_dir().context(|| "cannot read the working directory".into())?,
    };
    let streams = if is_interactive() { Streams::Terminal } else { Streams::Channels };
    let mut arguments = vec![program.name.clone()];
    arguments.extend_from_slice(&program.arguments);
    Run { streams, directory, path, arguments, environment }.insert_into(&mut tree)?;
    start(
        project,
        options,
        &artifacts,
        &write_archive(&tree)?,
        Purpose { streams, quit_code: INTERRUPTED, judge_of_panics: Judge::Host },
    )
}

/// Boots a kernel that contains the in-kernel tests, and runs one of them.
pub fn self_test(project: &Project, options: &Options, name: &str) -> Result<u8> {
    install_missing(project)?;
    let artifacts = compile::build(project, Variant::SelfTest)?;
    let tree = compose_base(project, &artifacts, &options.roots)?;
    let append = format!("{} selftest={name}", options.append);
    let options = Options { append, ..options.clone() };
    let purpose = Purpose { streams: Streams::Channels, quit_code: INTERRUPTED, judge_of_panics: Judge::Guest };
    start(project, &options, &artifacts, &write_archive(&tree)?, purpose)
}

/// The base userland with the trees of `--root` over it.
pub fn compose_base(project: &Project, artifacts: &Artifacts, roots: &[PathBuf]) -> Result<Tree> {
    let busybox = find_busybox(project)?;
    let mut tree = Tree::default();
    base::lay_out(&mut tree, &artifacts.init, &busybox, &artifacts.commands)?;
    for root in roots {
        overlay::lay_over(&mut tree, root)?;
    }
    Ok(tree)
}

/// Boots with a ready-made initramfs, however broken. For the project's own tests.
pub fn archive(project: &Project, options: &Options, file: &Path) -> Result<u8> {
    install_missing(project)?;
    let artifacts = compile::build(project, Variant::Plain)?;
    let file = File::open(file).context(|| file.display().to_string())?;
    let purpose = Purpose { streams: Streams::Channels, quit_code: INTERRUPTED, judge_of_panics: Judge::Host };
    start(project, options, &artifacts, &file, purpose)
}

fn start(project: &Project, options: &Options, artifacts: &Artifacts, archive: &File, purpose: Purpose) -> Result<u8> {
    let qemu = find_qemu(project)?;
    let file = match &options.log {
        Some(path) => Some(File::create(path).context(|| format!("--log {}", path.display()))?),
        None => None,
    };
    let is_raw = purpose.streams == Streams::Terminal && is_interactive() && stderr().is_terminal();
    let line_end = if is_raw { LineEnd::Raw } else { LineEnd::Plain };
    let log = KernelLog::new(Symbols::new(&artifacts.kernel, &project.root), file, line_end);
    let socket = gdb::socket(project);
    let memory = match &options.trace {
        // As much as QEMU is told.
        Some(_) => Some(Memory::new(options.memory.next_multiple_of(1 << 20))?),
        None => None,
    };
    let command_line = match &options.trace {
        // Whoever wants to begin later says so.
        Some(_) if !options.append.contains("trace=ready") => &format!("{} trace", options.append),
        _ => &options.append,
    };
    let machine = Machine::start(options, &qemu, &artifacts.kernel, archive, memory.as_ref(), command_line, &socket)?;
    let result = supervise(options, purpose, machine, log);
    if let (Some(memory), Some(file)) = (&memory, &options.trace) {
        trace::save(memory, &artifacts.kernel, &project.root, file)?;
    }
    if options.debugger == Debugger::Wait {
        // A QEMU that was killed leaves it behind; one that ended by itself has removed it.
        let _ = std::fs::remove_file(&socket);
    }
    result
}

fn value_of(name: &str, environment: &[OsString]) -> Option<OsString> {
    let value = |pair: &OsString| {
        let value = pair.as_bytes().strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(OsStr::from_bytes(value).to_owned())
    };
    environment.iter().rev().find_map(value)
}
