//! Names, connections, and datagrams to whom one likes.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::thread;

use libc::{EACCES, EADDRINUSE, EAGAIN, ECONNREFUSED, ECONNRESET, EINVAL, EISCONN, EMSGSIZE, ENOENT, ENOTCONN, ENXIO};
use libc::{EPERM, EPROTOTYPE, MSG_DONTWAIT, POLLHUP, POLLIN, POLLOUT};
use libc::{SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM};
use trials::{Holds, Report};

use super::kit::*;

pub(crate) fn run(report: &mut Report) {
    report.check("a path names a socket", paths());
    report.check("the permissions of a path are heeded", permissions());
    report.check("names outside the file tree", abstract_names());
    report.check("a server speaks to many", serving());
    report.check("so many may wait to be accepted", backlog());
    report.check("a connection waits for room", waiting_for_room());
    report.check("a listener that goes refuses those who wait", forsaken());
    report.check("only the like connect", unlike());
    report.check("datagrams go to whom they are for", datagrams());
    report.check("datagrams wait when there are many", many_datagrams());
    report.check("several messages in a call", several());
    report.check("a socket looks like one", appearance());
}

fn place(name: &str) -> String {
    format!("/tmp/socket-{name}-{}", std::process::id())
}

fn hidden(name: &str) -> Vec<u8> {
    format!("\0trial-{name}-{}", std::process::id()).into_bytes()
}

fn paths() -> Holds {
    holding(|| {
        let path = place("path");
        let listener = UnixListener::bind(&path)?;
        let list = fs::read_to_string("/proc/net/unix")?;
        let line = list.lines().find(|line| line.ends_with(&path)).ok_or("a line in the list")?;
        ensure(line.split_whitespace().collect::<Vec<_>>()[3..6] == ["00010000", "0001", "01"], line)?;
        ensure(fs::metadata(&path)?.file_type().is_socket(), "a node")?;
        fails(fs::File::open(&path), ENXIO, "it cannot be opened")?;
        ensure(listener.local_addr()?.as_pathname() == Some(path.as_ref()), "its own name")?;
        fails(bind(&socket(SOCK_STREAM)?, path.as_bytes()), EADDRINUSE, "taken")?;
        let client = UnixStream::connect(&path)?;
        let (server, from) = listener.accept()?;
        ensure(from.is_unnamed(), "the client has no name")?;
        ensure(client.peer_addr()?.as_pathname() == Some(path.as_ref()), "the peer's name")?;
        ensure(server.local_addr()?.as_pathname() == Some(path.as_ref()), "the connection's name")?;
        (&client).write_all(b"hello")?;
        let mut text = [0; 5];
        (&server).read_exact(&mut text)?;
        ensure(&text == b"hello", "the text")?;
        // The name goes with the node, not with the path.
        let moved = place("moved");
        fs::rename(&path, &moved)?;
        fails(UnixStream::connect(&path), ENOENT, "the old path")?;
        drop(UnixStream::connect(&moved)?);
        drop(listener);
        fails(UnixStream::connect(&moved), ECONNREFUSED, "a dead one")?;
        fails(UnixListener::bind(&moved), EADDRINUSE, "the node of a dead one")?;
        fs::remove_file(&moved)?;
        drop(UnixListener::bind(&moved)?);
        fs::remove_file(&moved)?;
        fails(UnixStream::connect("/proc/self/exe"), ECONNREFUSED, "a file")?;
        let bound: OwnedFd = UnixDatagram::bind(&path)?.into();
        fails(bind(&bound, b"/tmp/another"), EINVAL, "a second name")?;
        ensure(fs::metadata("/tmp/another").is_err(), "nothing was made")?;
        Ok(fs::remove_file(&path)?)
    })
}

fn permissions() -> Holds {
    holding(|| {
        let path = place("permissions");
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        let as_other = |expected: i32| {
            // SAFETY: no memory is involved.
            let child = trials::child::fork(|| match unsafe { libc::setuid(100) } {
                0 => {
                    let error = UnixStream::connect(&path).err();
                    i32::from(error.and_then(|error| error.raw_os_error()).unwrap_or(0) != expected)
                }
                _ => 2,
            })?;
            ensure(trials::child::wait(child, 0)?.1 == 0, &format!("expected {expected}"))
        };
        as_other(EACCES)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o722))?;
        as_other(0)?;
        drop(listener);
        as_other(ECONNREFUSED)?;
        Ok(fs::remove_file(&path)?)
    })
}

