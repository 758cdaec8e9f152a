//! Slots, and what moves and locks bytes between them.

use abi::table::number;
use abi::{Errno, Result};
use trials::{Holds, equal};

use crate::kit::*;
use abi::types::Flock;

pub(crate) fn duplicates(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR | O_CLOEXEC)?;
    let copy = call(number::dup, &[file])?;
    write(file, b"abcd")?;
    let fcntl = |slot: usize, command: usize, argument: usize| call(number::fcntl, &[slot, command, argument]);
    let mut holds =
        vec![equal(seek(copy, 0, 1), Ok(4)), equal(fcntl(file, 1, 0), Ok(1)), equal(fcntl(copy, 1, 0), Ok(0))];
    holds.push(equal(fcntl(copy, 2, 1), Ok(0)));
    holds.push(equal(fcntl(copy, 1, 0), Ok(1)));
    holds.push(equal(call(number::dup2, &[file, 77]), Ok(77)));
    holds.push(equal(call(number::dup2, &[file, file]), Ok(file)));
    holds.push(fails(call(number::dup2, &[CLOSED, CLOSED]), Errno::EBADF));
    holds.push(fails(call(number::dup2, &[file, usize::MAX]), Errno::EBADF));
    holds.push(fails(call(number::dup3, &[file, file, 0]), Errno::EINVAL));
    holds.push(fails(call(number::dup3, &[file, 78, 1]), Errno::EINVAL));
    holds.push(equal(call(number::dup3, &[file, 78, O_CLOEXEC as usize]), Ok(78)));
    holds.push(equal(fcntl(78, 1, 0), Ok(1)));
    holds.push(equal(fcntl(file, 0, 80), Ok(80)));
    holds.push(equal(fcntl(file, 1030, 80), Ok(81)));
    holds.push(fails(fcntl(file, 0, 1 << 40), Errno::EINVAL).or(Ok(())));
    holds.push(fails(fcntl(file, 0, usize::MAX), Errno::EINVAL));
    holds.push(fails(fcntl(CLOSED, 1, 0), Errno::EBADF));
    holds.push(fails(fcntl(file, 9999, 0), Errno::EINVAL));
    // Status flags belong to the open file.
    holds.push(equal(fcntl(file, 4, O_NONBLOCK as usize), Ok(0)));
    holds.push(equal(fcntl(copy, 3, 0).map(|flags| flags as i32 & (O_NONBLOCK | 3)), Ok(O_NONBLOCK | O_RDWR)));
    holds.push(equal(close(copy), Ok(0)));
    holds.push(fails(close(copy), Errno::EBADF));
    holds.push(equal(call(number::dup, &[file]), Ok(copy)));
    for slot in [77, 78, 80, 81, copy] {
        close(slot)?;
    }
    Ok(holds)
}

pub(crate) fn ranges(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    for slot in 90..95 {
        call(number::dup2, &[file, slot])?;
    }
    let close_range = |first: usize, last: usize, flags: usize| call(number::close_range, &[first, last, flags]);
    let flags_of = |slot: usize| call(number::fcntl, &[slot, 1, 0]);
    Ok(vec![
        equal(close_range(93, 94, 4), Ok(0)),
        equal(flags_of(93), Ok(1)),
        equal(flags_of(92), Ok(0)),
        equal(close_range(91, u32::MAX as usize, 0), Ok(0)),
        equal(flags_of(90), Ok(0)),
        fails(flags_of(91), Errno::EBADF),
        fails(flags_of(94), Errno::EBADF),
        fails(close_range(5, 4, 0), Errno::EINVAL),
        fails(close_range(95, 96, 64), Errno::EINVAL),
        equal(close(90), Ok(0)),
    ])
}

pub(crate) fn pipes(_: &Place) -> Result<Vec<Holds>> {
    let mut ends = [0i32; 2];
    let address = ends.as_mut_ptr() as usize;
    call(number::pipe2, &[address, (O_NONBLOCK | O_CLOEXEC) as usize])?;
    let [reader, writer] = ends.map(|end| end as usize);
    let mut holds = vec![
        fails(read(reader, 1), Errno::EAGAIN),
        equal(write(writer, b"abc"), Ok(3)),
        fails(read(writer, 1), Errno::EBADF),
        fails(write(reader, b"x"), Errno::EBADF),
        fails(seek(reader, 0, 0), Errno::ESPIPE),
        fails(call(number::pread64, &[reader, address, 1, 0]), Errno::ESPIPE),
        fails(call(number::fadvise64, &[reader, 0, 0, 0]), Errno::ESPIPE),
        fails(call(number::ftruncate, &[writer, 0]), Errno::EINVAL),
        fails(call(number::fsync, &[reader]), Errno::EINVAL),
        equal(call(number::fcntl, &[reader, 1, 0]), Ok(1)),
        equal(read(reader, 2), Ok(b"ab".to_vec())),
        fails(call(number::pipe2, &[address, 1]), Errno::EINVAL),
        fails(call(number::pipe2, &[8, 0]), Errno::EFAULT),
    ];
    close(writer)?;
    holds.push(equal(read(reader, 5), Ok(b"c".to_vec())));
    holds.push(equal(read(reader, 5), Ok(vec![])));
    close(reader)?;
    call(number::pipe, &[address])?;
    let [reader, writer] = ends.map(|end| end as usize);
    close(reader)?;
    // SIGPIPE is ignored in Rust programs, so the error is seen.
    holds.push(fails(write(writer, b"x"), Errno::EPIPE));
    close(writer)?;
    Ok(holds)
}

