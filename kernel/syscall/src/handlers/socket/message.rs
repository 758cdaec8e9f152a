//! Sending and receiving.

use super::address::{find, put, read};
use super::control::{self, Room};
use super::socket_of;
use crate::arguments::Iovecs;
use crate::{Context, timeout};
use abi::consts::general::UIO_MAXIOV;
use abi::types::{Mmsghdr, Msghdr, SocketAddress, Timespec};
use abi::{Errno, MessageFlags, Result, Signal};
use alloc::sync::Arc;
use ipc::socket::{Address, Endpoint, Extras, Received, Socket, SocketKind};
use mm::user::{Sink, Source, UserPtr};
use object::Held;

/// The most bytes that one call moves, as on Linux.
const BYTES_MAX: usize = 0x7fff_f000;
/// The most messages that one call moves.
const MESSAGES_MAX: u32 = UIO_MAXIOV;

/// Sends bytes, to the one named if they are datagrams, else to the peer; EPIPE on a stream comes with SIGPIPE.
pub fn sendto(
    cx: &mut Context,
    fd: Held,
    mut buf: Source<'_>,
    flags: MessageFlags,
    address: UserPtr<SocketAddress>,
    size: u32,
) -> Result<usize> {
    buf.truncate(BYTES_MAX);
    let socket = socket_of(&fd)?;
    let to = receiver(cx, socket, address, size)?;
    send(cx, socket, &mut buf, to, Extras::default(), flags)
}

/// Sends bytes from several pieces, with capabilities and credentials if control messages give them.
pub fn sendmsg(cx: &mut Context, fd: Held, message: UserPtr<Msghdr>, flags: MessageFlags) -> Result<usize> {
    send_message(cx, socket_of(&fd)?, message, flags)
}