fn abstract_names() -> Holds {
    holding(|| {
        let name = hidden("abstract");
        let server = socket(SOCK_STREAM)?;
        bind(&server, &name)?;
        fails(bind(&socket(SOCK_STREAM)?, &name), EADDRINUSE, "taken")?;
        fails(connect(&socket(SOCK_STREAM)?, &name), ECONNREFUSED, "it does not listen")?;
        listen(&server, 5)?;
        let client = socket(SOCK_STREAM)?;
        connect(&client, &name)?;
        fails(connect(&client, &name), EISCONN, "again")?;
        // A longer name is another.
        let longer = [&name[..], b"\0"].concat();
        fails(connect(&socket(SOCK_STREAM)?, &longer), ECONNREFUSED, "another name")?;
        drop(server);
        fails(connect(&socket(SOCK_STREAM)?, &name), ECONNREFUSED, "gone")?;
        let again = socket(SOCK_STREAM)?;
        bind(&again, &name)?;
        // Without a name the kernel finds one.
        let (one, other) = (socket(SOCK_DGRAM)?, socket(SOCK_DGRAM)?);
        bind(&one, b"")?;
        bind(&other, b"")?;
        let names = [UnixDatagram::from(one), UnixDatagram::from(other)].map(|socket| socket.local_addr());
        let [one, other] = names;
        ensure(format!("{:?}", one?) != format!("{:?}", other?), "two names")?;
        fails(bind(&socket(SOCK_STREAM)?, &[b'x'; 109]), EINVAL, "too long")
    })
}

fn serving() -> Holds {
    const CLIENTS: u32 = 40;
    holding(|| {
        let path = place("serving");
        let listener = UnixListener::bind(&path)?;
        let servers: Vec<_> = (0..4)
            .map(|_| {
                let listener = listener.try_clone()?;
                Ok::<_, std::io::Error>(thread::spawn(move || -> std::io::Result<()> {
                    for _ in 0..CLIENTS / 4 {
                        let (mut connection, _) = listener.accept()?;
                        let mut number = [0; 4];
                        connection.read_exact(&mut number)?;
                        connection.write_all(&(u32::from_ne_bytes(number) * 2).to_ne_bytes())?;
                    }
                    Ok(())
                }))
            })
            .collect::<Result<_, _>>()?;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let path = path.clone();
                thread::spawn(move || -> std::io::Result<bool> {
                    let mut stream = UnixStream::connect(path)?;
                    stream.write_all(&number.to_ne_bytes())?;
                    let mut answer = [0; 4];
                    stream.read_exact(&mut answer)?;
                    Ok(u32::from_ne_bytes(answer) == number * 2)
                })
            })
            .collect();
        for client in clients {
            ensure(client.join().map_err(|_| "a client panicked")??, "the answer")?;
        }
        for server in servers {
            server.join().map_err(|_| "a server panicked")??;
        }
        Ok(fs::remove_file(&path)?)
    })
}

fn backlog() -> Holds {
    holding(|| {
        let name = hidden("backlog");
        let server = socket(SOCK_SEQPACKET | SOCK_NONBLOCK)?;
        bind(&server, &name)?;
        listen(&server, 1)?;
        ensure(option(&server, libc::SO_ACCEPTCONN)? == 1, "it listens")?;
        fails(accept(&server, 0), EAGAIN, "nobody waits")?;
        ensure(ready(&server)? == 0, "nothing to accept")?;
        let client = || socket(SOCK_SEQPACKET | SOCK_NONBLOCK);
        let clients = [client()?, client()?, client()?];
        connect(&clients[0], &name)?;
        connect(&clients[1], &name)?;
        fails(connect(&clients[2], &name), EAGAIN, "two wait")?;
        ensure(ready(&server)? == POLLIN, "some to accept")?;
        send(&clients[0], b"early", 0)?;
        let accepted = accept(&server, SOCK_NONBLOCK | SOCK_CLOEXEC)?;
        ensure(receive(&accepted, 10, 0)? == b"early", "sent before it was accepted")?;
        fails(receive(&accepted, 10, 0), EAGAIN, "as asked")?;
        connect(&clients[2], &name)?;
        fails(accept(&server, 1), EINVAL, "an unknown flag")
    })
}

