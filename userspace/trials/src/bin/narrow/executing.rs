//! A thread that executes a program while another narrows: what had been taken when the narrowing returned, the program lacks.

use crate::{Outcome, scratch, unwritable, write_to};
use std::fs::File;
use std::io::{Read, Write, pipe};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::ExitCode;
use trials::narrowing::{narrow, slot};
use trials::{child, this_program};

/// What the narrowing thread says when it is done.
const NARROWED: u8 = b'n';
/// What the program says that could write.
const WRITTEN: u8 = b'w';
/// What the program says that could not.
const REFUSED: u8 = b'd';

/// The program: tries the slot, and tells.
pub(crate) fn tell(slot: RawFd, to: RawFd) -> ExitCode {
    let said = if write_to(slot).is_none() { WRITTEN } else { REFUSED };
    // SAFETY: the slot is this program's from its start, and nobody else's.
    let mut to = unsafe { File::from_raw_fd(to) };
    if to.write_all(&[said]).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

pub(crate) fn racing() -> Outcome {
    let (mut refused, mut odd) = (0, Vec::new());
    for round in 0..24 {
        let file = scratch("executing")?;
        let (mut from, to) = pipe()?;
        let run = || {
            let (number, out) = (file.as_raw_fd(), to.as_raw_fd());
            // Both are to be there after exec.
            [number, out]
                .iter()
                .for_each(|slot| drop(child::call(libc::SYS_fcntl, (*slot).into(), libc::F_SETFD.into(), 0)));
            let narrowing = std::thread::spawn(move || {
                if narrow(&[slot(&number, unwritable())]).is_ok() {
                    let _ = child::call(libc::SYS_write, out.into(), [NARROWED].as_ptr() as i64, 1);
                }
            });
            for _ in 0..round * 200 {
                std::hint::spin_loop();
            }
            let _failed = this_program().args(["told", &number.to_string(), &out.to_string()]).exec();
            drop(narrowing);
            1
        };
        let pid = child::fork(run)?;
        drop(to);
        let mut said = Vec::new();
        from.read_to_end(&mut said)?;
        let (_, status) = child::wait(pid, 0)?;
        refused += usize::from(said.contains(&REFUSED));
        let is_right = status == 0 && matches!(&said[..], [NARROWED, REFUSED] | [REFUSED] | [WRITTEN]);
        if !is_right {
            odd.push((round, status, said));
        }
    }
    println!("the narrowing came first in {refused} of 24");
    Ok(if odd.is_empty() { Ok(()) } else { Err(format!("{odd:?}")) })
}
