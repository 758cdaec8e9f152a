//! Groups of senders and receivers, as `hackbench` has them: every sender of a group sends to every receiver of it.

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Instant;

use abi::table::number;

use crate::bare::call3;

const GROUPS: usize = 2;
const MEMBERS: usize = 10;
const LOOPS: usize = 50;
const SIZE: usize = 100;
const MESSAGES: u64 = (GROUPS * MEMBERS * MEMBERS * LOOPS) as u64;

/// What a member of a group does.
enum Part {
    Send(Vec<UnixStream>),
    Receive(UnixStream),
}

/// Writes or reads a message as a whole, as there: by the plain calls.
fn carry(number: u64, stream: &UnixStream, message: &mut [u8; SIZE]) {
    let (slot, message, mut done) = (stream.as_raw_fd() as usize, message.as_mut_ptr() as usize, 0);
    while done < SIZE {
        let count = call3(number, slot, message + done, SIZE - done);
        assert!(count > 0, "a message broke off: {count}");
        done += count as usize;
    }
}

/// Waits for the start, and does its part. A barrier of two pipes, as there: ready is told on one, the start on the other.
fn act(part: Part, ready: &mut UnixStream, start: &mut UnixStream) {
    let mut message = [0; SIZE];
    let _ = ready.write_all(b"r");
    let _ = start.read_exact(&mut [0]);
    match &part {
        Part::Send(streams) => {
            for _ in 0..LOOPS {
                streams.iter().for_each(|stream| carry(number::write, stream, &mut message));
            }
        }
        Part::Receive(stream) => {
            (0..MEMBERS * LOOPS).for_each(|_| carry(number::read, stream, &mut message));
        }
    }
}

fn parts() -> std::io::Result<Vec<Part>> {
    let mut all = Vec::new();
    for _ in 0..GROUPS {
        let pairs: Vec<_> = (0..MEMBERS).map(|_| UnixStream::pair()).collect::<std::io::Result<_>>()?;
        for _ in 0..MEMBERS {
            all.push(Part::Send(pairs.iter().map(|(sender, _)| sender.try_clone()).collect::<std::io::Result<_>>()?));
        }
        all.extend(pairs.into_iter().map(|(_, receiver)| Part::Receive(receiver)));
    }
    Ok(all)
}

/// Nanoseconds a message, from the start until all are done. `launch` gives what waits for a member's end.
fn measure<W>(launch: impl Fn(Part, UnixStream, UnixStream) -> W, wait: impl Fn(W)) -> std::io::Result<u64> {
    let (mut all_ready, ready) = UnixStream::pair()?;
    let (mut go, start) = UnixStream::pair()?;
    let mut members = Vec::new();
    for part in parts()? {
        members.push(launch(part, ready.try_clone()?, start.try_clone()?));
    }
    let everybody = vec![0; members.len()];
    all_ready.read_exact(&mut everybody.clone())?;
    let begun = Instant::now();
    go.write_all(&everybody)?;
    members.into_iter().for_each(wait);
    Ok(begun.elapsed().as_nanos() as u64 / MESSAGES)
}

pub(crate) fn processes() -> u64 {
    let launch = |part, mut ready, mut start| {
        trials::child::fork(move || {
            act(part, &mut ready, &mut start);
            0
        })
    };
    let wait = |child: std::io::Result<_>| _ = child.map(|child| trials::child::wait(child, 0));
    measure(launch, wait).unwrap_or(0)
}

pub(crate) fn threads() -> u64 {
    let launch = |part, mut ready, mut start| thread::spawn(move || act(part, &mut ready, &mut start));
    measure(launch, |member| _ = member.join()).unwrap_or(0)
}
