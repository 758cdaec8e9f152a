//! Streams: bytes in order, ends, limits, readiness.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use libc::{EAGAIN, EINVAL, EMSGSIZE, ENOTCONN, EOPNOTSUPP, EPIPE, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM};
use libc::{MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_WAITALL, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP};
use trials::{Holds, Report};

use super::kit::*;

pub(crate) fn run(report: &mut Report) {
    report.check("streams carry bytes between threads", bytes());
    report.check("a stream waits for all that is asked", wait_all());
    report.check("a peek takes nothing", peeking());
    report.check("the end comes after the bytes", ends());
    report.check("unread bytes reset the peer", resets());
    report.check("half of a stream can be shut", shutdowns());
    report.check("a full stream is not written to", full());
    report.check("streams without a peer refuse", unconnected());
    report.check("packets keep their borders", packets());
    report.check("timeouts end waits", timeouts());
    report.check("poll tells what can be done", readiness());
}

fn bytes() -> Holds {
    const BYTES: usize = 2_000_000;
    holding(|| {
        let (mut one, mut other) = UnixStream::pair()?;
        let sender = thread::spawn(move || {
            let bytes: Vec<u8> = (0..BYTES).map(|index| (index / 13) as u8).collect();
            let mut rest = &bytes[..];
            for size in [1, 70_000, 4096, 5000, 200_000].iter().cycle() {
                let piece = &rest[..rest.len().min(*size)];
                one.write_all(piece)?;
                rest = &rest[piece.len()..];
                if rest.is_empty() {
                    break;
                }
            }
            Ok::<_, std::io::Error>(())
        });
        let mut bytes = Vec::new();
        other.read_to_end(&mut bytes)?;
        sender.join().map_err(|_| "the sender panicked")??;
        ensure(bytes.len() == BYTES, "all of them")?;
        ensure(bytes.iter().enumerate().all(|(index, byte)| *byte == (index / 13) as u8), "in order")
    })
}

fn wait_all() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        let sender = thread::spawn(move || {
            for piece in [&b"wait "[..], b"for ", b"it"] {
                send(&one, piece, 0)?;
                thread::yield_now();
            }
            Ok::<_, std::io::Error>(one)
        });
        ensure(receive(&other, 11, MSG_WAITALL)? == b"wait for it", "all of it")?;
        drop(sender.join().map_err(|_| "the sender panicked")??);
        ensure(receive(&other, 11, MSG_WAITALL)?.is_empty(), "the end")
    })
}

fn peeking() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        send(&one, b"look ", 0)?;
        send(&one, b"here", 0)?;
        ensure(receive(&other, 100, MSG_PEEK)? == b"look here", "a look over several sends")?;
        ensure(receive(&other, 3, MSG_PEEK)? == b"loo", "a short look")?;
        let mut waiting = 0;
        // SAFETY: the request writes an int.
        check(unsafe { libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&other), libc::FIONREAD, &raw mut waiting) })?;
        ensure(waiting == 9, "what waits")?;
        ensure(receive(&other, 3, 0)? == b"loo", "a part")?;
        ensure(receive(&other, 100, MSG_PEEK)? == b"k here", "the rest, still")?;
        ensure(receive(&other, 100, 0)? == b"k here", "the rest")?;
        fails(receive(&other, 1, MSG_DONTWAIT), EAGAIN, "nothing is left")
    })
}

fn ends() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        send(&one, b"last words", 0)?;
        drop(one);
        ensure(receive(&other, 100, 0)? == b"last words", "the bytes")?;
        ensure(receive(&other, 100, 0)?.is_empty(), "the end")?;
        fails(send(&other, b"x", 0), EPIPE, "nobody listens")
    })
}

fn resets() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        send(&one, b"never read", 0)?;
        drop(other);
        fails(receive(&one, 1, 0), libc::ECONNRESET, "unread")?;
        ensure(receive(&one, 1, 0)?.is_empty(), "the end")?;
        fails(send(&one, b"x", 0), EPIPE, "nobody listens")
    })
}

fn shutdowns() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        fails(shutdown(&one, 3), EINVAL, "no such way")?;
        shutdown(&one, libc::SHUT_WR)?;
        fails(send(&one, b"x", 0), EPIPE, "sending was shut")?;
        ensure(receive(&other, 1, 0)?.is_empty(), "the end")?;
        send(&other, b"still", 0)?;
        ensure(receive(&one, 10, 0)? == b"still", "the other way")?;
        shutdown(&one, libc::SHUT_RD)?;
        fails(send(&other, b"x", 0), EPIPE, "the peer does not receive")?;
        ensure(write_plainly(&other)? == libc::SIGPIPE, "SIGPIPE")
    })
}

/// How a child ends that writes without asking for anything special.
fn write_plainly(socket: &std::os::fd::OwnedFd) -> std::io::Result<i32> {
    // SAFETY: the handler is a default one, and the byte lives over the call.
    let child = trials::child::fork(|| unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        let byte = 0_u8;
        libc::write(std::os::fd::AsRawFd::as_raw_fd(socket), (&raw const byte).cast(), 1);
        0
    })?;
    Ok(trials::child::wait(child, 0)?.1)
}