fn waiting_for_room() -> Holds {
    holding(|| {
        let name = hidden("room");
        let server = socket(SOCK_STREAM)?;
        bind(&server, &name)?;
        listen(&server, 0)?;
        let first = socket(SOCK_STREAM)?;
        connect(&first, &name)?;
        let second = thread::spawn(move || {
            let client = socket(SOCK_STREAM)?;
            connect(&client, &name)?;
            send(&client, b"second", 0)?;
            Ok::<_, std::io::Error>(client)
        });
        drop(accept(&server, 0)?);
        let connection = accept(&server, 0)?;
        ensure(receive(&connection, 10, 0)? == b"second", "it came through")?;
        drop(second.join().map_err(|_| "the client panicked")??);
        Ok(())
    })
}

fn forsaken() -> Holds {
    holding(|| {
        let name = hidden("forsaken");
        let server = socket(SOCK_STREAM)?;
        bind(&server, &name)?;
        listen(&server, 0)?;
        let client = socket(SOCK_STREAM)?;
        connect(&client, &name)?;
        let late = thread::spawn(move || connect(&socket(SOCK_STREAM)?, &name));
        ensure(ready(&client)? == POLLOUT, "connected")?;
        drop(server);
        fails(receive(&client, 1, 0), ECONNRESET, "not accepted")?;
        ensure(ready(&client)? & POLLHUP != 0, "gone")?;
        // It found either no listener, or one that went while it waited for room, or room.
        if let Err(error) = late.join().map_err(|_| "the client panicked")? {
            ensure(error.raw_os_error() == Some(ECONNREFUSED), "refused")?;
        }
        Ok(())
    })
}

fn unlike() -> Holds {
    holding(|| {
        let path = place("unlike").into_bytes();
        let server = socket(SOCK_STREAM)?;
        bind(&server, &path)?;
        listen(&server, 1)?;
        fails(connect(&socket(SOCK_DGRAM)?, &path), EPROTOTYPE, "datagrams")?;
        fails(connect(&socket(SOCK_SEQPACKET)?, &path), EPROTOTYPE, "packets")?;
        fails(send_to(&socket(SOCK_DGRAM)?, b"x", &path), EPROTOTYPE, "a datagram")?;
        fails(connect(&server, &path), EINVAL, "a listener")?;
        fails(connect(&socket(SOCK_STREAM)?, b"/no/such/place"), ENOENT, "no such path")?;
        fs::remove_file(String::from_utf8(path)?)?;
        // Names outside the file tree are each kind's own.
        let name = hidden("unlike");
        for kind in [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET] {
            let one = socket(kind)?;
            bind(&one, &name)?;
            fails(connect(&socket(SOCK_STREAM)?, &name), ECONNREFUSED, "nobody listens")?;
        }
        Ok(())
    })
}

fn datagrams() -> Holds {
    holding(|| {
        let [one, other, third] = [hidden("one"), hidden("other"), hidden("third")];
        let sockets = [socket(SOCK_DGRAM)?, socket(SOCK_DGRAM)?, socket(SOCK_DGRAM)?];
        for (socket, name) in sockets.iter().zip([&one, &other, &third]) {
            bind(socket, name)?;
        }
        let [a, b, c] = sockets;
        fails(send(&a, b"x", 0), ENOTCONN, "to nobody")?;
        send_to(&a, b"first", &other)?;
        send_to(&c, b"second", &other)?;
        let b = UnixDatagram::from(b);
        let mut room = [0; 20];
        let (count, from) = b.recv_from(&mut room)?;
        ensure(&room[..count] == b"first", "in order")?;
        ensure(format!("{from:?}").contains("-one-"), &format!("who sent it: {from:?}"))?;
        let b = OwnedFd::from(b);
        // From now on it takes from one only.
        connect(&b, &one)?;
        ensure(receive(&b, 10, 0)? == b"second", "what came before")?;
        fails(send_to(&c, b"x", &other), EPERM, "it has a peer")?;
        fails(connect(&c, &other), EPERM, "it has a peer")?;
        send_to(&a, b"still", &other)?;
        ensure(receive(&b, 10, 0)? == b"still", "from its peer")?;
        drop(a);
        fails(send(&b, b"x", 0), ECONNREFUSED, "the peer is gone")?;
        fails(send(&b, b"x", 0), ENOTCONN, "for good")?;
        send_to(&c, b"now", &other)?;
        ensure(receive(&b, 10, 0)? == b"now", "from anybody again")?;
        fails(send_to(&c, b"x", &one), ECONNREFUSED, "nobody")?;
        fails(send_to(&c, &vec![0; 300_000], &other), EMSGSIZE, "too large")
    })
}

