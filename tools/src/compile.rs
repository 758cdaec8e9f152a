//! Building what boots: the kernel and the guest's own programs, by cargo, only when a source has changed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::{Context, Failure, Result};
use crate::project::Project;
use crate::setup::toolchain;

const KERNEL_TARGET: &str = "x86_64-unknown-none";
const USER_TARGET: &str = "x86_64-unknown-linux-musl";
/// The profile that the guest's own programs are built with.
const GUEST_PROFILE: &str = "guest";
/// The programs of `userspace/commands`.
const COMMANDS: &[&str] = &["caps", "confine", "denials"];

/// Which kernel to build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    /// The one that people boot.
    Plain,
    /// The one that contains the in-kernel tests.
    SelfTest,
}

/// What a boot needs.
#[derive(Debug)]
pub struct Artifacts {
    /// The kernel's ELF file.
    pub kernel: PathBuf,
    /// The guest's first program.
    pub init: PathBuf,
    /// The command-line tools for `/bin`.
    pub commands: Vec<PathBuf>,
}

impl Variant {
    /// The name of the kernel's copy, and of what remembers the sources that it was built from.
    fn name(self) -> &'static str {
        match self {
            Self::Plain => "tessera",
            Self::SelfTest => "tessera-selftest",
        }
    }
}

/// Builds the kernel and the guest's programs if they are missing or older than their sources.
pub fn build(project: &Project, variant: Variant) -> Result<Artifacts> {
    let programs = built(project, USER_TARGET, GUEST_PROFILE);
    let artifacts = Artifacts {
        kernel: project.output.join(variant.name()),
        init: programs.join("init"),
        commands: COMMANDS.iter().map(|name| programs.join(name)).collect(),
    };
    if is_current(project, variant, &artifacts)? {
        return Ok(artifacts);
    }
    let _lock = project.lock("build")?;
    let fingerprint = project.fingerprint()?;
    if is_current(project, variant, &artifacts)? {
        return Ok(artifacts);
    }
    toolchain::ensure_targets(project, &[KERNEL_TARGET, USER_TARGET])?;
    let mut kernel = vec!["--release", "-p", "kernel", "--target", KERNEL_TARGET];
    if variant == Variant::SelfTest {
        kernel.extend(["--features", "selftest"]);
    }
    run_cargo(project, "the kernel", &kernel)?;
    run_cargo(
        project,
        "the guest's programs",
        &["--profile", GUEST_PROFILE, "-p", "init", "-p", "commands", "--target", USER_TARGET],
    )?;
    // Both variants are built in the same place, so that they share what is the same; each is kept under its own name.
    // Renamed into place, since a machine that starts just now may be reading the old one.
    let fresh = artifacts.kernel.with_extension("new");
    let context = || format!("cannot write {}", artifacts.kernel.display());
    fs::copy(built(project, KERNEL_TARGET, "release").join("kernel"), &fresh).context(context)?;
    fs::rename(&fresh, &artifacts.kernel).context(context)?;
    fs::write(stamp(project, variant), fingerprint).context(context)?;
    Ok(artifacts)
}

/// Builds the programs that the guest tests run; returns the directory with all of them.
pub fn build_trials(project: &Project) -> Result<PathBuf> {
    let _lock = project.lock("build")?;
    toolchain::ensure_targets(project, &[USER_TARGET])?;
    let arguments =
        ["-p", "trials", "--bins", "-p", "tessera", "--examples", "--profile", "trials", "--target", USER_TARGET];
    run_cargo(project, "the trial programs and the SDK's examples", &arguments)?;
    Ok(built(project, USER_TARGET, "trials"))
}

/// Where cargo puts what it builds for a target.
fn built(project: &Project, target: &str, profile: &str) -> PathBuf {
    project.output.join("build").join(target).join(profile)
}

fn stamp(project: &Project, variant: Variant) -> PathBuf {
    project.output.join(variant.name()).with_extension("stamp")
}

fn is_current(project: &Project, variant: Variant, artifacts: &Artifacts) -> Result<bool> {
    let built = fs::read_to_string(stamp(project, variant)).unwrap_or_default();
    let mut files = artifacts.commands.iter().chain([&artifacts.kernel, &artifacts.init]);
    Ok(built == project.fingerprint()? && files.all(|file| file.exists()))
}

fn run_cargo(project: &Project, what: &str, arguments: &[&str]) -> Result<()> {
    eprintln!("tessera: building {what}");
    let mut command = clean_command(project, "cargo");
    command.arg("build").args(arguments);
    command.arg("--target-dir").arg(project.output.join("build"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let status = command.status().context(|| "cannot start cargo".into())?;
    if status.success() { Ok(()) } else { Err(Failure::machine(format!("{what} did not build"))) }
}

/// A command of the Rust toolchain that the project pins, whatever toolchain, flags and target directory
/// the cargo that started us (perhaps another crate's, with us as its runner) has put into the environment.
pub fn clean_command(project: &Project, program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&project.root);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        // How the registry and the network are reached is the machine's matter, not the caller's.
        let is_of_machine = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR", "CARGO_SOURCE_"];
        let is_foreign = (text.starts_with("CARGO") && !is_of_machine.iter().any(|start| text.starts_with(start)))
            || text.starts_with("RUSTC")
            || text.starts_with("RUSTDOC")
            || text == "RUSTFLAGS"
            || text == "RUSTUP_TOOLCHAIN";
        if is_foreign {
            command.env_remove(&name);
        }
    }
    command
}