fn full() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM | SOCK_NONBLOCK)?;
        set_option(&one, libc::SO_SNDBUF, 1)?;
        ensure(option(&one, libc::SO_SNDBUF)? == 4608, "the least limit")?;
        set_option(&one, libc::SO_SNDBUF, 20_000)?;
        ensure(option(&one, libc::SO_SNDBUF)? == 40_000, "twice the limit")?;
        let mut sent = 0;
        while let Ok(count) = send(&one, &[7; 1000], 0) {
            sent += count;
        }
        fails(send(&one, &[7], 0), EAGAIN, "full")?;
        ensure((5_000..45_000).contains(&sent), "about the limit")?;
        ensure(ready(&one)? & POLLOUT == 0, "not writable")?;
        let mut received = 0;
        while received < sent {
            received += receive(&other, 3000, 0)?.len();
        }
        ensure(ready(&one)? & POLLOUT != 0, "writable")?;
        ensure(send(&one, &[7; 10_000], 0)? == 10_000, "room again")
    })
}

fn unconnected() -> Holds {
    holding(|| {
        let one = socket(SOCK_STREAM)?;
        fails(send(&one, b"x", 0), ENOTCONN, "send")?;
        fails(receive(&one, 1, 0), EINVAL, "receive")?;
        fails(accept(&one, 0), EINVAL, "accept")?;
        fails(listen(&one, 1), EINVAL, "listen without a name")?;
        let datagrams = socket(libc::SOCK_DGRAM)?;
        fails(listen(&datagrams, 1), EOPNOTSUPP, "listen for datagrams")?;
        fails(accept(&datagrams, 0), EOPNOTSUPP, "accept datagrams")?;
        let packets = socket(SOCK_SEQPACKET)?;
        fails(receive(&packets, 1, 0), ENOTCONN, "receive packets")?;
        // SAFETY: no memory is involved.
        let made = |domain, kind, protocol| check(unsafe { libc::socket(domain, kind, protocol) });
        fails(made(libc::AF_ECONET, SOCK_STREAM, 0), libc::EAFNOSUPPORT, "another family")?;
        fails(made(libc::AF_UNIX, 9, 0), libc::ESOCKTNOSUPPORT, "an unknown type")?;
        fails(made(libc::AF_UNIX, SOCK_STREAM, 7), libc::EPROTONOSUPPORT, "an unknown protocol")?;
        fails(made(libc::AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL, "an unknown flag")?;
        let file = std::fs::File::open("/proc/self/exe")?.into();
        fails(listen(&file, 1), libc::ENOTSOCK, "a file")?;
        fails(send(&file, b"x", 0), libc::ENOTSOCK, "a file")
    })
}

fn packets() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_SEQPACKET)?;
        for packet in [&b"first"[..], b"", b"third"] {
            send(&one, packet, 0)?;
        }
        let cut = receive_message(&other, 3, 0, 0)?;
        ensure(cut.bytes == b"fir" && cut.flags & MSG_TRUNC != 0, "cut")?;
        ensure(receive(&other, 10, 0)?.is_empty(), "an empty one")?;
        ensure(receive(&other, 0, MSG_PEEK)?.is_empty(), "a look at nothing")?;
        let mut byte = 0_u8;
        let slot = std::os::fd::AsRawFd::as_raw_fd(&other);
        // SAFETY: room for a byte.
        let whole = unsafe { libc::recv(slot, (&raw mut byte).cast(), 1, MSG_TRUNC) };
        ensure(whole == 5 && byte == b't', "the whole size")?;
        set_option(&one, libc::SO_SNDBUF, 5000)?;
        fails(send(&one, &[0; 20_000], 0), EMSGSIZE, "too large")?;
        send(&one, &[9; 9000], 0)?;
        ensure(receive(&other, 10_000, 0)? == [9; 9000], "in pages")?;
        drop(one);
        ensure(receive(&other, 1, 0)?.is_empty(), "the end")?;
        fails(send(&other, b"x", 0), EPIPE, "nobody is there")?;
        ensure(write_plainly(&other)? == 0, "no signal for packets")
    })
}

fn timeouts() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        let stream = UnixStream::from(one);
        let time = std::time::Duration::from_millis(40);
        stream.set_read_timeout(Some(time))?;
        ensure(stream.read_timeout()? == Some(time), "what was set")?;
        let start = std::time::Instant::now();
        fails((&stream).read(&mut [0]), EAGAIN, "nothing came")?;
        ensure(start.elapsed() >= time, "after the time")?;
        stream.set_write_timeout(Some(time))?;
        while (&stream).write(&[0; 30_000]).is_ok() {}
        fails((&stream).write(&[0]), EAGAIN, "nobody read")?;
        drop(other);
        Ok(())
    })
}

fn readiness() -> Holds {
    holding(|| {
        let lone = socket(SOCK_STREAM)?;
        ensure(ready(&lone)? == POLLOUT | POLLHUP, "without a peer")?;
        ensure(ready(&socket(libc::SOCK_DGRAM)?)? == POLLOUT, "datagrams")?;
        let (one, other) = pair(SOCK_STREAM)?;
        ensure(ready(&one)? == POLLOUT, "a pair")?;
        send(&other, b"x", 0)?;
        ensure(ready(&one)? == POLLIN | POLLOUT, "something came")?;
        receive(&one, 1, 0)?;
        shutdown(&other, libc::SHUT_WR)?;
        ensure(ready(&one)? == POLLIN | POLLOUT | POLLRDHUP, "half shut")?;
        ensure(ready(&other)? == POLLOUT, "the other half")?;
        drop(other);
        ensure(ready(&one)? == POLLIN | POLLOUT | POLLRDHUP | POLLHUP, "gone")?;
        let (one, other) = pair(SOCK_STREAM)?;
        send(&one, b"x", 0)?;
        drop(other);
        ensure(ready(&one)? & POLLERR != 0, "reset")?;
        ensure(option(&one, libc::SO_ERROR)? == libc::ECONNRESET, "the error")?;
        ensure(option(&one, libc::SO_ERROR)? == 0, "told once")
    })
}
