//! Calls on sockets.

mod address;
mod control;
mod message;
mod options;

pub use address::{bind, connect, getpeername, getsockname};
pub use message::{recvfrom, recvmmsg, recvmsg, sendmmsg, sendmsg, sendto};
pub use options::{getsockopt, setsockopt};

use crate::Context;
use crate::handlers::descriptors::{install, slot_flags};
use abi::consts::net;
use abi::types::SocketAddress;
use abi::{Errno, MessageFlags, OpenFlags, Result};
use caps::Rights;
use ipc::socket::{Shutdown, Socket, SocketKind};
use mm::user::UserPtr;
use object::Held;
use process::{gate, promise_rules};

/// The flags that come with a type: a slot's and a socket's, where `open` has them.
const TYPE_FLAGS: OpenFlags = OpenFlags::CLOSE_ON_EXEC.union(OpenFlags::NONBLOCK);

/// Makes a socket between processes of this machine: EAFNOSUPPORT for all but AF_UNIX. Raw ones are of datagrams.
pub fn socket(cx: &mut Context, domain: i32, kind: i32, protocol: i32) -> Result<usize> {
    gate::demand_one(cx, promise_rules::socket_family(domain as u32))?;
    let (kind, flags) = kind_of(domain, kind, protocol)?;
    install(cx, Socket::new(kind, flags)?, flags)
}

/// Makes two sockets that are each other's peers, and writes their slots.
pub fn socketpair(cx: &mut Context, domain: i32, kind: i32, protocol: i32, fds: UserPtr<[i32; 2]>) -> Result<usize> {
    let (kind, flags) = kind_of(domain, kind, protocol)?;
    let (one_slot, other_slot) = (cx.table.reserve()?, cx.table.reserve()?);
    let (one, other) = Socket::pair(kind, flags)?;
    fds.write(&[one_slot.slot(), other_slot.slot()])?;
    one_slot.commit(one, Rights::ALL, slot_flags(flags));
    other_slot.commit(other, Rights::ALL, slot_flags(flags));
    Ok(0)
}

/// What `socket` was asked to make.
fn kind_of(domain: i32, kind: i32, protocol: i32) -> Result<(SocketKind, OpenFlags)> {
    const TYPE: u32 = 0xf;
    let flags = OpenFlags::from_bits_retain(kind as u32 & !TYPE);
    if !TYPE_FLAGS.contains(flags) {
        return Err(Errno::EINVAL);
    }
    if domain as u32 != net::AF_UNIX {
        return Err(Errno::EAFNOSUPPORT);
    }
    if protocol != 0 && protocol as u32 != net::AF_UNIX {
        return Err(Errno::EPROTONOSUPPORT);
    }
    let kind = match kind as u32 & TYPE {
        net::SOCK_STREAM => SocketKind::Stream,
        // Raw packets between processes are datagrams.
        net::SOCK_DGRAM | net::SOCK_RAW => SocketKind::Datagram,
        net::SOCK_SEQPACKET => SocketKind::SeqPacket,
        _ => return Err(Errno::ESOCKTNOSUPPORT),
    };
    Ok((kind, flags))
}

/// Lets others connect, of whom about `backlog` may wait. EOPNOTSUPP for datagrams, EINVAL without a name.
pub fn listen(_cx: &mut Context, fd: Held, backlog: i32) -> Result<usize> {
    socket_of(&fd)?.listen(backlog).map(|()| 0)
}

/// Takes a connection as [`accept4`] does, without flags.
pub fn accept(cx: &mut Context, fd: Held, address: UserPtr<SocketAddress>, size: UserPtr<u32>) -> Result<usize> {
    accept4(cx, fd, address, size, OpenFlags::empty())
}

/// The new slot has the rights, bounds and grant of the listening one.
pub fn accept4(
    cx: &mut Context,
    fd: Held,
    address: UserPtr<SocketAddress>,
    size: UserPtr<u32>,
    flags: OpenFlags,
) -> Result<usize> {
    if !TYPE_FLAGS.contains(flags) {
        return Err(Errno::EINVAL);
    }
    let socket = socket_of(&fd)?;
    let slot = cx.table.reserve()?;
    let accepted = socket.accept(flags, socket.waiting(MessageFlags::empty()))?;
    if !address.is_null() {
        // The peer may have parted already; then it has no name.
        let name = accepted.peer_name().unwrap_or_default();
        address::write(name.as_deref(), address, size)?;
    }
    Ok(slot.commit_capability(fd.alike(accepted), slot_flags(flags)) as usize)
}

/// Ends receiving, sending or both, for all who hold the socket.
pub fn shutdown(_cx: &mut Context, fd: Held, how: i32) -> Result<usize> {
    let how = match how {
        0 => Shutdown::Receive,
        1 => Shutdown::Send,
        2 => Shutdown::Both,
        _ => return Err(Errno::EINVAL),
    };
    socket_of(&fd)?.shut_down(how);
    Ok(0)
}

/// The socket in a slot that was found to hold one.
fn socket_of(held: &Held) -> Result<&Socket> {
    held.object().downcast_ref().ok_or(Errno::ENOTSOCK)
}
