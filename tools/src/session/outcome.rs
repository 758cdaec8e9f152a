//! How a boot ended, as an exit code.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::failure::{Failure, Result};
use crate::kernel_log::Panic;

/// QEMU's status when the kernel writes 0 to the exit device: it has powered off.
const POWERED_OFF: i32 = 1;
/// The status after a deliberate reset (the kernel writes 0x10).
const RESET: i32 = 0x10 << 1 | 1;
/// The status after a panic (the kernel writes 0x3e).
const PANICKED: i32 = 0x3e << 1 | 1;
/// The status when the processor gave up: a triple fault resets the machine, and QEMU may not start it again.
const TRIPLE_FAULT: i32 = 0;

/// All that is known at the end.
#[derive(Debug)]
pub struct Ending {
    /// How QEMU ended.
    pub status: ExitStatus,
    /// What QEMU said on its standard error.
    pub complaints: String,
    /// Why this process ended it, if it did.
    pub forced: Option<Failure>,
    /// What the guest told.
    pub exit_code: Option<u8>,
    /// Whether the kernel panicked.
    pub panic: Panic,
    /// Whether the guest never said anything.
    pub is_silent: bool,
    /// Whether the guest had stopped answering.
    pub is_hanging: bool,
    /// Whether the guest's first program was started.
    pub has_started: bool,
    /// Who says what a panic means.
    pub judge_of_panics: Judge,
}

/// Who says what a panic means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judge {
    /// It is a failure, whatever the guest told before.
    Host,
    /// The guest: in-kernel tests may have to panic, and tell their verdict after it.
    Guest,
}

/// The program's exit code, or why there is none.
pub fn judge(ending: Ending) -> Result<u8> {
    if let Some(failure) = ending.forced {
        return if failure.code == 0 { Ok(0) } else { Err(failure) };
    }
    if let (Judge::Guest, Some(code)) = (ending.judge_of_panics, ending.exit_code) {
        return Ok(code);
    }
    if ending.is_hanging {
        let trace = if ending.panic == Panic::None { "asking for its trace ended it" } else { "its trace is above" };
        return Err(Failure::machine(format!("the guest hangs; {trace}")));
    }
    if ending.panic != Panic::None || ending.status.code() == Some(PANICKED) {
        return Err(Failure::machine("the kernel panicked; its trace is above"));
    }
    if let Some(code) = ending.exit_code {
        return Ok(code);
    }
    match ending.status.code() {
        Some(POWERED_OFF | RESET) if ending.has_started => Ok(0),
        Some(POWERED_OFF | RESET) if !ending.is_silent => {
            Err(Failure::machine("the guest powered off before its first program"))
        }
        Some(TRIPLE_FAULT) if !ending.is_silent || ending.complaints.is_empty() => {
            Err(Failure::machine("the machine was reset by a triple fault"))
        }
        Some(code) => {
            Err(Failure::machine(format!("QEMU failed with status {code}\n{}", ending.complaints.trim_end())))
        }
        None => {
            let signal = ending.status.signal().unwrap_or(0);
            Err(Failure::machine(format!("QEMU was killed by signal {signal}\n{}", ending.complaints.trim_end())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::MACHINE;

    fn ending(code: i32) -> Ending {
        Ending {
            status: ExitStatus::from_raw(code << 8),
            complaints: String::new(),
            forced: None,
            exit_code: None,
            panic: Panic::None,
            is_silent: false,
            is_hanging: false,
            has_started: true,
            judge_of_panics: Judge::Host,
        }
    }

    #[test]
    fn the_guests_exit_code_counts() {
        assert_eq!(judge(Ending { exit_code: Some(7), ..ending(POWERED_OFF) }).unwrap(), 7);
        assert_eq!(judge(ending(POWERED_OFF)).unwrap(), 0);
    }

    #[test]
    fn a_panic_counts_more_than_an_exit_code() {
        let panicked = Ending { exit_code: Some(0), panic: Panic::Begun, ..ending(PANICKED) };
        assert_eq!(judge(panicked).unwrap_err().code, MACHINE);
        assert_eq!(judge(ending(PANICKED)).unwrap_err().code, MACHINE);
    }

    #[test]
    fn a_guest_that_may_judge_panics_is_believed() {
        let panicked = Ending { exit_code: Some(0), panic: Panic::Complete, ..ending(POWERED_OFF) };
        assert_eq!(judge(Ending { judge_of_panics: Judge::Guest, ..panicked }).unwrap(), 0);
    }

    #[test]
    fn powering_off_before_the_first_program_is_a_failure() {
        assert!(judge(Ending { has_started: false, ..ending(POWERED_OFF) }).is_err());
    }

    #[test]
    fn triple_faults_and_failed_starts_are_failures() {
        assert!(judge(ending(TRIPLE_FAULT)).unwrap_err().message.contains("triple fault"));
        let complaints = "qemu: unknown CPU model\n".to_owned();
        let failed = Ending { complaints, is_silent: true, has_started: false, ..ending(1) };
        assert!(judge(failed).unwrap_err().message.contains("unknown CPU model"));
    }
}
