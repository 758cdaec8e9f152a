//! Sockets that only messages keep. What shows that they are gone is a pipe whose last writer is among what they carry.

use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};

use libc::{ETOOMANYREFS, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};
use trials::{Holds, Report};

use super::kit::*;
use super::passing::room;

pub(crate) fn run(report: &mut Report) {
    report.check("a socket in its own queue is collected", alone());
    report.check("rings of sockets are collected", rings());
    report.check("a listener that nobody can reach is collected", listeners());
    report.check("what can be received is kept", kept());
    report.check("a long chain goes without recursion", chain());
    report.check("a thousand cycles leave nothing behind", thousand());
    report.check("storms of cycles are survived", storm());
    report.check("users have so many under way", limited());
}

/// Waits until the last writer of the pipe is gone.
fn is_over(mut reader: std::io::PipeReader) -> Outcome {
    ensure(reader.read(&mut [0])? == 0, "the end")
}

fn alone() -> Holds {
    holding(|| {
        for kind in [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET] {
            let (reader, writer) = std::io::pipe()?;
            let (one, other) = pair(kind)?;
            send_slots(&one, b"x", &[other.as_raw_fd(), writer.as_raw_fd()])?;
            drop((other, one, writer));
            is_over(reader)?;
        }
        Ok(())
    })
}

/// A ring of `count` pairs: each carries an end of the next, and nothing else holds them.
fn ring(count: usize, writer: &impl AsRawFd) -> std::io::Result<()> {
    let pairs: Vec<(OwnedFd, OwnedFd)> = (0..count).map(|_| pair(SOCK_STREAM)).collect::<Result<_, _>>()?;
    for (at, (one, _)) in pairs.iter().enumerate() {
        let next = &pairs[(at + 1) % count].1;
        send_slots(one, b"x", &[next.as_raw_fd(), writer.as_raw_fd()])?;
    }
    Ok(())
}

fn rings() -> Holds {
    holding(|| {
        for count in [1, 2, 3, 50] {
            let (reader, writer) = std::io::pipe()?;
            ring(count, &writer)?;
            drop(writer);
            is_over(reader)?;
        }
        Ok(())
    })
}

fn listeners() -> Holds {
    holding(|| {
        let name = format!("\0cycles-{}", std::process::id()).into_bytes();
        let (reader, writer) = std::io::pipe()?;
        let (server, client) = (socket(SOCK_STREAM)?, socket(SOCK_STREAM)?);
        bind(&server, &name)?;
        listen(&server, 3)?;
        connect(&client, &name)?;
        // In the queue of a connection that nobody will accept, since the listener is there too.
        send_slots(&client, b"x", &[server.as_raw_fd(), client.as_raw_fd(), writer.as_raw_fd()])?;
        drop((server, client, writer));
        is_over(reader)?;
        fails(connect(&socket(SOCK_STREAM)?, &name), libc::ECONNREFUSED, "the name is free")
    })
}

/// Cycles that hang on a socket that is held are no garbage, whatever else is collected meanwhile.
fn kept() -> Holds {
    holding(|| {
        let (reader, writer) = std::io::pipe()?;
        let (outer, inner) = pair(SOCK_STREAM)?;
        let (one, other) = pair(SOCK_STREAM)?;
        // `other` is in its own queue and in that of `inner`.
        send_slots(&one, b"deep", &[other.as_raw_fd(), writer.as_raw_fd()])?;
        send_slots(&outer, b"x", &[other.as_raw_fd()])?;
        drop((one, other, writer));
        for _ in 0..20 {
            let (end, writer) = std::io::pipe()?;
            ring(3, &writer)?;
            drop(writer);
            is_over(end)?;
        }
        let first = receive_message(&inner, 1, room(1), 0)?;
        let second = receive_message(&first.slots[0], 10, room(2), 0)?;
        ensure(second.bytes == b"deep" && second.slots.len() == 2, "what was kept")?;
        drop((first, second));
        is_over(reader)
    })
}

fn chain() -> Holds {
    const DEPTH: usize = 10_000;
    holding(|| {
        let (reader, writer) = std::io::pipe()?;
        let (first, mut last) = pair(SOCK_STREAM)?;
        send_slots(&first, b"x", &[writer.as_raw_fd()])?;
        drop((first, writer));
        for _ in 0..DEPTH {
            let (one, other) = pair(SOCK_STREAM)?;
            send_slots(&one, b"x", &[last.as_raw_fd()])?;
            last = other;
        }
        drop(last);
        is_over(reader)
    })
}

