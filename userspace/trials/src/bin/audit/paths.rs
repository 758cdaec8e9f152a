//! Refusals of uses of paths.

use crate::{NOW, code, one, own_cause, records_of};
use abi::Errno;
use abi::table::number;
use caps::{Promises, Rights};
use std::fs::{self, File, OpenOptions};
use trials::lend::words;
use trials::narrowing::{narrow, promises};
use trials::raw::{call, open, text};
use trials::{Outcome, all, child, confined, equal};

pub(crate) fn hidden() -> Outcome {
    fs::create_dir_all("/tmp/audit-view")?;
    fs::write("/tmp/audit-view/there", "x")?;
    let (records, status) = records_of(|| {
        let seen = confined::unveil("/tmp/audit-view", "r");
        let refused = OpenOptions::new().write(true).open("/tmp/audit-view/there");
        code(seen.is_ok() && refused.is_err())
    })?;
    let expected = [("call", "open"), ("needs", "path:w"), ("taken-by", "unveil"), ("object", "/tmp/audit-view/there")];
    let (hidden, ended) = records_of(|| {
        let seen = confined::unveil("/tmp/audit-view", "r");
        code(seen.is_ok() && File::open("/etc").is_err())
    })?;
    let hides = [("call", "open"), ("needs", "path:r"), ("taken-by", "unveil"), ("object", "/etc")];
    Ok(all([equal(status, 0), one(&records, &expected), own_cause(&records), equal(ended, 0), one(&hidden, &hides)]))
}

pub(crate) fn asked() -> Outcome {
    fs::create_dir_all("/tmp/audit-asked")?;
    fs::write("/tmp/audit-asked/there", "x")?;
    let (records, status) = records_of(|| {
        let seen = confined::unveil("/tmp/audit-asked", "r");
        let may_read = call(number::access, &[text("/tmp/audit-asked/there"), libc::R_OK as usize]);
        let may_write = call(number::access, &[text("/tmp/audit-asked/there"), libc::W_OK as usize]);
        code(seen.is_ok() && may_read == Ok(0) && may_write == Err(Errno::EACCES))
    })?;
    let expected =
        [("call", "access"), ("needs", "path:w"), ("taken-by", "unveil"), ("object", "/tmp/audit-asked/there")];
    Ok(all([equal(status, 0), one(&records, &expected), own_cause(&records)]))
}

/// A directory whose children may be read and no more: what else is asked of them, or done with them.
pub(crate) fn passed_on() -> Outcome {
    fs::create_dir_all("/tmp/audit-passed")?;
    fs::copy("/proc/self/exe", "/tmp/audit-passed/program")?;
    let trying = |refused: fn(usize) -> abi::Result<usize>| {
        records_of(|| {
            let Ok(directory) = open("/tmp/audit-passed", libc::O_RDONLY | libc::O_DIRECTORY) else { return 9 };
            let kept = words(Rights::BROWSER | Rights::READ);
            let narrowed = call(number::cap_inherited_limit, &[directory, kept.as_ptr() as usize]);
            code(narrowed.is_ok() && refused(directory) == Err(Errno::ENOTCAPABLE))
        })
    };
    let (written, first) = trying(|at| call(number::faccessat, &[at, text("program"), libc::W_OK as usize]))?;
    let (asked, second) = trying(|at| call(number::faccessat, &[at, text("program"), libc::X_OK as usize]))?;
    let (run, third) = trying(|at| call(number::execveat, &[at, text("program"), 0, 0, 0]))?;
    let expected =
        |call, needs| [("call", call), ("needs", needs), ("taken-by", "limit"), ("object", "/tmp/audit-passed")];
    Ok(all([
        equal((first, second, third), (0, 0, 0)),
        one(&written, &expected("faccessat", "rights:WRITE")),
        one(&asked, &expected("faccessat", "rights:FEXECVE")),
        one(&run, &expected("execveat", "rights:FEXECVE")),
        own_cause(&run),
    ]))
}

pub(crate) fn wider_process() -> Outcome {
    let parent = child::own_id();
    let (records, status) = records_of(|| {
        let narrowed = narrow(&[promises(Promises::STDIO | Promises::RPATH | Promises::ERROR, NOW)]);
        let looked = File::open(format!("/proc/{parent}/maps"));
        code(narrowed.is_ok() && looked.is_err())
    })?;
    let expected = [("call", "open"), ("taken-by", "narrow"), ("slot", "-")];
    Ok(all([equal(status, 0), one(&records, &expected), own_cause(&records)]))
}
