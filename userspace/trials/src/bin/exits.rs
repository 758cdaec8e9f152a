//! Ends as the argument says: `code N`, or `signal N` sent to itself.

use std::process::ExitCode;

use rustix::process::{Signal, getpid, kill_process};

fn main() -> ExitCode {
    let how = std::env::args().nth(1).unwrap_or_default();
    let number: i32 = std::env::args().nth(2).and_then(|text| text.parse().ok()).unwrap_or(0);
    if how == "signal" {
        let sent = Signal::from_named_raw(number).map(|signal| kill_process(getpid(), signal));
        println!("still here: {sent:?}");
        return ExitCode::FAILURE;
    }
    ExitCode::from(number as u8)
}
