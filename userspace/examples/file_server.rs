//! A file server whose workers can do nothing else.
//!
//! `file_server DIRECTORY NAME…`: two workers, processes of their own, serve the files of DIRECTORY on a Unix socket; then each
//! NAME is asked for and the answer printed. A worker holds the listening socket (standard input), the directory (standard
//! output), and a place for complaints. It is in capability mode, so that no name, however it is spelt, leads out of the
//! directory: the check that such servers get wrong is not theirs to make.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write, stderr, stdin, stdout};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitCode};

use rustix::fs::{Mode, OFlags, openat};
use tessera::{Rights, mode, slot};

const WORKERS: usize = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match &arguments[..] {
        [role] if role == "as-worker" => work(),
        [directory, names @ ..] if !names.is_empty() => serve(directory, names),
        _ => Err("usage: file_server DIRECTORY NAME…".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("file_server: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Starts the workers, asks them for each name, and ends them.
fn serve(directory: &str, names: &[String]) -> Result<(), Box<dyn Error>> {
    let address = env::temp_dir().join(format!("file-server-{}", std::process::id()));
    let listener = OwnedFd::from(UnixListener::bind(&address)?);
    let directory = OwnedFd::from(File::open(directory)?);
    let mut workers = Vec::new();
    for _ in 0..WORKERS {
        workers.push(start_worker(&listener, &directory)?);
    }
    let answers: std::io::Result<Vec<String>> = names.iter().map(|name| ask(&address, name)).collect();
    for mut worker in workers {
        worker.kill()?;
        worker.wait()?;
    }
    std::fs::remove_file(&address)?;
    for (name, answer) in names.iter().zip(answers?) {
        println!("{name}: {}", answer.trim_end());
    }
    Ok(())
}

fn start_worker(listener: &OwnedFd, directory: &OwnedFd) -> Result<Child, Box<dyn Error>> {
    let (socket, files) = (listener.try_clone()?, directory.try_clone()?);
    // EVENT, since `std` looks at the standard streams before `main` begins.
    slot::limit(&socket, Rights::ACCEPT | Rights::READ | Rights::WRITE | Rights::EVENT)?;
    slot::limit(&files, Rights::LOOKUP | Rights::READ | Rights::FSTAT | Rights::EVENT)?;
    Ok(Command::new(env::current_exe()?).arg("as-worker").stdin(socket).stdout(files).spawn()?)
}

fn ask(address: &Path, name: &str) -> std::io::Result<String> {
    let mut connection = UnixStream::connect(address)?;
    writeln!(connection, "{name}")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Answers one connection after the other.
fn work() -> Result<(), Box<dyn Error>> {
    let listener = UnixListener::from(stdin().as_fd().try_clone_to_owned()?);
    let directory = stdout().as_fd().try_clone_to_owned()?;
    mode::enter()?;
    loop {
        let (connection, _) = listener.accept()?;
        if let Err(error) = answer(connection, &directory) {
            writeln!(stderr(), "worker: {error}")?;
        }
    }
}

fn answer(mut connection: UnixStream, directory: &OwnedFd) -> std::io::Result<()> {
    let mut name = String::new();
    BufReader::new(&connection).read_line(&mut name)?;
    match openat(directory, name.trim_end(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()) {
        Ok(file) => std::io::copy(&mut File::from(file), &mut connection).map(drop),
        Err(error) => write!(connection, "refused: {error}"),
    }
}
