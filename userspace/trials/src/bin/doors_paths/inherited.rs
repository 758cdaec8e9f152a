//! What may be done at most with what is opened beneath a directory.

use super::Case;
use abi::Errno;
use abi::table::number;
use caps::Rights;
use libc::{O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY};
use trials::lend::{limit, rights, words};
use trials::raw::{call, dup, fails, open, open_at, text, works};
use trials::{Holds, equal};

pub(crate) const CASES: &[Case] = &[
    ("children have what their directory passes on, at every depth", depth),
    ("what is passed on only shrinks", shrinking),
    ("what is passed on is asked of directories alone", arguments),
];

fn inherit(slot: usize, rights: Rights) -> abi::Result<usize> {
    call(number::cap_inherited_limit, &[slot, words(rights).as_ptr() as usize])
}

fn inherited(slot: usize) -> abi::Result<Rights> {
    let mut found = [0_u64; 2];
    call(number::cap_inherited_get, &[slot, found.as_mut_ptr() as usize])?;
    Ok(Rights::from_bits_retain(u128::from(found[0]) | u128::from(found[1]) << 64))
}

fn directory(here: &str) -> Result<usize, String> {
    open(here, O_RDONLY | O_DIRECTORY).map_err(|errno| errno.to_string())
}

fn depth(here: &str) -> Holds {
    let slot = directory(here)?;
    let kept = Rights::BROWSER | Rights::SEEK;
    works(inherit(slot, kept))?;
    equal(inherited(slot), Ok(kept))?;
    // The directory itself keeps what it has.
    works(call(number::mkdirat, &[slot, text("made"), 0o700]))?;
    for (at, path) in [(slot, "file"), (slot, "sub/deep")] {
        let child = open_at(at, path, O_RDONLY).map_err(|errno| errno.to_string())?;
        equal(rights(child).map(|found| kept.contains(found)), Ok(true))?;
        fails(open_at(at, path, O_RDWR), Errno::ENOTCAPABLE)?;
        fails(open_at(at, path, O_WRONLY | O_TRUNC), Errno::ENOTCAPABLE)?;
        fails(open_at(at, path, O_RDONLY | O_TRUNC), Errno::ENOTCAPABLE)?;
    }
    let sub = open_at(slot, "sub", O_RDONLY | O_DIRECTORY).map_err(|errno| errno.to_string())?;
    equal(rights(sub), Ok(kept))?;
    equal(inherited(sub), Ok(kept))?;
    fails(open_at(sub, "deep", O_RDWR), Errno::ENOTCAPABLE)?;
    fails(open_at(sub, "new", O_RDONLY | O_CREAT), Errno::ENOTCAPABLE)?;
    fails(call(number::mkdirat, &[sub, text("new"), 0o700]), Errno::ENOTCAPABLE)?;
    works(open_at(sub, "deep", O_RDONLY))?;
    works(open_at(sub, "deep", O_PATH))
}

fn shrinking(here: &str) -> Holds {
    let slot = directory(here)?;
    works(inherit(slot, Rights::EDITOR))?;
    let copy = dup(slot).map_err(|errno| errno.to_string())?;
    works(inherit(slot, Rights::BROWSER))?;
    fails(inherit(slot, Rights::EDITOR), Errno::ENOTCAPABLE)?;
    equal(inherited(slot), Ok(Rights::BROWSER))?;
    equal(inherited(copy), Ok(Rights::EDITOR))?;
    // No more is passed on than is there.
    works(limit(copy, Rights::BASIC | Rights::LOOKUP))?;
    equal(inherited(copy), Ok(Rights::BASIC | Rights::LOOKUP))
}

fn arguments(here: &str) -> Holds {
    let file = open(&format!("{here}/file"), O_RDONLY).map_err(|errno| errno.to_string())?;
    fails(inherit(file, Rights::ALL), Errno::ENOTDIR)?;
    fails(inherited(file), Errno::ENOTDIR)?;
    fails(inherit(trials::raw::CLOSED, Rights::ALL), Errno::EBADF)
}
