//! Lending, taking back, narrowing, deadlines.

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::child::in_child;
use trials::lend::{READER, derive, derive_until, limit, limit_grant, revoke, rights};
use trials::raw::{CLOSED, call, close, dup, fails, open, open_at, read, text, works, write};
use trials::{Holds, equal};

pub(crate) fn scratch() -> Result<usize> {
    let slot = open("/tmp", libc::O_RDWR | libc::O_TMPFILE)?;
    write(slot, &[b'a'; 8192])?;
    call(number::lseek, &[slot, 0, 0])?;
    Ok(slot)
}

pub(crate) fn refused<T: std::fmt::Debug + PartialEq>(result: Result<T>) -> Holds {
    fails(result, Errno::ENOTCAPABLE)
}

pub(crate) fn lends_less() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let lent = derive(slot, READER)?;
    let narrow = trials::lend::without(slot, Rights::WRITE)?;
    let mute = trials::lend::without(slot, Rights::DERIVE)?;
    let bare = trials::lend::without(slot, Rights::REVOKE)?;
    let unknown = [0, 1_u64 << 63];
    Ok(vec![
        equal(rights(lent), Ok(READER)),
        equal(read(lent, 1), Ok(vec![b'a'])),
        refused(write(lent, b"x")),
        works(write(slot, b"x")),
        refused(derive(lent, READER | Rights::WRITE)),
        refused(derive(narrow, Rights::WRITE)),
        refused(derive(mute, READER)),
        refused(revoke(bare)),
        fails(derive(CLOSED, READER), Errno::EBADF),
        fails(revoke(CLOSED), Errno::EBADF),
        fails(limit_grant(CLOSED, READER), Errno::EBADF),
        fails(call(number::cap_derive, &[slot, unknown.as_ptr() as usize, 0, 0]), Errno::EINVAL),
        fails(call(number::cap_derive, &[slot, 16, 0, 0]), Errno::EFAULT),
        fails(call(number::cap_derive, &[slot, unknown.as_ptr() as usize, 0, 1]), Errno::EINVAL),
        fails(limit(lent, READER | Rights::WRITE), Errno::ENOTCAPABLE),
        equal(revoke(scratch()?), Ok(0)),
    ])
}

pub(crate) fn takes_back() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let (one, two) = (derive(slot, READER)?, derive(slot, READER)?);
    let below = derive(one, READER)?;
    let other = derive(scratch()?, READER)?;
    let branch = equal(revoke(one), Ok(1));
    let branch = branch.and(refused(read(below, 1))).and(works(read(one, 1))).and(works(read(two, 1)));
    let late = derive(one, READER)?;
    let all = equal(revoke(slot), Ok(4));
    let ended: Vec<Holds> = [one, two, below, late].into_iter().map(|slot| refused(read(slot, 1))).collect();
    let again = derive(slot, READER)?;
    Ok([
        vec![branch, all, works(read(slot, 1)), works(read(other, 1)), works(read(again, 1))],
        ended,
        vec![
            refused(derive(one, READER)),
            refused(call(number::fstat, &[one, 16])),
            equal(rights(one), Ok(Rights::NONE)),
            works(close(one)),
            equal(revoke(slot), Ok(4)),
        ],
    ]
    .concat())
}

pub(crate) fn copies_end() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let lent = derive(slot, READER)?;
    let copy = dup(lent)?;
    let placed = call(number::dup2, &[lent, 200])?;
    let own = dup(slot)?;
    let [told, tell] = trials::raw::pipe()?;
    let [ready, say_ready] = trials::raw::pipe()?;
    let child = trials::child::fork(|| {
        let before = works(read(lent, 1));
        let _ = write(say_ready, b"r");
        let _ = read(told, 1);
        let later = dup(lent).map(|late| refused(read(late, 1)));
        let holds = before.and(refused(read(lent, 1))).and(refused(read(copy, 1))).and(works(read(own, 1)));
        i32::from(holds.and(later.unwrap_or(Ok(()))).is_err())
    })
    .map_err(|_| Errno::EIO)?;
    read(ready, 1)?;
    revoke(slot)?;
    write(tell, b"g")?;
    let (_, status) = trials::child::wait(child, 0).map_err(|_| Errno::EIO)?;
    let inherited = dup(lent)?;
    Ok(vec![
        refused(read(copy, 1)),
        refused(read(placed, 1)),
        works(read(own, 1)),
        equal(status, 0),
        refused(read(inherited, 1)),
        in_child(|| refused(read(lent, 1)).and(works(read(slot, 1)))),
    ])
}

