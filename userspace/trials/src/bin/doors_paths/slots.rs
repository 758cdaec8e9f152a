//! Links that stand for slots give no more than the slots.

use super::Case;
use abi::Errno;
use abi::table::number;
use caps::Rights;
use libc::{
    AT_EMPTY_PATH, AT_SYMLINK_FOLLOW, O_APPEND, O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_RDWR, O_TMPFILE, O_TRUNC,
    O_WRONLY,
};
use trials::confined::unveil;
use trials::lend::{derive, revoke, rights, without};
use trials::raw::{AT_FDCWD, call, close, dup, fails, open, open_at, read, text, works, write};
use trials::{Holds, equal};

pub(crate) const CASES: &[Case] = &[
    ("a slot is not reopened for more than it has", more_rights),
    ("what was opened to be read is not reopened to be written", more_access),
    ("a path slot is not reopened for its bytes", path_slots),
    ("a slot that may not move its place is not reopened at the start", places),
    ("a slot that only appends is not reopened to overwrite", appending),
    ("what was reopened is bounded and taken back as the slot", bounds),
    ("beneath a directory's link no more may be done than beneath its slot", beneath),
    ("standard input and output can be opened by name", standard),
    ("attributes and sizes are changed through links only as through slots", attributes),
    ("a name is given only to what could be opened by it", names),
    ("a slot is executed only where it may be", executing),
    ("a working directory has no more than its slot, and goes with it", directories),
];

/// Every link that stands for a slot of one's own.
fn links(slot: usize) -> Vec<String> {
    let pid = std::process::id();
    let places = [
        "/proc/self/fd".to_owned(),
        "/dev/fd".to_owned(),
        "/proc/thread-self/fd".to_owned(),
        format!("/proc/{pid}/fd"),
        format!("/proc/{pid}/task/{pid}/fd"),
    ];
    places.iter().map(|place| format!("{place}/{slot}")).collect()
}

fn file(here: &str, flags: i32) -> Result<usize, String> {
    open(&format!("{here}/file"), flags).map_err(|errno| format!("opening: {errno}"))
}

fn what<T>(name: &str, result: Result<T, Errno>) -> Result<T, String> {
    result.map_err(|errno| format!("{name}: {errno}"))
}

fn more_rights(here: &str) -> Holds {
    let whole = file(here, O_RDWR)?;
    let slot = what("limiting", without(whole, Rights::WRITE))?;
    for link in links(slot) {
        fails(open(&link, O_RDWR), Errno::ENOTCAPABLE)?;
        fails(open(&link, O_WRONLY), Errno::ENOTCAPABLE)?;
        let again = what(&link, open(&link, O_RDONLY))?;
        fails(write(again, b"x"), Errno::EBADF)?;
        equal(what("rights", rights(again))?.contains(Rights::WRITE), false)?;
        works(close(again))?;
    }
    let slot = what("limiting", without(whole, Rights::FTRUNCATE))?;
    fails(open(&links(slot)[0], O_WRONLY | O_TRUNC), Errno::ENOTCAPABLE)?;
    let slot = what("limiting", without(whole, Rights::READ | Rights::FCHMOD))?;
    let again = what("writing", open(&links(slot)[0], O_WRONLY))?;
    fails(call(number::fchmod, &[again, 0o777]), Errno::ENOTCAPABLE)
}

/// Gives up just enough not to have everything: whoever has everything gains nothing by a link, and goes by it as on Linux.
fn confine() -> Holds {
    unveil("/", "rwxcb").map_err(|errno| errno.to_string())
}

fn more_access(here: &str) -> Holds {
    let slot = file(here, O_RDONLY)?;
    works(open(&links(slot)[0], O_RDWR).and_then(close))?;
    confine()?;
    for link in links(slot) {
        fails(open(&link, O_RDWR), Errno::EACCES)?;
        fails(open(&link, O_WRONLY | O_TRUNC), Errno::EACCES)?;
        works(open(&link, O_RDONLY).and_then(close))?;
    }
    Ok(())
}

