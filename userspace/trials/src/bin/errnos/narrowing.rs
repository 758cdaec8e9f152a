//! Cases of calls of the family `narrowing`.

use abi::types::NarrowItem;
use abi::{Errno, Result};
use caps::{PathPermissions, Promises, Rights};
use trials::lend::limit;
use trials::narrowing::{promises, slots};
use trials::raw::{CLOSED, open, text};

use crate::Case;
use crate::attempt::{Attempt, become_nobody, holding};

/// A list of one item.
fn one(attempt: Attempt, item: NarrowItem) -> Result<usize> {
    attempt.with("items", holding(item)).with("count", 1).call()
}

/// Adds a path to the view.
fn seen(path: &str) -> NarrowItem {
    NarrowItem {
        address: text(path) as u64,
        length: path.len() as u64,
        values: [u64::from(PathPermissions::READ.bits()), 0],
        ..NarrowItem::new(NarrowItem::VIEW)
    }
}

/// The slot keeps these rights.
fn kept(slot: usize, rights: Rights) -> NarrowItem {
    slots(slot as i32, slot as i32, rights)
}

pub(crate) const CASES: &[Case] = &[
    ("narrow", Errno::E2BIG, |it| it.with("count", 1 << 20).call()),
    ("narrow cap_learn", Errno::EINVAL, |it| it.with("flags", 0x80).call()),
    ("narrow", Errno::EBADF, |it| one(it, kept(CLOSED, Rights::READ))),
    ("narrow", Errno::ENOTCAPABLE, |it| {
        let slot = open("file", libc::O_RDWR)?;
        limit(slot, Rights::READ)?;
        one(it, kept(slot, Rights::READ | Rights::WRITE))
    }),
    ("narrow", Errno::EPERM, |it| {
        one(it.clone(), promises(Promises::STDIO, NarrowItem::NOW))?;
        one(it, promises(Promises::STDIO | Promises::RPATH, NarrowItem::NOW))
    }),
    ("narrow", Errno::ENOENT, |it| one(it, seen("missing/name"))),
    ("narrow", Errno::ENOTDIR, |it| one(it, seen("file/name"))),
    ("narrow", Errno::ELOOP, |it| one(it, seen("loop/name"))),
    ("narrow", Errno::ENAMETOOLONG, |it| one(it, seen(&"n".repeat(300)))),
    ("narrow", Errno::EACCES, |it| {
        become_nobody()?;
        one(it, seen("locked/file"))
    }),
    ("cap_learn", Errno::EPERM, |it| {
        it.call()?;
        it.call()
    }),
];
