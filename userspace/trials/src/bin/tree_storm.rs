//! A storm in a file tree: threads make, link, rename, exchange, list and remove names in the same few directories. Calls may fail,
//! since the others were quicker; what must hold is that nothing hangs, that no answer is nonsense, and that link counts are
//! right at the end.

#![allow(unsafe_code, reason = "renameat2")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

use std::collections::HashMap;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::Error;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use trials::{Holds, Random, Report, number_argument};

const DIRECTORIES: [&str; 4] = ["a", "b", "a/c", "b/d"];
const NAMES: u64 = 6;

/// What a call may answer when others change the same names.
const EXPECTED: [i32; 9] = [
    libc::ENOENT,
    libc::EEXIST,
    libc::ENOTEMPTY,
    libc::ENOTDIR,
    libc::EISDIR,
    libc::EINVAL,
    libc::EPERM,
    libc::EBUSY,
    libc::ELOOP,
];

fn main() -> ExitCode {
    let mut report = Report::new();
    let seconds = number_argument("--seconds", 3);
    let here = PathBuf::from(format!("/tmp/storm-{}", std::process::id()));
    let outcome = weather(&here, Duration::from_secs(seconds));
    report.check("names survive a storm", outcome);
    let _ = fs::remove_dir_all(&here);
    report.finish()
}

fn weather(here: &Path, length: Duration) -> Holds {
    for directory in DIRECTORIES {
        fs::create_dir_all(here.join(directory)).map_err(|error| error.to_string())?;
    }
    let threads: Vec<_> = (0..8)
        .map(|seed| {
            let here = here.to_owned();
            thread::spawn(move || blow(&here, Random::new(seed), Instant::now() + length))
        })
        .collect();
    let mut steps = 0;
    for thread in threads {
        steps += thread.join().map_err(|_| "a thread panicked")??;
    }
    println!("{steps} steps");
    let mut links = HashMap::new();
    survey(here, &mut links)?;
    for (path, found, named) in links.into_values() {
        if found != named {
            return Err(format!("{}: {found} links, {named} names", path.display()));
        }
    }
    Ok(())
}

fn place(here: &Path, random: &mut Random) -> PathBuf {
    let directory = DIRECTORIES[random.below(DIRECTORIES.len() as u64) as usize];
    let name = random.below(NAMES);
    // Names of directories are among the names, so that these move too.
    here.join(directory).join(["x", "y", "z", "c", "d", "e"][name as usize])
}

fn blow(here: &Path, mut random: Random, end: Instant) -> Result<u64, String> {
    let mut steps = 0;
    while Instant::now() < end {
        let (one, other) = (place(here, &mut random), place(here, &mut random));
        let outcome = match random.below(10) {
            0 => File::create(&one).map(drop),
            1 => fs::create_dir(&one),
            2 => fs::remove_file(&one),
            3 => fs::remove_dir(&one),
            4 => fs::hard_link(&one, &other),
            5 | 6 => fs::rename(&one, &other),
            7 => exchange(&one, &other),
            8 => std::os::unix::fs::symlink("x", &one),
            _ => list(here, &mut random),
        };
        if let Err(error) = outcome
            && !error.raw_os_error().is_some_and(|number| EXPECTED.contains(&number))
        {
            return Err(format!("{} and {}: {error}", one.display(), other.display()));
        }
        steps += 1;
    }
    Ok(steps)
}

fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    let text = |path: &Path| CString::new(path.as_os_str().as_encoded_bytes());
    let (one, other) = (text(one)?, text(other)?);
    // SAFETY: both are strings.
    let result = unsafe {
        libc::syscall(
            libc::SYS_renameat2,
            libc::AT_FDCWD,
            one.as_ptr(),
            libc::AT_FDCWD,
            other.as_ptr(),
            libc::RENAME_EXCHANGE,
        )
    };
    if result < 0 { Err(Error::last_os_error()) } else { Ok(()) }
}

fn list(here: &Path, random: &mut Random) -> std::io::Result<()> {
    let directory = DIRECTORIES[random.below(DIRECTORIES.len() as u64) as usize];
    let mut seen = Vec::new();
    for entry in fs::read_dir(here.join(directory))? {
        seen.push(entry?.file_name());
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    // A name may come back while it is listed, but not often.
    if seen.len() + 64 < count { Err(Error::other("names listed again and again")) } else { Ok(()) }
}

type Links = HashMap<u64, (PathBuf, u64, u64)>;

/// Counts the names of every inode beneath a directory: for a directory, itself, its name, and `..` of its children.
fn survey(directory: &Path, links: &mut Links) -> Holds {
    let fail = |error: Error| error.to_string();
    let own = fs::metadata(directory).map_err(fail)?;
    let mut children = 0;
    for entry in fs::read_dir(directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let found = fs::symlink_metadata(&path).map_err(fail)?;
        if found.is_dir() {
            children += 1;
            survey(&path, links)?;
        } else {
            links.entry(found.ino()).or_insert((path, found.nlink(), 0)).2 += 1;
        }
    }
    // Some file systems count only one link for any directory.
    let expected = if own.nlink() == 1 { 1 } else { 2 + children };
    links.insert(own.ino(), (directory.to_owned(), own.nlink(), expected));
    Ok(())
}
