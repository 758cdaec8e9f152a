//! Cases of calls of the family `socket`.

use abi::table::number;
use abi::types::Msghdr;
use abi::{Errno, Result};
use trials::pledged;
use trials::raw::{call, close, text};

use crate::Case;
use crate::attempt::{Attempt, become_nobody, holding, memory, must, socket_pair};
use crate::kit::{asleep, ignore, interrupt_soon, limit, never_wait};

const STREAM: usize = libc::SOCK_STREAM as usize;
const DATAGRAM: usize = libc::SOCK_DGRAM as usize;
const UNIX: usize = libc::AF_UNIX as usize;
/// The size of an address.
const SIZE: usize = 110;
/// `AF_INET`: an address of another family.
const OTHER_FAMILY: u16 = 2;
const SECOND_OPTION: usize = 9999;

/// The address of a path.
fn address(path: &str) -> usize {
    let mut bytes = [0_u8; SIZE];
    bytes[..2].copy_from_slice(&(libc::AF_UNIX as u16).to_ne_bytes());
    bytes[2..2 + path.len().min(107)].copy_from_slice(&path.as_bytes()[..path.len().min(107)]);
    holding(bytes)
}

/// An address of another family.
fn foreign() -> usize {
    holding([OTHER_FAMILY; SIZE / 2])
}

fn socket(kind: usize) -> Result<usize> {
    call(number::socket, &[UNIX, kind, 0])
}

/// A socket with this name.
fn bound(kind: usize, path: &str) -> Result<usize> {
    let socket = socket(kind)?;
    // Another case may have left one there.
    let _ = call(number::unlink, &[text(path)]);
    call(number::bind, &[socket, address(path), SIZE])?;
    Ok(socket)
}

/// A socket that listens and has this name.
fn listening(path: &str, backlog: usize) -> Result<usize> {
    let socket = bound(STREAM, path)?;
    call(number::listen, &[socket, backlog])?;
    Ok(socket)
}

/// A socket that listens, and has as many who wait as it takes.
fn busy(path: &str) -> Result<usize> {
    let socket = listening(path, 0)?;
    let another = || never_wait(self::socket(STREAM)?);
    while call(number::connect, &[another()?, address(path), SIZE]).is_ok() {}
    Ok(socket)
}

/// Connects to a path.
fn connecting(attempt: Attempt, kind: usize, path: &str) -> Result<Attempt> {
    Ok(attempt.with("fd", socket(kind)?).with("address", address(path)).with("size", SIZE))
}

/// A message: to whom, how many pieces, what goes with it.
fn message(name: usize, pieces: (usize, u64), control: (usize, u64)) -> usize {
    let header = Msghdr {
        name: name as u64,
        name_length: if name == 0 { 0 } else { SIZE as u32 },
        iovecs: pieces.0 as u64,
        iovec_count: pieces.1,
        control: control.0 as u64,
        control_length: control.1,
        ..Msghdr::default()
    };
    // Room for the count of one of several messages.
    holding((header, 0_u64))
}

/// Sends eight bytes through `slot`, to `name` if it is not 0, whichever of the calls it is.
fn sending(attempt: Attempt, slot: usize, name: usize) -> Attempt {
    let attempt = attempt.with("fd", slot);
    match attempt.row.name {
        "sendto" => attempt.with("address", name).with("size", if name == 0 { 0 } else { SIZE }),
        _ => with_message(attempt, message(name, (piece(8), 1), (0, 0))),
    }
}

fn piece(length: usize) -> usize {
    holding([memory(), length])
}

fn with_message(attempt: Attempt, message: usize) -> Attempt {
    if attempt.has("messages") {
        attempt.with("messages", message).with("count", 1)
    } else {
        attempt.with("message", message)
    }
}

/// Sends control messages.
fn with_control(attempt: Attempt, bytes: &'static [u8]) -> Result<Attempt> {
    let slot = socket_pair(libc::SOCK_STREAM)?[0];
    let control = (bytes.as_ptr() as usize, bytes.len() as u64);
    Ok(with_message(attempt.with("fd", slot), message(0, (piece(8), 1), control)))
}

/// One control message of SOL_SOCKET.
fn control(kind: u32, body: &[u32]) -> &'static [u8] {
    let length = 16 + size_of_val(body);
    let mut words = vec![length as u32, 0, libc::SOL_SOCKET as u32, kind];
    words.extend(body);
    words.into_iter().flat_map(u32::to_ne_bytes).collect::<Vec<_>>().leak()
}

