//! Where cores come to be, and by whose authority.

use super::Case;
use super::core_file::Core;
use super::dying::{PATTERN, allow, died, fall_over};
use abi::Errno;
use abi::table::number;
use abi::types::NarrowItem;
use caps::{Rights, Root};
use libc::{SIGSEGV, WCOREDUMP, WTERMSIG};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use trials::child::in_child;
use trials::confined::{lock_view, unveil};
use trials::narrowing::{narrow, root};
use trials::pledged::enter_capability_mode;
use trials::raw::{call, fails, open, works, write};
use trials::{Holds, equal};

pub(crate) const CASES: &[Case] = &[
    ("a pattern names it, by what is known of the dead", pattern),
    ("patterns that start programs, and whoever lost the system, are refused", setting),
    ("what was there before is not written into", existing),
    ("no link leads it elsewhere", links),
    ("a process that sees nothing here leaves nothing here", veiled),
    ("nor does one whose working directory may not be written", read_only),
    ("the system's own place takes the cores of the confined too", sink),
    ("a file is its user's alone", owner),
];

fn text<T>(result: std::io::Result<T>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

fn set(pattern: &str) -> Holds {
    text(fs::write(PATTERN, pattern))
}

/// Whether a child that does this first and then falls over is said to have left a core.
fn leaves<T>(before: impl FnOnce() -> T) -> Result<bool, String> {
    let (_, status) = died(|| {
        let _ = before();
        fall_over()
    })?;
    equal(WTERMSIG(status), SIGSEGV).map(|()| WCOREDUMP(status))
}

fn pattern(here: &str) -> Holds {
    set("%e.%p.%s.%%\n")?;
    let (pid, _) = died(|| fall_over())?;
    Core::read(&format!("doors_cores.{pid}.11.%"))?;
    set(&format!("{here}/abs.%u.%p"))?;
    equal(text(fs::read_to_string(PATTERN))?, format!("{here}/abs.%u.%p\n"))?;
    let (pid, _) = died(|| fall_over())?;
    Core::read(&format!("{here}/abs.0.{pid}")).map(drop)
}

fn setting(_here: &str) -> Holds {
    let attempt = |pattern: &'static str| {
        let slot = open(PATTERN, libc::O_WRONLY)?;
        write(slot, pattern.as_bytes())
    };
    fails(attempt("|/bin/sh"), Errno::EINVAL)?;
    let slot = open(PATTERN, libc::O_WRONLY).map_err(|errno| errno.to_string())?;
    in_child(|| {
        works(narrow(&[root(Root::System, Rights::NONE, NarrowItem::NOW)]))?;
        fails(attempt("evil"), Errno::EPERM)?;
        fails(write(slot, b"evil"), Errno::EPERM)
    })?;
    in_child(|| {
        works(call(number::setresuid, &[1000, 1000, 1000]))?;
        fails(write(slot, b"evil"), Errno::EPERM)
    })?;
    equal(text(fs::read_to_string(PATTERN))?.as_str(), "core\n")
}

fn existing(_here: &str) -> Holds {
    text(fs::write("core", "before"))?;
    let old = text(fs::File::open("core"))?;
    equal(leaves(|| {})?, true)?;
    equal(text(std::io::read_to_string(old))?.as_str(), "before")?;
    Core::read("core")?;
    // Another user's stays.
    text(fs::remove_file("core"))?;
    text(fs::write("core", "another's"))?;
    text(std::os::unix::fs::chown("core", Some(1234), None))?;
    equal(leaves(|| {})?, false)?;
    equal(text(fs::read_to_string("core"))?.as_str(), "another's")
}

fn links(here: &str) -> Holds {
    text(fs::create_dir("elsewhere"))?;
    text(fs::write("elsewhere/victim", "safe"))?;
    text(symlink("elsewhere/victim", "core"))?;
    equal(leaves(|| {})?, false)?;
    set(&format!("{here}/core"))?;
    equal(leaves(|| {})?, false)?;
    equal(text(fs::read_to_string("elsewhere/victim"))?.as_str(), "safe")?;
    set("way/core")?;
    text(symlink("elsewhere", "way"))?;
    equal(leaves(|| {})?, false)?;
    set("../core-outside")?;
    equal(leaves(|| {})?, false)?;
    equal(Path::new("../core-outside").exists(), false)
}

fn veiled(here: &str) -> Holds {
    for permissions in [None, Some("r"), Some("rw"), Some("rc")] {
        let veil = || {
            let shown = permissions.map_or(Ok(()), |permissions| unveil(here, permissions));
            let _ = shown.and_then(|()| unveil("/dev/null", "r")).and_then(|()| lock_view());
        };
        equal(leaves(veil)?, false).map_err(|why| format!("{permissions:?}: {why}"))?;
        equal(Path::new("core").exists(), false)?;
    }
    equal(leaves(|| unveil(here, "rwc").and_then(|()| lock_view()))?, true)?;
    Core::read("core").map(drop)
}

fn read_only(_here: &str) -> Holds {
    let items = |rights| [root(Root::WorkingDirectory, Rights::ALL - rights, NarrowItem::NOW)];
    for taken in [Rights::CREATE, Rights::WRITE] {
        equal(leaves(|| narrow(&items(taken)))?, false)?;
        equal(Path::new("core").exists(), false)?;
    }
    equal(leaves(enter_capability_mode)?, false)?;
    equal(leaves(|| call(number::setresuid, &[1000, 1000, 1000]))?, false)?;
    equal(Path::new("core").exists(), false)
}

fn sink(here: &str) -> Holds {
    set(&format!("{here}/of-%p"))?;
    let confined = || {
        let _ = unveil("/dev/null", "r").and_then(|()| lock_view());
        let _ = enter_capability_mode();
    };
    let (pid, status) = died(|| {
        confined();
        fall_over()
    })?;
    equal(WCOREDUMP(status), true)?;
    Core::read(&format!("{here}/of-{pid}")).map(drop)
}

fn owner(here: &str) -> Holds {
    set(&format!("{here}/of-%p"))?;
    let (pid, status) = died(|| {
        let _ = call(number::setresuid, &[1000, 1000, 1000]);
        // To have changed users makes it one that may not be looked into.
        let _ = call(number::prctl, &[libc::PR_SET_DUMPABLE as usize, 1]);
        allow(u64::MAX);
        fall_over()
    })?;
    equal(WCOREDUMP(status), true)?;
    let found = text(fs::metadata(format!("of-{pid}")))?;
    equal((found.uid(), found.permissions().mode() & 0o7777), (1000, 0o600))
}
