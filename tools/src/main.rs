//! `cargo run`: see the library.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(tools::run(std::env::args_os().skip(1)))
}
