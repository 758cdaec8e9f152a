//! Runs a program in a view: `veiled PATH:PERMISSIONS… -- PROGRAM ARGUMENTS…`.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use trials::confined::{lock_view, unveil};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    for argument in arguments.by_ref().take_while(|argument| argument != "--") {
        let Some((path, permissions)) = argument.rsplit_once(':') else {
            eprintln!("veiled: {argument} is not PATH:PERMISSIONS");
            return ExitCode::from(2);
        };
        if let Err(errno) = unveil(path, permissions) {
            eprintln!("veiled: {path}: {errno}");
            return ExitCode::from(2);
        }
    }
    if let Err(errno) = lock_view() {
        eprintln!("veiled: {errno}");
        return ExitCode::from(2);
    }
    let Some(program) = arguments.next() else { return ExitCode::from(2) };
    eprintln!("veiled: {program}: {}", Command::new(&program).args(arguments).exec());
    ExitCode::from(127)
}