fn many_datagrams() -> Holds {
    holding(|| {
        let name = hidden("many");
        let (server, client) = (socket(SOCK_DGRAM)?, socket(SOCK_DGRAM)?);
        bind(&server, &name)?;
        connect(&client, &name)?;
        let mut sent = 0;
        while send(&client, b"x", MSG_DONTWAIT).is_ok() {
            sent += 1;
        }
        fails(send(&client, b"x", MSG_DONTWAIT), EAGAIN, "full")?;
        ensure((1..2000).contains(&sent), "bounded")?;
        ensure(ready(&client)? & POLLOUT == 0, "not writable")?;
        let waiter = thread::spawn(move || {
            // One who polls learns of room at the other end, and one who waits does.
            let mut entry = libc::pollfd { fd: std::os::fd::AsRawFd::as_raw_fd(&client), events: POLLOUT, revents: 0 };
            // SAFETY: one entry.
            check(unsafe { libc::poll(&raw mut entry, 1, -1) })?;
            send(&client, b"last", 0)
        });
        while receive(&server, 10, 0)? != b"last" {}
        ensure(waiter.join().map_err(|_| "the sender panicked")?? == 4, "sent")
    })
}

fn several() -> Holds {
    const WAIT_FOR_ONE: u32 = libc::MSG_WAITFORONE as u32;
    use std::os::fd::AsRawFd;
    holding(|| {
        let (one, other) = pair(SOCK_DGRAM)?;
        let mut bytes = [*b"aa", *b"bb", *b"cc"];
        let mut pieces = bytes.each_mut().map(|bytes| libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: 2 });
        // SAFETY: all zeros is a valid value.
        let mut headers: [libc::mmsghdr; 3] = unsafe { std::mem::zeroed() };
        for (header, piece) in headers.iter_mut().zip(&mut pieces) {
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
        }
        let first = headers.as_mut_ptr();
        // SAFETY: three headers whose pieces live over the call.
        let sent = check(unsafe { libc::sendmmsg(one.as_raw_fd(), first, 3, 0) })?;
        ensure(sent == 3 && headers.iter().all(|header| header.msg_len == 2), "sent")?;
        let first = headers.as_mut_ptr();
        let never = std::ptr::null_mut();
        // SAFETY: as above.
        let got = check(unsafe { libc::recvmmsg(other.as_raw_fd(), first, 3, WAIT_FOR_ONE as _, never) })?;
        ensure(got == 3 && bytes.concat() == b"aabbcc", "received")?;
        send(&one, b"dd", 0)?;
        let first = headers.as_mut_ptr();
        // SAFETY: as above.
        let got = check(unsafe { libc::recvmmsg(other.as_raw_fd(), first, 3, WAIT_FOR_ONE as _, never) })?;
        ensure(got == 1 && bytes.concat() == b"ddbbcc", "what there was")
    })
}

fn appearance() -> Holds {
    use std::os::fd::AsRawFd;
    holding(|| {
        let one = socket(SOCK_SEQPACKET)?;
        let shown = fs::read_link(format!("/proc/self/fd/{}", one.as_raw_fd()))?;
        let file = fs::File::from(one.try_clone()?);
        let status = file.metadata()?;
        ensure(status.file_type().is_socket() && status.nlink() == 1, "its type")?;
        ensure(shown.to_string_lossy() == format!("socket:[{}]", status.ino()), "its link")?;
        ensure(option(&one, libc::SO_TYPE)? == SOCK_SEQPACKET, "the type")?;
        ensure(option(&one, libc::SO_DOMAIN)? == libc::AF_UNIX, "the domain")?;
        ensure(option(&one, libc::SO_PROTOCOL)? == 0, "the protocol")?;
        fails(option(&one, 999), libc::ENOPROTOOPT, "no such option")?;
        fails(std::io::Seek::stream_position(&mut &file), libc::ESPIPE, "it has no places")
    })
}
