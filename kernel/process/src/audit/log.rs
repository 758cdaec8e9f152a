//! The log of denials.

use super::record::{Clip, Letters, Missing, Record, There};
use super::ring::Ring;
use crate::Task;
use object::denial::{Denial, Had, Needed, Verdict};
use object::{Object, Roots};
use sched::WaitQueue;
use sync::{IrqLock, Once, ranks};

/// Records kept.
const CAPACITY: usize = 512;

static RING: IrqLock<Ring<Record, CAPACITY>, ranks::Audit> = IrqLock::new(Ring::new());

/// Woken after each record.
static READERS: WaitQueue = WaitQueue::new();

/// Where the paths in records start: the whole tree's root, whatever root the denied process has.
static ROOTS: Once<Roots> = Once::new();

/// Keeps records from now on, with paths as seen from here. Once, at boot.
pub fn init(roots: Roots) {
    ROOTS.call_once(|| roots);
    object::denial::install_hook(note);
}

/// Keeps a record of a denial. The hook behind `object::denial::deny`.
fn note(denial: &Denial<'_>) -> Verdict {
    let Some(task) = crate::current() else { return Verdict::Refuse };
    let record = record_of(&task, denial);
    let process = task.process();
    let mut kept = record;
    RING.lock().push((record.process, record.started_ns), |sequence| {
        kept = Record { sequence, ..record };
        kept
    });
    process.keep_denial(kept);
    task.own.lock().denial = Some(kept);
    READERS.wake_all();
    Verdict::Refuse
}

/// The record, but for its number.
fn record_of(task: &Task, denial: &Denial<'_>) -> Record {
    let process = task.process();
    let object = denial.object;
    let (missing, text) = match denial.needed {
        Needed::Rights(rights) => (Missing::Rights(rights), None),
        Needed::Ioctl(request) => (Missing::Ioctl(request), None),
        Needed::Fcntl(command) => (Missing::Fcntl(command), None),
        Needed::Promises(promises) => (Missing::Promises(promises), None),
        Needed::Roots(roots) => (Missing::Roots(roots), None),
        Needed::RootRights(root, rights) => (Missing::RootRights(root, rights), None),
        Needed::Path { permissions, path } => (Missing::Path(Letters::new(permissions)), Some(Clip::new(path))),
        Needed::Other(line) => (Missing::Line, Some(Clip::new(line.as_bytes()))),
    };
    let there = match denial.held {
        Had::Rights(rights) => There::Rights(rights),
        Had::Promises(promises) => There::Promises(promises),
        Had::Roots(roots) => There::Roots(roots),
        Had::Nothing => There::Nothing,
    };
    Record {
        sequence: 0,
        time_ns: arch::clock::now_ns(),
        process: process.id(),
        thread: task.id(),
        started_ns: process.start_ns(),
        name: task.name().0,
        count: process.count_denial(),
        call: denial.call.or_else(|| task.current_call()),
        slot: denial.slot,
        kind: object.map(|object| object.kind()),
        text: text.or_else(|| path_of(object?.as_ref())),
        missing,
        there,
        cause: denial.cause,
    }
}

/// Where an object is; `None` for one without a place, and when memory has run out.
fn path_of(object: &dyn Object) -> Option<Clip> {
    let path = object.path().or_else(|| object::namespace::path_of(ROOTS.get()?, object.location()?).ok())?;
    Some(Clip::new(&path))
}

/// A record that is kept, and how many are lost before it.
pub(super) struct Next {
    pub record: Record,
    pub lost: u64,
}

/// The first record that is kept from the number `from` on.
pub(super) fn next(from: u64) -> Option<Next> {
    let ring = RING.lock();
    ring.first_from(from).map(|(number, record)| Next { record: *record, lost: number - from })
}

/// How many denials there were.
pub(super) fn count() -> u64 {
    RING.lock().count()
}

/// Woken after each record.
pub(super) fn readers() -> &'static WaitQueue {
    &READERS
}