/// How many sockets there are.
fn sockets() -> std::io::Result<usize> {
    Ok(std::fs::read_to_string("/proc/net/unix")?.lines().count() - 1)
}

/// Memory that is free, in KiB.
fn free() -> Result<u64, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find(|line| line.starts_with("MemFree:")).ok_or("MemFree")?;
    Ok(line.split_whitespace().nth(1).ok_or("a number")?.parse()?)
}

fn thousand() -> Holds {
    const BYTES: [u8; 8192] = [1; 8192];
    holding(|| {
        let round = || -> Outcome {
            let (reader, writer) = std::io::pipe()?;
            for _ in 0..1000 {
                let (one, other) = pair(SOCK_STREAM)?;
                send(&one, &BYTES, 0)?;
                send_slots(&one, b"x", &[other.as_raw_fd(), writer.as_raw_fd()])?;
            }
            drop(writer);
            is_over(reader)
        };
        // The first round warms the heap.
        round()?;
        let (before, others) = (free()?, sockets()?);
        round()?;
        round()?;
        let after = free()?;
        // Linux has its own, which come and go; the last of ours may be on their way out.
        ensure(sockets()? < others + 100, "no sockets are left")?;
        // Two rounds sent 16 MiB.
        ensure(after + 2048 > before, &format!("{before} KiB were free, {after} are"))
    })
}

fn storm() -> Holds {
    holding(|| {
        let workers: Vec<_> = (0..4)
            .map(|seed| {
                std::thread::spawn(move || {
                    let mut random = trials::Random::new(seed + 1);
                    tangle(&mut random).map_err(|error| error.to_string())
                })
            })
            .collect();
        for worker in workers {
            worker.join().map_err(|_| "a worker panicked")??;
        }
        Ok(())
    })
}

/// Sends sockets over sockets at random, receives some again, and lets all go.
fn tangle(random: &mut trials::Random) -> Outcome {
    for _ in 0..30 {
        let (reader, writer) = std::io::pipe()?;
        let mut held: Vec<OwnedFd> = Vec::new();
        for _ in 0..60 {
            if held.len() < 4 || random.below(4) == 0 {
                let (one, other) = pair(if random.below(2) == 0 { SOCK_STREAM } else { SOCK_SEQPACKET })?;
                held.extend([one, other]);
            }
            let mut at = || random.below(held.len() as u64) as usize;
            let (over, what, from, gone) = (at(), at(), at(), at());
            // The peer of `over` may be gone, or its queue full: that is no failure.
            let _ = send_message(
                &held[over],
                b"x",
                &Carried { slots: &[held[what].as_raw_fd(), writer.as_raw_fd()], ..Carried::default() },
                libc::MSG_DONTWAIT,
            );
            if random.below(3) == 0
                && let Ok(message) = receive_message(&held[from], 1, room(2), libc::MSG_DONTWAIT)
            {
                held.extend(message.slots.into_iter().next());
            }
            if random.below(2) == 0 {
                held.swap_remove(gone);
            }
        }
        drop((held, writer));
        is_over(reader)?;
    }
    Ok(())
}

fn limited() -> Holds {
    holding(|| {
        let child = trials::child::fork(|| match exceed() {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("{error}");
                1
            }
        })?;
        ensure(trials::child::wait(child, 0)?.1 == 0, "the child")
    })
}

fn exceed() -> Outcome {
    let limits = libc::rlimit { rlim_cur: 50, rlim_max: 50 };
    // SAFETY: the limits are there.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limits) })?;
    // SAFETY: no memory is involved.
    check(unsafe { libc::setuid(101) })?;
    let (one, other) = pair(SOCK_STREAM)?;
    let mut sent = 0;
    let error = loop {
        match send_slots(&one, b"x", &[one.as_raw_fd(); 5]) {
            Ok(_) => sent += 5,
            Err(error) => break error,
        }
    };
    ensure(error.raw_os_error() == Some(ETOOMANYREFS), &format!("{sent} sent, then {error}"))?;
    ensure((50..=60).contains(&sent), "about the limit")?;
    receive_message(&other, 1, room(5), 0)?;
    send_slots(&one, b"x", &[one.as_raw_fd()])?;
    Ok(())
}