fn path_slots(here: &str) -> Holds {
    let slot = file(here, O_PATH)?;
    works(open(&links(slot)[0], O_RDONLY).and_then(close))?;
    confine()?;
    for link in links(slot) {
        fails(open(&link, O_RDONLY), Errno::EACCES)?;
        fails(open(&link, O_RDWR), Errno::EACCES)?;
        works(open(&link, O_PATH).and_then(close))?;
    }
    Ok(())
}

fn places(here: &str) -> Holds {
    let whole = file(here, O_RDWR)?;
    works(read(whole, 4))?;
    let slot = what("limiting", without(whole, Rights::SEEK))?;
    let again = what("reopening", open(&links(slot)[0], O_RDONLY))?;
    equal(what("reading", read(again, 2))?, b"45".to_vec())?;
    let again = what("reopening", open(&links(whole)[0], O_RDONLY))?;
    equal(what("reading", read(again, 2))?, b"01".to_vec())
}

fn appending(here: &str) -> Holds {
    let whole = file(here, O_WRONLY | O_APPEND)?;
    let slot = what("limiting", without(whole, Rights::FCNTL))?;
    let again = what("reopening", open(&links(slot)[0], O_WRONLY))?;
    works(write(again, b"end"))?;
    let text = std::fs::read_to_string(format!("{here}/file")).map_err(|error| error.to_string())?;
    equal(text.as_str(), "0123456789end")
}

fn bounds(here: &str) -> Holds {
    let whole = file(here, O_RDONLY)?;
    let lent = what("lending", derive(whole, Rights::READER | Rights::SEEK))?;
    let again = what("reopening", open(&links(lent)[0], O_RDONLY))?;
    works(read(again, 1))?;
    works(revoke(whole))?;
    fails(read(again, 1), Errno::ENOTCAPABLE)?;
    fails(open(&links(lent)[0], O_RDONLY), Errno::ENOTCAPABLE)
}

fn beneath(here: &str) -> Holds {
    let whole = what("opening", open(here, O_RDONLY | O_DIRECTORY))?;
    let slot = what("limiting", without(whole, Rights::WRITE | Rights::CREATE | Rights::UNLINKAT))?;
    let link = &links(slot)[0];
    works(open(&format!("{link}/file"), O_RDONLY))?;
    fails(open(&format!("{link}/file"), O_RDWR), Errno::ENOTCAPABLE)?;
    fails(open(&format!("{link}/new"), O_RDONLY | O_CREAT), Errno::ENOTCAPABLE)?;
    fails(call(number::unlink, &[text(&format!("{link}/file"))]), Errno::ENOTCAPABLE)?;
    let sub = what("a directory", open(&format!("{link}/sub"), O_RDONLY | O_DIRECTORY))?;
    fails(open_at(sub, "deep", O_RDWR), Errno::ENOTCAPABLE)
}

fn standard(here: &str) -> Holds {
    let input = file(here, O_RDONLY)?;
    works(call(number::dup2, &[input, 0]))?;
    let again = what("standard input", open("/dev/stdin", O_RDONLY))?;
    equal(what("reading", read(again, 2))?, b"01".to_vec())?;
    works(open("/dev/stdout", O_WRONLY | O_CREAT | O_TRUNC))?;
    works(open("/dev/stderr", O_WRONLY))
}

fn attributes(here: &str) -> Holds {
    let whole = file(here, O_RDWR)?;
    let slot = what("limiting", without(whole, Rights::FCHMOD | Rights::FTRUNCATE | Rights::FUTIMES | Rights::FCHOWN))?;
    for link in links(slot) {
        let path = text(&link);
        fails(call(number::chmod, &[path, 0o777]), Errno::ENOTCAPABLE)?;
        fails(call(number::truncate, &[path, 0]), Errno::ENOTCAPABLE)?;
        fails(call(number::utime, &[path, 0]), Errno::ENOTCAPABLE)?;
        fails(call(number::chown, &[path, 0, 0]), Errno::ENOTCAPABLE)?;
    }
    works(call(number::chmod, &[text(&links(whole)[0]), 0o600]))?;
    works(call(number::truncate, &[text(&links(whole)[0]), 1]))
}

