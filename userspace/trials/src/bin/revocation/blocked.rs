//! Calls that sleep when what they were made through is taken back.

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::lend::{derive, revoke};
use trials::raw::{call, fails, map, pipe, poll, read, works, write};
use trials::{Holds, equal};

use crate::asleep::{child_interrupted_by, interrupted_by};
use crate::lending::{refused, scratch};

/// A lent copy of everything that a slot has.
fn lend(slot: usize) -> Result<usize> {
    derive(slot, Rights::ALL)
}

pub(crate) fn reads_and_writes() -> Result<Vec<Holds>> {
    let [reader, writer] = pipe()?;
    let lent = lend(reader)?;
    let read_end = refused(interrupted_by(|| read(lent, 1), || revoke(reader)));
    write(writer, b"x")?;
    let still = equal(read(reader, 1), Ok(vec![b'x']));
    let lent = lend(writer)?;
    let filled = vec![0_u8; 1 << 20];
    // What fitted in counts; the rest is refused.
    let short = interrupted_by(|| write(lent, &filled), || revoke(writer));
    let write_end = match short {
        Ok(count) if count > 0 && count < filled.len() => refused(write(lent, b"x")),
        other => Err(format!("a blocked write came to {other:?}")),
    };
    let event = call(number::eventfd2, &[0, 0])?;
    let lent_event = lend(event)?;
    let event_end = refused(interrupted_by(|| read(lent_event, 8), || revoke(event)));
    let timer = call(number::timerfd_create, &[libc::CLOCK_MONOTONIC as usize, 0])?;
    let lent_timer = lend(timer)?;
    let timer_end = refused(interrupted_by(|| read(lent_timer, 8), || revoke(timer)));
    Ok(vec![read_end, still, write_end, event_end, timer_end])
}

pub(crate) fn waits() -> Result<Vec<Holds>> {
    let [reader, writer] = pipe()?;
    let lent = lend(reader)?;
    let over = libc::POLLERR | libc::POLLHUP;
    let polled = equal(interrupted_by(|| poll(lent, libc::POLLIN, -1), || revoke(reader)), Ok(over));
    let afterwards = equal(poll(lent, libc::POLLIN, 0).map(|found| found & libc::POLLIN), Ok(0));
    let lent = lend(reader)?;
    let mut asked = [0_u64; 16];
    asked[lent / 64] = 1 << (lent % 64);
    let set = asked.as_mut_ptr() as usize;
    let selected = interrupted_by(|| call(number::select, &[lent + 1, set, 0, 0, 0]), || revoke(reader));
    // Another thread may poll the same pipe through its own slot; it is not disturbed.
    let lent = lend(reader)?;
    let own = interrupted_by(
        || poll(reader, libc::POLLIN, -1),
        || {
            revoke(reader)?;
            write(writer, b"x")
        },
    );
    Ok(vec![
        polled,
        afterwards,
        equal(selected, Ok(1)),
        refused(call(number::select, &[lent + 1, set, 0, 0, 0])),
        equal(own, Ok(libc::POLLIN)),
    ])
}

pub(crate) fn locks() -> Result<Vec<Holds>> {
    let path = format!("/tmp/locked.{}", std::process::id());
    let open = || trials::raw::open(&path, libc::O_RDWR | libc::O_CREAT);
    let (holder, waiter) = (open()?, open()?);
    let _ = std::fs::remove_file(&path);
    call(number::flock, &[holder, libc::LOCK_EX as usize])?;
    let lent = lend(waiter)?;
    let ended = refused(interrupted_by(|| call(number::flock, &[lent, libc::LOCK_EX as usize]), || revoke(waiter)));
    Ok(vec![ended, works(call(number::flock, &[holder, libc::LOCK_UN as usize]))])
}

pub(crate) fn in_another_process() -> Result<Vec<Holds>> {
    let [reader, writer] = pipe()?;
    let lent = lend(reader)?;
    let reading = child_interrupted_by(|| refused(read(lent, 1)), || revoke(reader));
    let lent = lend(reader)?;
    let over = libc::POLLERR | libc::POLLHUP;
    let polling = child_interrupted_by(|| equal(poll(lent, libc::POLLIN, -1), Ok(over)), || revoke(reader));
    write(writer, b"x")?;
    Ok(vec![reading, polling, equal(read(reader, 1), Ok(vec![b'x']))])
}

pub(crate) fn futexes() -> Result<Vec<Holds>> {
    let memory = scratch()?;
    let shared = libc::PROT_READ | libc::PROT_WRITE;
    let lent = lend(memory)?;
    let word = map(lent, shared, libc::MAP_SHARED)?;
    let expected = u32::from_ne_bytes([b'a'; 4]) as usize;
    let wait =
        |flags: i32| move || call(number::futex, &[word, (libc::FUTEX_WAIT | flags) as usize, expected, 0, 0, 0]);
    let ended = fails(interrupted_by(wait(0), || revoke(memory)), Errno::EFAULT);
    let lent = lend(memory)?;
    let word = map(lent, shared, libc::MAP_SHARED)?;
    let wait =
        move || call(number::futex, &[word, (libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG) as usize, expected, 0, 0, 0]);
    let private = fails(interrupted_by(wait, || revoke(memory)), Errno::EFAULT);
    // Who waits on the same word through a mapping of its own sleeps on.
    let own = map(memory, shared, libc::MAP_SHARED)?;
    let lent = lend(memory)?;
    map(lent, shared, libc::MAP_SHARED)?;
    let undisturbed = interrupted_by(
        move || call(number::futex, &[own, libc::FUTEX_WAIT as usize, expected, 0, 0, 0]),
        || {
            revoke(memory)?;
            crate::asleep::wake_one(own)
        },
    );
    Ok(vec![ended, private, equal(undisturbed, Ok(0))])
}

pub(crate) fn accepts() -> Result<Vec<Holds>> {
    let listener = call(number::socket, &[libc::AF_UNIX as usize, libc::SOCK_STREAM as usize, 0])?;
    // Without a name the kernel gives an abstract one.
    let family = (libc::AF_UNIX as u16).to_ne_bytes();
    call(number::bind, &[listener, family.as_ptr() as usize, family.len()])?;
    call(number::listen, &[listener, 4])?;
    let lent = lend(listener)?;
    let accepting = refused(interrupted_by(|| call(number::accept, &[lent, 0, 0]), || revoke(listener)));
    let lent = lend(listener)?;
    let in_child = child_interrupted_by(|| refused(call(number::accept4, &[lent, 0, 0, 0])), || revoke(listener));
    Ok(vec![accepting, in_child, works(poll(listener, libc::POLLIN, 0))])
}
