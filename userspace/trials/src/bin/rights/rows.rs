//! What the rows of the table of system calls say of slots, tried row by row.
//!
//! For every argument that names a slot: a closed one is EBADF, one with another kind of object is what the kind says even if it
//! has no rights at all, and one without a right that the row demands is ENOTCAPABLE: in this order.

use std::ffi::CStr;

use abi::Errno;
use abi::table::{ArgumentKind, Row, TABLE};
use caps::Rights;
use trials::raw::{CLOSED, call, dup};
use trials::{Holds, Report, child, lend};

/// Rows whose handlers look their slots up themselves, with what they need of them, or the reason why that is nothing.
const RESOLVED_BY_HANDLERS: &[(&str, &str)] = &[
    ("close", "giving up needs no right"),
    ("dup", "a copy is no use"),
    ("dup2", "a copy is no use"),
    ("dup3", "a copy is no use"),
    ("mmap", "tried among the doors"),
    ("fcntl", "tried among the limits"),
    ("epoll_ctl", "tried among the doors"),
    ("cap_rights_limit", "narrowing needs no right"),
    ("cap_ioctls_limit", "narrowing needs no right"),
    ("cap_fcntls_limit", "narrowing needs no right"),
    ("cap_inherited_limit", "narrowing needs no right"),
];

/// One slot argument of a row.
struct Place {
    row: &'static Row,
    index: usize,
    rights: Rights,
    /// What another kind of object is answered with.
    wrong_kind: Option<Errno>,
}

pub(crate) fn check_all(report: &mut Report) {
    let fixture = match Fixture::new() {
        Ok(fixture) => fixture,
        Err(why) => return report.check("the objects to try on", Err(why.to_string())),
    };
    for row in TABLE {
        for (index, argument) in row.arguments.iter().enumerate() {
            let (rights, wrong_kind) = match argument.kind {
                ArgumentKind::Capability(rights) => (rights, None),
                ArgumentKind::Directory(rights) | ArgumentKind::At(rights) => (rights, Some(Errno::ENOTDIR)),
                ArgumentKind::PollSet(rights) => (rights, Some(Errno::EINVAL)),
                ArgumentKind::Process(rights) => (rights, Some(Errno::EBADF)),
                ArgumentKind::Slot if argument.name == "fd" => {
                    let is_known = RESOLVED_BY_HANDLERS.iter().any(|(name, _)| *name == row.name);
                    if !is_known {
                        report.check(format!("{}: what its slot needs is known", row.name), Err("not listed".into()));
                    }
                    continue;
                }
                _ => continue,
            };
            let place = Place { row, index, rights, wrong_kind };
            report.check(format!("{}({})", row.name, argument.name), place.check(&fixture));
        }
    }
}

impl Place {
    fn check(&self, fixture: &Fixture) -> Holds {
        let mut words = fixture.words(self.row);
        let right_slot = words[self.index];
        let mut answers = |slot: usize, what: &str, expected: Errno| -> Holds {
            words[self.index] = slot;
            let found = answer(self.row.number, words);
            if found == Some(expected) { Ok(()) } else { Err(format!("{what}: {found:?}, expected {expected}")) }
        };
        answers(CLOSED, "closed", Errno::EBADF)?;
        if let Some(errno) = self.wrong_kind {
            let bare = lend::without(fixture.file, Rights::ALL).map_err(|errno| errno.to_string())?;
            answers(bare, "wrong kind and no right", errno)?;
            let _ = trials::raw::close(bare);
        }
        for right in self.rights.iter() {
            let lacking = lend::without(right_slot, right).map_err(|errno| format!("{right:?}: {errno}"))?;
            answers(lacking, &format!("without {right:?}"), Errno::ENOTCAPABLE)?;
            let _ = trials::raw::close(lacking);
        }
        Ok(())
    }
}

/// How a call ends, tried in a child; `None` for success.
fn answer(number: u64, words: [usize; 6]) -> Option<Errno> {
    let code = child::fork(|| match call(number, &words) {
        Ok(_) => 0,
        Err(errno) => i32::from(errno.raw() as u8),
    });
    let (_, status) = child::wait(code.ok()?, 0).ok()?;
    if libc::WIFSIGNALED(status) {
        return Some(Errno::EFAULT);
    }
    Errno::from_raw(i64::from(libc::WEXITSTATUS(status)))
}

/// Objects of all kinds, and memory for every pointer.
struct Fixture {
    file: usize,
    directory: usize,
    poll_set: usize,
    process: usize,
    timer: usize,
    pipe: [usize; 2],
    zeros: Vec<u64>,
}

const FILE: &CStr = c"relative";

impl Fixture {
    fn new() -> abi::Result<Self> {
        use abi::table::number;
        use trials::raw::{open, open_at, pipe};
        let path = format!("/tmp/rights.{}", std::process::id());
        std::fs::create_dir_all(&path).map_err(|_| Errno::EIO)?;
        let directory = open(&path, libc::O_RDONLY | libc::O_DIRECTORY)?;
        let file = open_at(directory, "relative", libc::O_RDWR | libc::O_CREAT)?;
        trials::raw::write(file, b"some content")?;
        Ok(Self {
            file,
            directory,
            poll_set: call(number::epoll_create1, &[0])?,
            process: call(number::pidfd_open, &[std::process::id() as usize, 0])?,
            timer: call(number::timerfd_create, &[libc::CLOCK_MONOTONIC as usize, 0])?,
            pipe: pipe()?,
            zeros: vec![0; 4096],
        })
    }

    /// Arguments that the row would accept, or refuse only after it has looked at its slots.
    fn words(&self, row: &Row) -> [usize; 6] {
        let mut words = [0; 6];
        for (word, argument) in words.iter_mut().zip(row.arguments) {
            *word = match argument.kind {
                ArgumentKind::Capability(_) | ArgumentKind::Slot => self.slot(row),
                ArgumentKind::Directory(_) | ArgumentKind::At(_) => self.directory,
                ArgumentKind::PollSet(_) => self.poll_set,
                ArgumentKind::Process(_) => self.process,
                ArgumentKind::Path => FILE.as_ptr() as usize,
                kind if kind.is_pointer() => self.zeros.as_ptr() as usize,
                ArgumentKind::Length => 8,
                _ => 0,
            };
            match argument.name {
                "size" if row.name == "openat2" => *word = size_of::<abi::types::OpenHow>(),
                "size" | "max" | "count" => *word = 8,
                _ => {}
            }
        }
        words
    }

    fn slot(&self, row: &Row) -> usize {
        match row.name {
            name if name.starts_with("timerfd") => self.timer,
            "getdents64" => self.directory,
            "write" | "writev" => self.pipe[1],
            _ => dup(self.file).unwrap_or(self.file),
        }
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(format!("/tmp/rights.{}", std::process::id()));
    }
}