/// Sends up to 1024 messages and says how many; an error counts only for the first.
pub fn sendmmsg(
    cx: &mut Context,
    fd: Held,
    messages: UserPtr<Mmsghdr>,
    count: u32,
    flags: MessageFlags,
) -> Result<usize> {
    let socket = socket_of(&fd)?;
    let count = count.min(MESSAGES_MAX) as usize;
    let mut done = 0;
    while done < count {
        let one = messages.offset(done);
        let sent = send_message(cx, socket, one.cast(), flags).and_then(|sent| count_of(one).write(&(sent as u32)));
        match sent {
            Ok(()) => done += 1,
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(done)
}

/// Where the number of bytes of one of several messages goes.
fn count_of(message: UserPtr<Mmsghdr>) -> UserPtr<u32> {
    UserPtr::new(message.address() + core::mem::offset_of!(Mmsghdr, count) as u64)
}

fn send_message(cx: &Context, socket: &Socket, message: UserPtr<Msghdr>, flags: MessageFlags) -> Result<usize> {
    let message = message.read()?;
    let pieces = pieces_of(&message)?;
    let name_length = name_length(&message)?;
    let to = receiver(cx, socket, UserPtr::new(message.name), name_length)?;
    let extras = control::read(cx, message.control, message.control_length)?;
    send(cx, socket, &mut pieces.source()?, to, extras, flags)
}

fn name_length(message: &Msghdr) -> Result<u32> {
    match message.name {
        0 => Ok(0),
        _ if (message.name_length as i32) < 0 => Err(Errno::EINVAL),
        _ => Ok(message.name_length.min(size_of::<SocketAddress>() as u32)),
    }
}

fn pieces_of(message: &Msghdr) -> Result<Iovecs> {
    match i32::try_from(message.iovec_count) {
        Ok(count) if count <= UIO_MAXIOV as i32 => Iovecs::read(message.iovecs, count),
        _ => Err(Errno::EMSGSIZE),
    }
}

/// Whom a message is for, if it says so.
fn receiver(
    cx: &Context,
    socket: &Socket,
    address: UserPtr<SocketAddress>,
    size: u32,
) -> Result<Option<Arc<Endpoint>>> {
    if address.is_null() || size == 0 {
        return Ok(None);
    }
    let asked = read(address, size)?;
    match socket.socket_kind() {
        // The peer gets it, whoever is named.
        SocketKind::SeqPacket => Ok(None),
        SocketKind::Datagram => find(cx, socket, asked).map(Some),
        // It cannot be sent anywhere else.
        SocketKind::Stream => Ok(Some(socket.endpoint().clone())),
    }
}

fn send(
    cx: &Context,
    socket: &Socket,
    from: &mut Source<'_>,
    to: Option<Arc<Endpoint>>,
    extras: Extras,
    flags: MessageFlags,
) -> Result<usize> {
    if flags.contains(MessageFlags::OUT_OF_BAND) {
        return Err(Errno::EOPNOTSUPP);
    }
    if socket.options().passes_credentials() && socket.socket_kind() != SocketKind::Stream {
        socket.bind_to_any()?;
    }
    let sent = socket.send(from, to, extras, socket.waiting(flags));
    let is_loud = socket.socket_kind() == SocketKind::Stream && !flags.contains(MessageFlags::NO_SIGNAL);
    if sent == Err(Errno::EPIPE) && is_loud {
        crate::handlers::signal_caller(cx, Signal::PIPE);
    }
    sent
}

/// Receives bytes and tells who sent them; on a stream that is the peer.
pub fn recvfrom(
    _cx: &mut Context,
    fd: Held,
    mut buf: Sink<'_>,
    flags: MessageFlags,
    address: UserPtr<SocketAddress>,
    size: UserPtr<u32>,
) -> Result<usize> {
    buf.truncate(BYTES_MAX);
    let socket = socket_of(&fd)?;
    let received = receive(socket, &mut buf, flags)?;
    if !address.is_null() {
        let room = usize::try_from(size.read()? as i32).map_err(|_| Errno::EINVAL)?;
        size.write(&put_sender(sender_of(socket, &received).as_deref(), address, room)?)?;
    }
    Ok(received.count)
}

/// The name of who sent what was received.
fn sender_of(socket: &Socket, received: &Received) -> Option<Arc<Address>> {
    match socket.socket_kind() {
        SocketKind::Stream => socket.peer_name().ok().flatten(),
        _ => received.from.clone(),
    }
}

/// Writes the name of a sender, if it has one; its size.
fn put_sender(from: Option<&Address>, to: UserPtr<SocketAddress>, room: usize) -> Result<u32> {
    match from {
        Some(_) => put(from, to, room),
        None => Ok(0),
    }
}

fn receive(socket: &Socket, to: &mut Sink<'_>, flags: MessageFlags) -> Result<Received> {
    if flags.contains(MessageFlags::OUT_OF_BAND) {
        return Err(if socket.socket_kind() == SocketKind::Stream { Errno::EINVAL } else { Errno::EOPNOTSUPP });
    }
    // No errors are ever put aside.
    if flags.contains(MessageFlags::ERROR_QUEUE) {
        return Err(Errno::EAGAIN);
    }
    socket.receive(to, flags, socket.waiting(flags))
}

/// Receives bytes into several pieces, with the capabilities and credentials that came with them.
pub fn recvmsg(cx: &mut Context, fd: Held, message: UserPtr<Msghdr>, flags: MessageFlags) -> Result<usize> {
    receive_message(cx, socket_of(&fd)?, message, flags)
}

fn receive_message(cx: &Context, socket: &Socket, place: UserPtr<Msghdr>, flags: MessageFlags) -> Result<usize> {
    let mut message = place.read()?;
    let pieces = pieces_of(&message)?;
    let name_room = name_length(&message)?;
    let received = receive(socket, &mut pieces.sink()?, flags)?;
    let count = received.count;
    let from = if message.name == 0 { None } else { sender_of(socket, &received) };
    let mut room = Room::new(message.control, message.control_length);
    let told = room.fill(cx, received, flags)?;
    message.name_length = match message.name {
        0 => message.name_length,
        name => put_sender(from.as_deref(), UserPtr::new(name), name_room as usize)?,
    };
    message.flags = (told | flags & MessageFlags::CLOSE_ON_EXEC).bits() as i32;
    message.control_length = room.used();
    place.write(&message)?;
    Ok(count)
}

/// Receives up to 1024 messages and says how many; an error counts only for the first.
/// The time is looked at between messages only, so that waiting for one may take longer.
pub fn recvmmsg(
    cx: &mut Context,
    fd: Held,
    messages: UserPtr<Mmsghdr>,
    count: u32,
    flags: MessageFlags,
    timeout: UserPtr<Timespec>,
) -> Result<usize> {
    let socket = socket_of(&fd)?;
    let deadline_ns = timeout::after_timespec(timeout)?;
    let count = count.min(MESSAGES_MAX) as usize;
    let mut flags = flags;
    let mut done = 0;
    while done < count {
        let one = messages.offset(done);
        let received = receive_message(cx, socket, one.cast(), flags.difference(MessageFlags::WAIT_FOR_ONE))
            .and_then(|received| count_of(one).write(&(received as u32)));
        match received {
            Ok(()) => done += 1,
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno),
        }
        if flags.contains(MessageFlags::WAIT_FOR_ONE) {
            flags |= MessageFlags::DONT_WAIT;
        }
        // As on Linux the time is looked at between messages only.
        if deadline_ns.is_some_and(|deadline| deadline <= arch::clock::now_ns()) {
            break;
        }
    }
    Ok(done)
}
