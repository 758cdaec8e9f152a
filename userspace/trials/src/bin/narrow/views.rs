//! Lists with paths in them that cannot be: nothing of the rest is applied either.

use crate::{Outcome, all, scratch, unwritable};
use abi::Errno;
use abi::types::NarrowItem;
use caps::{Rights, Root};
use std::fs::File;
use trials::equal;
use trials::narrowing::{narrow, root, slot, table};

/// A path that is to stay visible.
fn view(path: &str, permissions: u64) -> NarrowItem {
    let values = [permissions, 0];
    NarrowItem { values, address: path.as_ptr() as u64, length: path.len() as u64, ..NarrowItem::new(NarrowItem::VIEW) }
}

pub(crate) fn all_or_none() -> Outcome {
    let file = scratch("views")?;
    let shown = view("/tmp", NarrowItem::READ | NarrowItem::WRITE);
    let lock = NarrowItem::new(NarrowItem::VIEW_LOCK);
    let clock = root(Root::Clock, Rights::NONE, NarrowItem::NOW);
    let long = "x".repeat(5000);
    let bad = [
        ("a way that is not there", view("/nowhere/at/all", NarrowItem::READ), Errno::ENOENT),
        ("a file on the way", view("/proc/self/stat/x", NarrowItem::READ), Errno::ENOTDIR),
        ("no path", view("", NarrowItem::READ), Errno::ENOENT),
        ("a path that is too long", view(&long, NarrowItem::READ), Errno::ENAMETOOLONG),
        ("a path that is not in memory", NarrowItem { address: 8, length: 4, ..shown }, Errno::EFAULT),
        ("permissions without a letter", view("/tmp", 1 << 20), Errno::EINVAL),
    ];
    let before = table();
    let mut holds = Vec::new();
    for (what, item, errno) in bad {
        for list in [vec![shown, slot(&file, unwritable()), clock, item], vec![item, shown, clock]] {
            holds.push(equal((what, narrow(&list)), (what, Err(errno))));
            holds.push(equal((what, &table()), (what, &before)));
            holds.push(equal((what, File::open("/etc/passwd").is_ok()), (what, true)));
        }
    }
    // What comes after a lock in the same list fails, and takes the lock back with it.
    holds.push(equal(narrow(&[shown, lock, view("/etc", NarrowItem::READ)]), Err(Errno::EPERM)));
    holds.push(equal(table(), before));
    holds.push(equal(narrow(&[shown, clock, lock]), Ok(())));
    holds.push(equal(File::open("/etc/passwd").is_ok(), false));
    Ok(all(holds))
}