/// One end of a pair whose other end is closed.
fn widow(kind: i32) -> Result<usize> {
    ignore(libc::SIGPIPE)?;
    let [one, other] = socket_pair(kind)?;
    close(other)?;
    Ok(one)
}

/// One end of a pair into which nothing more goes.
fn full(kind: i32) -> Result<[usize; 2]> {
    let [one, other] = socket_pair(kind)?;
    never_wait(one)?;
    while call(number::write, &[one, memory(), 4096]).is_ok() {}
    call(number::fcntl, &[one, libc::F_SETFL as usize, 0])?;
    Ok([one, other])
}

/// One end of a pair whose other end was closed with something unread.
fn reset() -> Result<usize> {
    let [one, other] = socket_pair(libc::SOCK_STREAM)?;
    call(number::write, &[one, memory(), 8])?;
    close(other)?;
    Ok(one)
}

/// Receives with room for a message.
fn receiving(attempt: Attempt, slot: usize) -> Attempt {
    let attempt = attempt.with("fd", slot);
    match attempt.row.name {
        "recvfrom" => attempt.with("address", 0),
        "recvmmsg" => with_message(attempt, message(0, (piece(8), 1), (0, 0))).with("timeout", 0),
        _ => with_message(attempt, message(0, (piece(8), 1), (0, 0))),
    }
}

/// A process that does not take part has connected to somebody else.
fn taken(path: &str) -> Result<usize> {
    let socket = bound(DATAGRAM, path)?;
    bound(DATAGRAM, "friend")?;
    call(number::connect, &[socket, address("friend"), SIZE])?;
    Ok(socket)
}

/// A path with too long a name in it: that of a link, since an address has no room for it.
fn long_path() -> Result<&'static str> {
    let _ = call(number::unlink, &[text("grown")]);
    must(std::os::unix::fs::symlink("n".repeat(300), "grown"))?;
    Ok("grown/name")
}

