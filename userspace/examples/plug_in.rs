//! A host lends a file to a plug-in for a while, and takes it back.
//!
//! `plug_in FILE MILLISECONDS`: the plug-in, another process, gets FILE on its standard input, for reading and for so long. It
//! reads it over and over until the kernel says that the time is over; nobody has to ask it.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::process::{Command, ExitCode};
use std::time::Duration;

use tessera::{Loan, Rights};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["as-plug-in"] => plug_in(),
        [file, time] => host(file, time),
        _ => Err("usage: plug_in FILE MILLISECONDS".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("plug_in: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Lends the file, and lets the plug-in work with it.
fn host(file: &str, time: &str) -> Result<(), Box<dyn Error>> {
    let file = File::open(file)?;
    let time = Duration::from_millis(time.parse()?);
    // EVENT, since `std` looks at the standard streams before `main` begins.
    let what = Rights::READ | Rights::SEEK | Rights::FSTAT | Rights::EVENT;
    let loan = Loan::of(&file, what | Rights::DERIVE | Rights::REVOKE)?;
    let lent = loan.lend_for(what, time)?;
    let status = Command::new(env::current_exe()?).arg("as-plug-in").stdin(lent).status()?;
    println!("host: the plug-in ended with {status}; the file is still mine: {} bytes", file.metadata()?.len());
    Ok(())
}

/// Uses what it was lent for as long as it can.
fn plug_in() -> Result<(), Box<dyn Error>> {
    let mut lent = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut text = String::new();
    lent.read_to_string(&mut text)?;
    println!("plug-in: read {} bytes", text.len());
    let error = loop {
        if let Err(error) = lent.rewind().and_then(|()| lent.read(&mut [0; 64])) {
            break error;
        }
    };
    println!("plug-in: taken back: {error}");
    Ok(())
}