pub(crate) fn opened_beneath() -> Result<Vec<Holds>> {
    let path = format!("/tmp/lent.{}", std::process::id());
    std::fs::create_dir_all(format!("{path}/inner")).map_err(|_| Errno::EIO)?;
    std::fs::write(format!("{path}/file"), b"text").map_err(|_| Errno::EIO)?;
    let directory = open(&path, libc::O_RDONLY | libc::O_DIRECTORY)?;
    let lent = derive(directory, Rights::ALL)?;
    let file = open_at(lent, "file", libc::O_RDONLY)?;
    let inner = open_at(lent, "inner", libc::O_RDONLY | libc::O_DIRECTORY)?;
    let below = open_at(inner, "../file", libc::O_RDONLY);
    let own = open_at(directory, "file", libc::O_RDONLY)?;
    let before = works(read(file, 1));
    revoke(directory)?;
    let holds = vec![
        before,
        refused(read(file, 1)),
        below.map_or(Ok(()), |below| refused(read(below, 1))),
        refused(open_at(lent, "file", libc::O_RDONLY)),
        refused(open_at(inner, "x", libc::O_RDWR | libc::O_CREAT)),
        refused(call(number::fchdir, &[lent])),
        refused(call(number::unlinkat, &[lent, text("file"), 0])),
        works(read(own, 1)),
        works(open_at(directory, "file", libc::O_RDONLY)),
    ];
    let _ = std::fs::remove_dir_all(path);
    Ok(holds)
}

pub(crate) fn narrows() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let lent = derive(slot, READER | Rights::WRITE)?;
    let below = derive(lent, READER | Rights::WRITE)?;
    let copy = dup(lent)?;
    let sibling = derive(slot, READER | Rights::WRITE)?;
    let before = works(write(below, b"x"));
    limit_grant(lent, READER)?;
    Ok(vec![
        before,
        refused(write(lent, b"x")),
        refused(write(below, b"x")),
        refused(write(copy, b"x")),
        works(read(below, 1)),
        works(write(slot, b"x")),
        works(write(sibling, b"x")),
        refused(limit_grant(lent, READER | Rights::WRITE)),
        equal(rights(below), Ok(READER)),
    ])
}

pub(crate) fn now_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let _ = call(number::clock_gettime, &[libc::CLOCK_MONOTONIC as usize, &raw mut time as usize]);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

pub(crate) fn deadline() -> Result<Vec<Holds>> {
    let [reader, writer] = trials::raw::pipe()?;
    let far = derive_until(reader, READER, now_ns() + 3_600_000_000_000)?;
    let due = now_ns() + 50_000_000;
    let lent = derive_until(reader, READER, due)?;
    let below = derive(lent, READER)?;
    // Nobody writes, so only the deadline ends this.
    let ended = refused(read(lent, 1));
    let is_late = now_ns() >= due;
    write(writer, b"ab")?;
    Ok(vec![
        ended,
        equal(is_late, true),
        refused(read(below, 1)),
        works(read(reader, 1)),
        works(read(far, 1)),
        equal(revoke(reader), Ok(3)),
        refused(read(
            derive_until(reader, READER, 1).and_then(|over| {
                // Over before it began: it ends as soon as whoever keeps the time has run.
                write(writer, b"c")?;
                while poll_in(over) {
                    std::thread::yield_now();
                }
                Ok(over)
            })?,
            1,
        )),
    ])
}

fn poll_in(slot: usize) -> bool {
    trials::raw::poll(slot, libc::POLLIN, 0).is_ok_and(|found| found & libc::POLLERR == 0)
}

pub(crate) fn chain() -> Result<Vec<Holds>> {
    const LENGTH: usize = 300;
    let slot = scratch()?;
    let mut links = vec![derive(slot, Rights::ALL)?];
    for at in 0..LENGTH - 1 {
        links.push(derive(links[at], Rights::ALL)?);
    }
    let deep = works(call(number::pread64, &[links[LENGTH - 1], [0_u8; 1].as_mut_ptr() as usize, 1, 0]));
    let middle = equal(revoke(links[99]), Ok(LENGTH - 100));
    let kept = works(read(links[99], 1));
    let ended = links[100..].iter().try_for_each(|link| refused(read(*link, 1)));
    // Those in the middle are let go; those beyond stay on the chain.
    for link in &links[100..200] {
        close(*link)?;
    }
    let counted = works(revoke(slot));
    let holds = vec![deep, middle, kept, ended, counted, refused(read(links[0], 1)), refused(read(links[99], 1))];
    for link in links[..100].iter().chain(&links[200..]) {
        close(*link)?;
    }
    Ok(holds)
}