pub(crate) const CASES: &[Case] = &[
    ("socket socketpair", Errno::EAFNOSUPPORT, |it| it.with("domain", 99).call()),
    ("socket socketpair", Errno::EINVAL, |it| it.with("kind", STREAM | 0x100).call()),
    ("socket socketpair", Errno::EPROTONOSUPPORT, |it| it.with("protocol", 99).call()),
    ("socket socketpair", Errno::ESOCKTNOSUPPORT, |it| it.with("kind", 9).call()),
    ("bind", Errno::EINVAL, |it| it.with("fd", socket(STREAM)?).with("address", foreign()).with("size", SIZE).call()),
    ("bind", Errno::EADDRINUSE, |it| connecting(it, STREAM, "file")?.call()),
    ("bind", Errno::EACCES, |it| {
        let it = connecting(it, STREAM, "locked/name")?;
        become_nobody()?;
        it.call()
    }),
    ("bind connect", Errno::ENOENT, |it| connecting(it, STREAM, "missing/name")?.call()),
    ("bind connect", Errno::ENOTDIR, |it| connecting(it, STREAM, "file/name")?.call()),
    ("bind connect", Errno::ELOOP, |it| connecting(it, STREAM, "loop/name")?.call()),
    ("bind connect", Errno::ENAMETOOLONG, |it| connecting(it, STREAM, long_path()?)?.call()),
    ("bind", Errno::EROFS, |it| connecting(it, STREAM, "sealed/name")?.call()),
    ("bind connect", Errno::ECAPMODE, |it| {
        let it = connecting(it, STREAM, "name")?;
        pledged::enter_capability_mode()?;
        it.call()
    }),
    ("connect", Errno::EACCES, |it| {
        bound(STREAM, "guarded")?;
        call(number::chmod, &[text("guarded"), 0])?;
        let it = connecting(it, STREAM, "guarded")?;
        become_nobody()?;
        it.call()
    }),
    ("connect", Errno::EAGAIN, |it| {
        busy("busy")?;
        let it = connecting(it, STREAM, "busy")?;
        never_wait(it.word("fd"))?;
        it.call()
    }),
    ("connect", Errno::EINTR, |it| {
        busy("busier")?;
        let it = connecting(it, STREAM, "busier")?;
        let timeout = holding([1000_i64, 0]);
        call(number::setsockopt, &[it.word("fd"), libc::SOL_SOCKET as usize, libc::SO_SNDTIMEO as usize, timeout, 16])?;
        interrupt_soon()?;
        it.call()
    }),
    ("connect", Errno::EALREADY, |it| {
        busy("busiest")?;
        let it = connecting(it, STREAM, "busiest")?;
        asleep(|| it.call())?;
        it.call()
    }),
    ("connect", Errno::ECONNREFUSED, |it| {
        bound(STREAM, "deaf")?;
        connecting(it, STREAM, "deaf")?.call()
    }),
    ("connect", Errno::ECONNREFUSED, |it| connecting(it, STREAM, "file")?.call()),
    ("connect", Errno::EINVAL, |it| it.with("address", foreign()).with("size", SIZE).call()),
    ("connect", Errno::EISCONN, |it| {
        listening("listener", 5)?;
        it.with("address", address("listener")).with("size", SIZE).call()
    }),
    ("connect", Errno::EPERM, |it| {
        taken("taken")?;
        connecting(it, DATAGRAM, "taken")?.call()
    }),
    ("connect", Errno::EPROTOTYPE, |it| {
        bound(DATAGRAM, "datagrams")?;
        connecting(it, STREAM, "datagrams")?.call()
    }),
    ("accept accept4", Errno::EAGAIN, |it| it.with("fd", never_wait(listening("idle", 5)?)?).call()),
    ("accept accept4", Errno::EINTR, |it| {
        let it = it.with("fd", listening("idler", 5)?);
        let timeout = holding([1000_i64, 0]);
        call(number::setsockopt, &[it.word("fd"), libc::SOL_SOCKET as usize, libc::SO_RCVTIMEO as usize, timeout, 16])?;
        interrupt_soon()?;
        it.call()
    }),
    ("accept accept4", Errno::EINVAL, |it| it.call()),
    ("accept accept4 listen", Errno::EOPNOTSUPP, |it| it.with("fd", socket(DATAGRAM)?).call()),
    ("listen", Errno::EINVAL, |it| it.with("fd", socket(STREAM)?).call()),
    ("shutdown", Errno::EINVAL, |it| it.with("how", 9).call()),
    ("getsockname getpeername getsockopt", Errno::EINVAL, |it| it.with("size", holding(-1_i32)).call()),
    ("getpeername", Errno::ENOTCONN, |it| it.with("fd", socket(STREAM)?).call()),
    ("setsockopt getsockopt", Errno::ENOPROTOOPT, |it| it.with("option", SECOND_OPTION).call()),
    ("setsockopt getsockopt", Errno::EOPNOTSUPP, |it| it.with("level", 99).call()),
    ("setsockopt", Errno::EINVAL, |it| it.with("size", 1).call()),
    ("setsockopt", Errno::EDOM, |it| {
        let value = holding([0_i64, 2_000_000_000]);
        it.with("option", libc::SO_RCVTIMEO as usize).with("value", value).with("size", 16).call()
    }),
    ("sendto sendmsg sendmmsg", Errno::EACCES, |it| {
        bound(DATAGRAM, "silent")?;
        call(number::chmod, &[text("silent"), 0])?;
        let it = sending(it, socket(DATAGRAM)?, address("silent"));
        become_nobody()?;
        it.call()
    }),
    ("sendto sendmsg sendmmsg", Errno::EAGAIN, |it| {
        let [one, _other] = full(libc::SOCK_STREAM)?;
        sending(it, never_wait(one)?, 0).call()
    }),
    ("sendto sendmsg sendmmsg", Errno::EINTR, |it| {
        let [one, _other] = full(libc::SOCK_STREAM)?;
        let timeout = holding([1000_i64, 0]);
        call(number::setsockopt, &[one, libc::SOL_SOCKET as usize, libc::SO_SNDTIMEO as usize, timeout, 16])?;
        interrupt_soon()?;
        sending(it, one, 0).call()
    }),
    ("sendto sendmsg sendmmsg", Errno::ECONNREFUSED, |it| sending(it, widow(libc::SOCK_DGRAM)?, 0).call()),
    ("sendto sendmsg sendmmsg", Errno::EINVAL, |it| sending(it, socket(DATAGRAM)?, foreign()).call()),
    ("sendto sendmsg sendmmsg", Errno::EISCONN, |it| {
        sending(it, socket_pair(libc::SOCK_STREAM)?[0], address("name")).call()
    }),
    ("sendto sendmsg sendmmsg", Errno::EOPNOTSUPP, |it| sending(it, socket(STREAM)?, address("name")).call()),
    ("sendto sendmsg sendmmsg", Errno::ENOENT, |it| sending(it, socket(DATAGRAM)?, address("missing/name")).call()),
    ("sendto sendmsg sendmmsg", Errno::ENOTCONN, |it| sending(it, socket(STREAM)?, 0).call()),
    ("sendto sendmsg sendmmsg", Errno::EPERM, |it| {
        taken("taken")?;
        sending(it, socket(DATAGRAM)?, address("taken")).call()
    }),
    ("sendto sendmsg sendmmsg", Errno::EPIPE, |it| sending(it, widow(libc::SOCK_STREAM)?, 0).call()),
    ("sendto sendmsg sendmmsg", Errno::EPROTOTYPE, |it| {
        bound(STREAM, "stream")?;
        sending(it, socket(DATAGRAM)?, address("stream")).call()
    }),
    ("sendto sendmsg sendmmsg", Errno::ECAPMODE, |it| {
        bound(DATAGRAM, "receiver")?;
        let it = sending(it, socket(DATAGRAM)?, address("receiver"));
        pledged::enter_capability_mode()?;
        it.call()
    }),
    ("sendto", Errno::EMSGSIZE, |it| {
        it.with("fd", socket_pair(libc::SOCK_DGRAM)?[0])
            .with("address", 0)
            .with("buf", pages()?)
            .with("count", 1 << 20)
            .call()
    }),
    ("sendmsg sendmmsg recvmsg recvmmsg", Errno::EMSGSIZE, |it| {
        let it = if it.has("timeout") { it.with("timeout", 0) } else { it };
        with_message(it, message(0, (piece(8), 5000), (0, 0))).call()
    }),
    ("sendmsg sendmmsg", Errno::ENOBUFS, |it| with_message(it, message(0, (piece(8), 1), (memory(), 1 << 40))).call()),
    ("sendmsg sendmmsg", Errno::EINVAL, |it| with_control(it, control(99, &[]))?.call()),
    ("sendmsg sendmmsg", Errno::EBADF, |it| with_control(it, control(libc::SCM_RIGHTS as u32, &[999]))?.call()),
    ("sendmsg sendmmsg", Errno::EPERM, |it| {
        let it = with_control(it, control(libc::SCM_CREDENTIALS as u32, &[1, 0, 0]))?;
        become_nobody()?;
        it.call()
    }),
    ("sendmsg sendmmsg", Errno::ESRCH, |it| {
        with_control(it, control(libc::SCM_CREDENTIALS as u32, &[4_000_000, 0, 0]))?.call()
    }),
    ("sendmsg sendmmsg", Errno::ETOOMANYREFS, |it| {
        limit(libc::RLIMIT_NOFILE, 10)?;
        let it = with_control(it, control(libc::SCM_RIGHTS as u32, &[0, 0, 0, 0, 0, 0, 0, 0]))?;
        become_nobody()?;
        while it.call()? > 0 {}
        Ok(0)
    }),
    ("recvfrom recvmsg recvmmsg", Errno::EAGAIN, |it| {
        receiving(it, never_wait(socket_pair(libc::SOCK_STREAM)?[0])?).call()
    }),
    ("recvfrom recvmsg recvmmsg", Errno::ECONNRESET, |it| receiving(it, reset()?).call()),
    ("recvfrom recvmsg recvmmsg", Errno::EINTR, |it| {
        let one = socket_pair(libc::SOCK_STREAM)?[0];
        let timeout = holding([1000_i64, 0]);
        call(number::setsockopt, &[one, libc::SOL_SOCKET as usize, libc::SO_RCVTIMEO as usize, timeout, 16])?;
        interrupt_soon()?;
        receiving(it, one).call()
    }),
    ("recvfrom recvmsg recvmmsg", Errno::EINVAL, |it| receiving(it, socket(STREAM)?).call()),
    ("recvfrom recvmsg recvmmsg", Errno::ENOTCONN, |it| receiving(it, socket(libc::SOCK_SEQPACKET as usize)?).call()),
    ("recvfrom recvmsg recvmmsg", Errno::EOPNOTSUPP, |it| {
        receiving(it, socket(DATAGRAM)?).with("flags", libc::MSG_OOB as usize).call()
    }),
];

fn pages() -> Result<usize> {
    crate::attempt::pages(256)
}
