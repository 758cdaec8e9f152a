//! The record of the denial that ended a process: in its core, and not to be hidden there.

use super::Case;
use super::core_file::Core;
use super::dying::{PATTERN, died, fall_over};
use abi::Errno;
use abi::table::number;
use libc::{SIGABRT, WCOREDUMP, WTERMSIG};
use std::sync::atomic::{AtomicU64, Ordering};
use trials::lend::limit;
use trials::pledged::pledge;
use trials::raw::{call, pipe, read, write};
use trials::{Holds, equal};

pub(crate) const CASES: &[Case] = &[
    ("a broken promise is in the core that it leaves", broken),
    ("other threads' denials do not come in its place", crowded),
    ("a process that ended otherwise has its last denial there", otherwise),
];

/// The one record of a kind.
fn record(core: &Core, kind: u32) -> Result<String, String> {
    match core.all("TESSERA", kind)[..] {
        [one] => Ok(String::from_utf8_lossy(one).into_owned()),
        ref other => Err(format!("{} records", other.len())),
    }
}

fn says(line: &str, words: &[&str]) -> Holds {
    match words.iter().find(|word| !line.contains(*word)) {
        None => Ok(()),
        Some(word) => Err(format!("no {word} in {line}")),
    }
}

const BROKEN: &[&str] = &["call=socket ", "needs=promise:", "taken-by=pledge", "allow=\"promise "];

fn socket() -> i32 {
    let _ = call(number::socket, &[libc::AF_UNIX as usize, libc::SOCK_STREAM as usize, 0]);
    0
}

fn broken(_here: &str) -> Holds {
    let (pid, status) = died(|| if pledge(Some("stdio"), None).is_ok() { socket() } else { 1 })?;
    equal((WTERMSIG(status), WCOREDUMP(status)), (SIGABRT, true))?;
    let core = Core::read("core")?;
    let line = record(&core, 1)?;
    says(&line, BROKEN)?;
    says(&line, &[&format!("pid={pid} tid={pid} ")])?;
    // Nothing stands before it.
    equal(core.notes().first().map(|note| (note.name, note.kind)), Some(("TESSERA", 1)))
}

fn crowded(here: &str) -> Holds {
    std::fs::write(PATTERN, format!("{here}/core")).map_err(|error| error.to_string())?;
    for _ in 0..10 {
        let crowd = || {
            let Ok([from, _to]) = pipe() else { return 1 };
            if limit(from, caps::Rights::NONE).is_err() || pledge(Some("stdio thread"), None).is_err() {
                return 2;
            }
            let counts: [AtomicU64; 3] = Default::default();
            std::thread::scope(|scope| {
                for count in &counts {
                    scope.spawn(|| {
                        while read(from, 1) == Err(Errno::ENOTCAPABLE) {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
                while counts.iter().any(|count| count.load(Ordering::Relaxed) < 10) {
                    std::thread::yield_now();
                }
                socket()
            })
        };
        let (_, status) = died(crowd)?;
        equal((WTERMSIG(status), WCOREDUMP(status)), (SIGABRT, true))?;
        let core = Core::read("core")?;
        says(&record(&core, 1)?, BROKEN)?;
        equal(core.all("TESSERA", 2).len(), 0)?;
    }
    Ok(())
}

fn otherwise(_here: &str) -> Holds {
    let (_, status) = died(|| {
        let Ok([_from, to]) = pipe() else { return 1 };
        let _ = limit(to, caps::Rights::NONE);
        let _ = write(to, b"x");
        fall_over()
    })?;
    equal(WCOREDUMP(status), true)?;
    let core = Core::read("core")?;
    equal(core.all("TESSERA", 1).len(), 0)?;
    says(&record(&core, 2)?, &["call=write ", "needs=rights:WRITE", "taken-by=limit"])
}
