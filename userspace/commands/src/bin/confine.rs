//! `confine`: runs an unmodified program with exactly what is named.
//!
//! The program is opened before anything is given up, and executed by its descriptor: it need not be within its own view.
//! Of a script the interpreter is, and the script itself is added to the view, to be read.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use commands::confinement::{Confinement, Mode, USAGE};
use commands::program::Program;
use tessera::Manifest;

/// What a shell answers for a program that is not there, and for one that cannot be executed.
const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--help" || first == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let asked = match Confinement::parse(arguments) {
        Ok(asked) => asked,
        Err(why) => {
            eprintln!("confine: {why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let ended = match &asked.mode {
        Mode::Bind => bind(&asked),
        Mode::Learn(output) => learn(&asked.command, output.as_deref()),
    };
    ended.unwrap_or_else(|error| {
        eprintln!("confine: {error}");
        let code = if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE };
        ExitCode::from(code)
    })
}

/// Gives up what is not to be kept and becomes the program; returns only if that cannot be.
fn bind(asked: &Confinement) -> io::Result<ExitCode> {
    let program = Program::open(&asked.command)?;
    let mut keeps = match &asked.manifest {
        None => asked.keeps.clone(),
        Some(path) => read_manifest(path)?,
    };
    program.show_scripts(&mut keeps);
    let mut narrowing = keeps.narrowing_for_exec(Some(program.file.as_raw_fd() as u32));
    if let Some(cpus) = &asked.cpus {
        narrowing = narrowing.cpus(cpus.iter().copied());
    }
    if !narrowing.is_empty() {
        narrowing
            .apply()
            .map_err(|error| io::Error::new(io::ErrorKind::PermissionDenied, format!("cannot confine: {error}")))?;
    }
    let error = tessera::program::execute(&program.file, &program.arguments, std::env::vars_os());
    Err(io::Error::new(io::Error::from(error).kind(), format!("{}: {error}", asked.command[0].display())))
}

fn read_manifest(path: &Path) -> io::Result<Manifest> {
    let named = |error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    };
    let text = fs::read_to_string(path).map_err(|error| named(&error))?;
    text.parse().map_err(|error| named(&error))
}

/// Runs the program unbound, and writes down what it needed.
fn learn(command: &[OsString], output: Option<&Path>) -> io::Result<ExitCode> {
    let file = output.map(File::create).transpose()?;
    let mut lesson = File::from(tessera::learn()?);
    let status = Command::new(&command[0]).args(&command[1..]).status()?;
    let mut needs = Vec::new();
    lesson.read_to_end(&mut needs)?;
    match file {
        Some(mut file) => io::Write::write_all(&mut file, &needs)?,
        None => io::Write::write_all(&mut io::stderr(), &needs)?,
    }
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(ExitCode::from(code as u8))
}
