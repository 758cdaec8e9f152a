//! What the kinds of a row's arguments tell of its errors: one rule for all rows.

use abi::table::{ArgumentKind, Row, number};
use abi::types::{NarrowItem, Rlimit};
use abi::{Errno, Result};
use caps::Rights;
use trials::raw::{AT_FDCWD, CLOSED, call, open, text};
use trials::{lend, narrowing, pledged};

use crate::attempt::{Attempt, become_nobody, holding};
use crate::outcome::{Outcome, in_child};

/// Arguments of the kind of paths that are other texts.
const TEXTS: &[(&str, &str)] = &[
    ("symlink", "target"),
    ("symlinkat", "target"),
    ("mount", "source"),
    ("mount", "kind"),
    ("memfd_create", "name"),
    ("pledge", "promises"),
    ("pledge", "execpromises"),
    ("unveil", "permissions"),
];

/// No process has this id.
const NO_PROCESS: usize = 4_000_000;
/// A bit that no flag word knows.
const UNKNOWN_FLAG: usize = 1 << 29;

/// Provokes the error in every way that the arguments offer: each in a child.
pub(crate) fn provoke(row: &'static Row, errno: Errno) -> Vec<Outcome> {
    let with_each = |which: fn(&ArgumentKind) -> bool, word: fn() -> Result<usize>| {
        let places = row.arguments.iter().enumerate().filter(|(_, argument)| which(&argument.kind));
        places.map(|(at, _)| in_child(|| Attempt::of(row)?.with_nth(at, word()?).call())).collect()
    };
    let with_path = |path: &'static str| with_paths(row, path, |attempt| attempt.call());
    match errno {
        Errno::EBADF => with_each(names_slot, || Ok(CLOSED)),
        Errno::ENOTSOCK => with_each(|kind| matches!(kind, ArgumentKind::Socket(_)), || open("file", libc::O_RDWR)),
        Errno::ENOTCAPABLE => without_rights(row),
        Errno::ENOENT => with_path("missing/name"),
        Errno::ENOTDIR => {
            let directory = |kind: &ArgumentKind| matches!(kind, ArgumentKind::Directory(_) | ArgumentKind::At(_));
            let mut outcomes: Vec<_> = with_each(directory, || open("file", libc::O_RDWR));
            outcomes.extend(with_path("file/name"));
            outcomes
        }
        Errno::ENAMETOOLONG => {
            let long = "n".repeat(300).leak();
            let mut outcomes = with_path(long);
            outcomes.extend(with_path("a/".repeat(2500).leak()));
            outcomes
        }
        Errno::ELOOP => with_path("loop/name"),
        Errno::EACCES => with_paths(row, "locked/file", |attempt| attempt.call_as_nobody()),
        Errno::EROFS => with_path(if makes_name(row) { "sealed/new" } else { "sealed/version" }),
        Errno::EMFILE => vec![in_child(|| {
            let attempt = Attempt::of(row)?;
            let limit = holding(Rlimit { soft: 0, hard: 0 });
            call(number::setrlimit, &[libc::RLIMIT_NOFILE as usize, limit])?;
            attempt.call()
        })],
        Errno::ESRCH => with_each(|kind| matches!(kind, ArgumentKind::Pid), || Ok(NO_PROCESS)),
        Errno::ECAPMODE if !row.roots.is_empty() => vec![in_child(|| {
            let attempt = Attempt::of(row)?;
            let held = caps::Root::ALL.iter().filter(|root| row.roots.has(**root));
            let none = held.map(|root| narrowing::root(*root, Rights::NONE, NarrowItem::NOW));
            narrowing::narrow(&none.collect::<Vec<_>>())?;
            attempt.call()
        })],
        Errno::ECAPMODE => vec![in_child(|| {
            let attempt = without_directories(Attempt::of(row)?);
            pledged::enter_capability_mode()?;
            attempt.call()
        })],
        Errno::EINVAL => with_each(|kind| matches!(kind, ArgumentKind::Flags(..)), || Ok(UNKNOWN_FLAG)),
        Errno::EPERM if row.roots.intersects(abi::RootSet::SYSTEM) => vec![in_child(|| {
            let attempt = Attempt::of(row)?;
            become_nobody()?;
            attempt.call()
        })],
        _ => Vec::new(),
    }
}

fn names_slot(kind: &ArgumentKind) -> bool {
    matches!(kind, ArgumentKind::Slot) || kind.demanded().1
}

/// Each argument with a path, changed.
fn with_paths(row: &'static Row, path: &'static str, then: fn(Attempt) -> Result<usize>) -> Vec<Outcome> {
    let is_path = |at: usize| {
        let argument = &row.arguments[at];
        matches!(argument.kind, ArgumentKind::Path)
            && !TEXTS.contains(&(row.name, argument.name))
            && !(row.family == "attributes" && argument.name == "name")
    };
    let places = (0..row.arguments.len()).filter(|at| is_path(*at));
    places.map(|at| in_child(|| then(Attempt::of(row)?.with_nth(at, text(path))))).collect()
}

/// Whether the path is of something that is not there yet.
fn makes_name(row: &Row) -> bool {
    row.name.starts_with("mk") || row.name.starts_with("symlink") || row.name.starts_with("link") || row.name == "creat"
}

/// Each slot that the row checks, without any right.
fn without_rights(row: &'static Row) -> Vec<Outcome> {
    let is_checked = |at: usize| !row.arguments[at].kind.demanded().0.is_empty();
    let places = (0..row.arguments.len()).filter(|at| is_checked(*at));
    let bare = |at: usize| {
        let attempt = Attempt::of(row)?;
        let slot = lend::without(attempt.nth(at), Rights::ALL)?;
        attempt.with_nth(at, slot).call()
    };
    places.map(|at| in_child(|| bare(at))).collect()
}

/// Paths start from the working directory.
fn without_directories(attempt: Attempt) -> Attempt {
    let arguments = attempt.row.arguments.iter().enumerate();
    arguments.fold(attempt.clone(), |attempt, (at, argument)| match argument.kind {
        ArgumentKind::At(_) => attempt.with_nth(at, AT_FDCWD),
        _ => attempt,
    })
}
