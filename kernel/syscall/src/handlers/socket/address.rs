//! Addresses in user memory, and the calls that are about them.

use super::socket_of;
use crate::Context;
use crate::arguments::At;
use crate::handlers::paths::masked;
use abi::types::SocketAddress;
use abi::{AccessMode, Errno, MessageFlags, Mode, Result};
use alloc::sync::Arc;
use caps::{Promises, Rights, Root};
use ipc::socket::{Address, Asked, Endpoint, Socket, find_node};
use mm::user::UserPtr;
use object::{Held, LookupFlags, NewNode, NodeKind};
use process::gate;

/// Reads an address. EINVAL, EFAULT.
pub(super) fn read(address: UserPtr<SocketAddress>, size: u32) -> Result<Asked> {
    if size as usize > size_of::<SocketAddress>() {
        return Err(Errno::EINVAL);
    }
    Asked::parse(&address.cast::<u8>().read_slice(size as usize)?)
}

/// Writes as much of an address as there is room for, and its whole size.
pub(super) fn write(address: Option<&Address>, to: UserPtr<SocketAddress>, size: UserPtr<u32>) -> Result<()> {
    let room = usize::try_from(size.read()? as i32).map_err(|_| Errno::EINVAL)?;
    let whole = put(address, to, room)?;
    size.write(&whole)
}

/// Writes as much of an address as there is `room` for; its whole size.
pub(super) fn put(address: Option<&Address>, to: UserPtr<SocketAddress>, room: usize) -> Result<u32> {
    Address::encode(address, |bytes| {
        to.cast::<u8>().write_slice(&bytes[..bytes.len().min(room)])?;
        Ok(bytes.len() as u32)
    })
}

/// Whom an address means. ECONNREFUSED, EPROTOTYPE for one that converses in another way, EACCES and what look-ups give.
pub(super) fn find(cx: &Context, socket: &Socket, asked: Asked) -> Result<Arc<Endpoint>> {
    gate::demand_one(cx, Promises::UNIX)?;
    gate::demand_root(cx, Root::Network)?;
    let endpoint = match asked {
        Asked::Unspecified | Asked::Unnamed => return Err(Errno::EINVAL),
        Asked::Abstract(name) => socket.find_abstract(&name)?,
        Asked::Path(path) => find_path(cx, &path)?,
    };
    if endpoint.kind != socket.socket_kind() {
        return Err(Errno::EPROTOTYPE);
    }
    Ok(endpoint)
}

fn find_path(cx: &Context, path: &[u8]) -> Result<Arc<Endpoint>> {
    let base = At::cwd(Rights::LOOKUP | Rights::CONNECTAT).base(cx, path)?;
    let location = base.find(path, LookupFlags::empty())?;
    let node = location.node();
    if !base.credentials().may(AccessMode::WRITE, &node.permissions()?, node.kind()) {
        return Err(Errno::EACCES);
    }
    if node.kind() != NodeKind::Socket {
        return Err(Errno::ECONNREFUSED);
    }
    find_node(node)?.ok_or(Errno::ECONNREFUSED)
}

/// Gives the socket a name: a new node in the file tree, a name outside it, or any free one of those for none.
/// EADDRINUSE for a path that is there already.
pub fn bind(cx: &mut Context, fd: Held, address: UserPtr<SocketAddress>, size: u32) -> Result<usize> {
    let socket = socket_of(&fd)?;
    gate::demand_one(cx, Promises::UNIX)?;
    gate::demand_root(cx, Root::Network)?;
    match read(address, size)? {
        Asked::Unspecified => Err(Errno::EINVAL),
        Asked::Unnamed => socket.bind_to_any().map(|()| 0),
        Asked::Abstract(name) => socket.bind(Address::Abstract(name)).map(|()| 0),
        Asked::Path(path) => bind_path(cx, socket, path),
    }
}

/// Makes the node that is the name.
fn bind_path(cx: &Context, socket: &Socket, path: alloc::vec::Vec<u8>) -> Result<usize> {
    if socket.is_bound() {
        return Err(Errno::EINVAL);
    }
    let base = At::cwd(Rights::LOOKUP | Rights::BINDAT).base(cx, &path)?;
    let place = base.lookup(LookupFlags::empty()).find_place(&path)?;
    let mode = masked(cx, Mode::from_raw(0o777));
    let location = match place.create(NewNode::Socket, mode, base.credentials()) {
        Err(Errno::EEXIST) => return Err(Errno::EADDRINUSE),
        made => made?,
    };
    socket.bind(Address::Path(path, location)).map(|()| 0)
}

/// Connects to the socket of that name; with an unspecified address it parts from its peer instead.
pub fn connect(cx: &mut Context, fd: Held, address: UserPtr<SocketAddress>, size: u32) -> Result<usize> {
    let socket = socket_of(&fd)?;
    let asked = read(address, size)?;
    if asked == Asked::Unspecified {
        socket.disconnect();
        return Ok(0);
    }
    let target = find(cx, socket, asked)?;
    if socket.options().passes_credentials() {
        socket.bind_to_any()?;
    }
    socket.connect(&target, socket.waiting(MessageFlags::empty())).map(|()| 0)
}

/// Tells the socket's name as far as there is room, and how long it is.
pub fn getsockname(_cx: &mut Context, fd: Held, address: UserPtr<SocketAddress>, size: UserPtr<u32>) -> Result<usize> {
    let name = socket_of(&fd)?.name();
    write(name.as_deref(), address, size).map(|()| 0)
}

/// Tells the name of the peer as far as there is room, and how long it is.
pub fn getpeername(_cx: &mut Context, fd: Held, address: UserPtr<SocketAddress>, size: UserPtr<u32>) -> Result<usize> {
    let name = socket_of(&fd)?.peer_name()?;
    write(name.as_deref(), address, size).map(|()| 0)
}