pub(crate) fn copies(_: &Place) -> Result<Vec<Holds>> {
    let from = open("from", O_CREAT | O_RDWR)?;
    let to = open("to", O_CREAT | O_RDWR)?;
    let body: Vec<u8> = (0..200_000u32).map(|at| at as u8).collect();
    write(from, &body)?;
    let mut offset = 10i64;
    let address = &raw mut offset as usize;
    let mut holds = vec![equal(call(number::sendfile, &[to, from, address, 1000]), Ok(1000)), equal(offset, 1010)];
    holds.push(equal(seek(from, 0, 1), Ok(200_000)));
    holds.push(equal(call(number::sendfile, &[to, from, 0, 1000]), Ok(0)));
    seek(from, 0, 0)?;
    holds.push(equal(call(number::copy_file_range, &[from, 0, to, 0, 150_000, 0]), Ok(150_000)));
    holds.push(equal(stat("to")?.size, 151_000));
    seek(to, 0, 0)?;
    let copied =
        std::iter::from_fn(|| read(to, 65536).ok().filter(|piece| !piece.is_empty())).flatten().collect::<Vec<u8>>();
    holds.push(equal(copied[..1000] == body[10..1010] && copied[1000..] == body[..150_000], true));
    holds.push(fails(call(number::copy_file_range, &[from, 0, to, 0, 1, 1]), Errno::EINVAL));
    let directory = open(".", O_DIRECTORY)?;
    holds.push(fails(call(number::sendfile, &[to, directory, 0, 1]), Errno::EINVAL));
    holds.push(fails(call(number::sendfile, &[CLOSED, from, 0, 1]), Errno::EBADF));
    Ok(holds)
}

fn record(kind: i16, start: i64, length: i64) -> Flock {
    Flock { kind, start, length, ..Flock::default() }
}

pub(crate) fn record_locks(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    let set = |slot: usize, command: usize, mut lock: Flock| {
        call(number::fcntl, &[slot, command, &raw mut lock as usize]).map(|_| lock)
    };
    set(file, 6, record(1, 10, 10))?;
    let parent = std::process::id() as i32;
    let mut holds = vec![in_child(|| {
        let conflict = set(file, 5, record(0, 0, 0)).map(|lock| (lock.kind, lock.start, lock.length, lock.pid));
        trials::all([
            equal(conflict, Ok((1, 10, 10, parent))),
            fails(set(file, 6, record(0, 15, 1)).map(drop), Errno::EAGAIN),
            equal(set(file, 6, record(1, 20, 5)).map(drop), Ok(())),
            equal(set(file, 5, record(1, 0, 10)).map(|lock| lock.kind), Ok(2)),
        ])
    })];
    // Closing any slot with the file gives the locks up.
    close(call(number::dup, &[file])?)?;
    holds.push(in_child(|| equal(set(file, 6, record(1, 0, 0)).map(drop), Ok(()))));
    let reader = open("file", 0)?;
    holds.push(fails(set(reader, 6, record(1, 0, 0)).map(drop), Errno::EBADF));
    holds.push(fails(set(file, 6, record(9, 0, 0)).map(drop), Errno::EINVAL));
    holds.push(fails(set(file, 6, record(0, -5, 1)).map(drop), Errno::EINVAL));
    holds.push(fails(set(CLOSED, 6, record(0, 0, 1)).map(drop), Errno::EBADF));
    Ok(holds)
}

pub(crate) fn whole_locks(_: &Place) -> Result<Vec<Holds>> {
    let first = open("file", O_CREAT | O_RDWR)?;
    let second = open("file", O_RDWR)?;
    let flock = |slot: usize, operation: usize| call(number::flock, &[slot, operation]);
    let holds = vec![
        equal(flock(first, 1), Ok(0)),
        equal(flock(second, 1 | 4), Ok(0)),
        fails(flock(second, 2 | 4), Errno::EAGAIN),
        equal(flock(first, 8), Ok(0)),
        equal(flock(second, 2 | 4), Ok(0)),
        fails(flock(first, 1 | 4), Errno::EAGAIN),
        equal(close(second), Ok(0)),
        equal(flock(first, 2 | 4), Ok(0)),
        fails(flock(first, 77), Errno::EINVAL),
        fails(flock(CLOSED, 1), Errno::EBADF),
    ];
    Ok(holds)
}