/// By what a file in a slot is named to be linked.
#[derive(Clone, Copy)]
enum By {
    Slot,
    Link,
}

fn link_to(by: By, slot: usize, here: &str, name: &str) -> Result<usize, Errno> {
    let target = text(&format!("{here}/{name}"));
    match by {
        By::Slot => call(number::linkat, &[slot, text(""), AT_FDCWD, target, AT_EMPTY_PATH as usize]),
        By::Link => {
            let link = text(&links(slot)[0]);
            call(number::linkat, &[AT_FDCWD, link, AT_FDCWD, target, AT_SYMLINK_FOLLOW as usize])
        }
    }
}

fn names(here: &str) -> Holds {
    confine()?;
    let whole = file(here, O_RDWR)?;
    let reader = file(here, O_RDONLY)?;
    let limited = what("limiting", without(whole, Rights::WRITE))?;
    let unlinkable = what("limiting", without(whole, Rights::LINKAT_SOURCE))?;
    for by in [By::Slot, By::Link] {
        fails(link_to(by, reader, here, "a"), Errno::ENOENT)?;
        fails(link_to(by, limited, here, "b"), Errno::ENOTCAPABLE)?;
        fails(link_to(by, unlinkable, here, "c"), Errno::ENOTCAPABLE)?;
    }
    works(link_to(By::Slot, whole, here, "d"))?;
    works(link_to(By::Link, whole, here, "e"))?;
    let unnamed = what("an unnamed file", open(here, O_TMPFILE | O_WRONLY))?;
    works(link_to(By::Link, unnamed, here, "f"))
}

fn executing(_here: &str) -> Holds {
    let whole = what("the program", open("/proc/self/exe", O_RDONLY))?;
    let slot = what("limiting", without(whole, Rights::FEXECVE))?;
    let exec = |slot, path: &str, flags: i32| call(number::execveat, &[slot, text(path), 0, 0, flags as usize]);
    fails(exec(slot, "", AT_EMPTY_PATH), Errno::ENOTCAPABLE)?;
    for link in links(slot) {
        fails(call(number::execve, &[text(&link), 0, 0]), Errno::ENOTCAPABLE)?;
    }
    Ok(())
}

fn directories(here: &str) -> Holds {
    let whole = what("opening", open(here, O_RDONLY | O_DIRECTORY))?;
    let stuck = what("limiting", without(whole, Rights::FCHDIR))?;
    fails(call(number::fchdir, &[stuck]), Errno::ENOTCAPABLE)?;
    fails(call(number::chdir, &[text(&links(stuck)[0])]), Errno::ENOTCAPABLE)?;
    let lent = what("lending", derive(whole, Rights::BROWSER | Rights::SEEK))?;
    for by_link in [false, true] {
        match by_link {
            true => works(call(number::chdir, &[text(&links(lent)[0])]))?,
            false => works(call(number::fchdir, &[lent]))?,
        }
        works(open("file", O_RDONLY))?;
        fails(open("file", O_RDWR), Errno::ENOTCAPABLE)?;
        fails(call(number::mkdir, &[text("new"), 0o700]), Errno::ENOTCAPABLE)?;
        works(call(number::chdir, &[text("sub")]))?;
        fails(open("deep", O_RDWR), Errno::ENOTCAPABLE)?;
    }
    works(dup(lent))?;
    works(revoke(whole))?;
    fails(open("deep", O_RDONLY), Errno::ENOTCAPABLE)?;
    fails(call(number::chdir, &[text(".")]), Errno::ENOTCAPABLE)
}
