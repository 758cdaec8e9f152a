//! Sockets by plain calls: what `std` has no words for.

use std::io::{Error, ErrorKind, Result};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use trials::Holds;

pub(crate) type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

pub(crate) fn holding(body: impl FnOnce() -> Outcome) -> Holds {
    body().map_err(|error| error.to_string())
}

pub(crate) fn ensure(condition: bool, what: &str) -> Outcome {
    if condition { Ok(()) } else { Err(what.into()) }
}

/// The error's number must be `expected`.
pub(crate) fn fails<T>(result: Result<T>, expected: i32, what: &str) -> Outcome {
    let found = result.err().and_then(|error| error.raw_os_error()).unwrap_or(0);
    if found == expected { Ok(()) } else { Err(format!("{what}: error {found}, not {expected}").into()) }
}

pub(crate) fn check(result: libc::c_int) -> Result<i32> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result) }
}

fn check_size(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| Error::last_os_error())
}

pub(crate) fn socket(kind: i32) -> Result<OwnedFd> {
    // SAFETY: no memory is involved.
    let slot = check(unsafe { libc::socket(libc::AF_UNIX, kind, 0) })?;
    // SAFETY: the slot was just made.
    Ok(unsafe { OwnedFd::from_raw_fd(slot) })
}

pub(crate) fn pair(kind: i32) -> Result<(OwnedFd, OwnedFd)> {
    let mut slots = [0; 2];
    // SAFETY: room for two slots.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, slots.as_mut_ptr()) })?;
    // SAFETY: the slot was just made.
    let first = unsafe { OwnedFd::from_raw_fd(slots[0]) };
    // SAFETY: the slot was just made.
    Ok((first, unsafe { OwnedFd::from_raw_fd(slots[1]) }))
}

/// An address with this name: a path, or with a NUL first an abstract one.
pub(crate) fn address(name: &[u8]) -> (libc::sockaddr_un, libc::socklen_t) {
    // SAFETY: all zeros is a valid value.
    let mut address: libc::sockaddr_un = unsafe { std::mem::zeroed() };
    address.sun_family = libc::AF_UNIX as u16;
    for (to, from) in address.sun_path.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
    (address, (2 + name.len()) as libc::socklen_t)
}

pub(crate) fn bind(socket: &OwnedFd, name: &[u8]) -> Result<i32> {
    let (address, size) = address(name);
    // SAFETY: the address lives over the call.
    check(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size) })
}

pub(crate) fn connect(socket: &OwnedFd, name: &[u8]) -> Result<i32> {
    let (address, size) = address(name);
    // SAFETY: the address lives over the call.
    check(unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), size) })
}

pub(crate) fn listen(socket: &OwnedFd, backlog: i32) -> Result<i32> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::listen(socket.as_raw_fd(), backlog) })
}

pub(crate) fn accept(socket: &OwnedFd, flags: i32) -> Result<OwnedFd> {
    let nowhere = std::ptr::null_mut();
    // SAFETY: no memory is involved.
    let slot = check(unsafe { libc::accept4(socket.as_raw_fd(), nowhere, std::ptr::null_mut(), flags) })?;
    // SAFETY: the slot was just made.
    Ok(unsafe { OwnedFd::from_raw_fd(slot) })
}

pub(crate) fn shutdown(socket: &OwnedFd, how: i32) -> Result<i32> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::shutdown(socket.as_raw_fd(), how) })
}

pub(crate) fn send(socket: &OwnedFd, bytes: &[u8], flags: i32) -> Result<usize> {
    // SAFETY: the bytes live over the call.
    check_size(unsafe {
        libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), flags | libc::MSG_NOSIGNAL)
    })
}

pub(crate) fn send_to(socket: &OwnedFd, bytes: &[u8], name: &[u8]) -> Result<usize> {
    let (address, size) = address(name);
    // SAFETY: bytes and address live over the call.
    check_size(unsafe {
        let address = (&raw const address).cast();
        libc::sendto(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT, address, size)
    })
}

pub(crate) fn receive(socket: &OwnedFd, room: usize, flags: i32) -> Result<Vec<u8>> {
    let mut bytes = vec![0; room];
    // SAFETY: there is so much room.
    let count = check_size(unsafe { libc::recv(socket.as_raw_fd(), bytes.as_mut_ptr().cast(), room, flags) })?;
    bytes.truncate(count);
    Ok(bytes)
}

/// What a message carries beside its bytes.
#[derive(Default)]
pub(crate) struct Carried<'a> {
    pub(crate) slots: &'a [RawFd],
    pub(crate) credentials: Option<libc::ucred>,
}

/// A message that came.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
    pub(crate) slots: Vec<OwnedFd>,
    pub(crate) credentials: Option<(i32, u32, u32)>,
    pub(crate) flags: i32,
}

fn push_control(control: &mut Vec<u8>, kind: i32, body: &[u8]) {
    control.extend_from_slice(&(16 + body.len()).to_ne_bytes());
    control.extend_from_slice(&libc::SOL_SOCKET.to_ne_bytes());
    control.extend_from_slice(&kind.to_ne_bytes());
    control.extend_from_slice(body);
    control.resize(control.len().next_multiple_of(8), 0);
}

pub(crate) fn send_message(socket: &OwnedFd, bytes: &[u8], carried: &Carried<'_>, flags: i32) -> Result<usize> {
    let mut control = Vec::new();
    if !carried.slots.is_empty() {
        let body: Vec<u8> = carried.slots.iter().flat_map(|slot| slot.to_ne_bytes()).collect();
        push_control(&mut control, libc::SCM_RIGHTS, &body);
    }
    if let Some(credentials) = carried.credentials {
        let words = [credentials.pid as u32, credentials.uid, credentials.gid];
        let body: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        push_control(&mut control, libc::SCM_CREDENTIALS, &body);
    }
    let mut piece = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: all zeros is a valid value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut piece;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = control.len() as _;
    // SAFETY: everything that the header names lives over the call.
    check_size(unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const header, flags | libc::MSG_NOSIGNAL) })
}

pub(crate) fn send_slots(socket: &OwnedFd, bytes: &[u8], slots: &[RawFd]) -> Result<usize> {
    send_message(socket, bytes, &Carried { slots, ..Carried::default() }, 0)
}

pub(crate) fn receive_message(socket: &OwnedFd, room: usize, control_room: usize, flags: i32) -> Result<Message> {
    let mut message = Message { bytes: vec![0; room], ..Message::default() };
    let mut control = vec![0_u8; control_room];
    let mut piece = libc::iovec { iov_base: message.bytes.as_mut_ptr().cast(), iov_len: room };
    // SAFETY: all zeros is a valid value.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut piece;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = control.len() as _;
    // SAFETY: everything that the header names lives over the call.
    let count = check_size(unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) })?;
    message.bytes.truncate(count);
    message.flags = header.msg_flags;
    control.truncate(header.msg_controllen as usize);
    read_control(&control, &mut message)?;
    Ok(message)
}

fn read_control(mut control: &[u8], message: &mut Message) -> Result<()> {
    let broken = || Error::new(ErrorKind::InvalidData, "control messages");
    while control.len() >= 16 {
        let length = usize::from_ne_bytes(control[..8].try_into().map_err(|_| broken())?);
        let kind = i32::from_ne_bytes(control[12..16].try_into().map_err(|_| broken())?);
        let body = control.get(16..length).ok_or_else(broken)?;
        let words: Vec<i32> =
            body.chunks_exact(4).map(|word| word.try_into().map(i32::from_ne_bytes).unwrap_or(-1)).collect();
        match (kind, &words[..]) {
            (libc::SCM_RIGHTS, slots) => {
                // SAFETY: the kernel has just filled these slots.
                message.slots.extend(slots.iter().map(|slot| unsafe { OwnedFd::from_raw_fd(*slot) }));
            }
            (libc::SCM_CREDENTIALS, [pid, uid, gid]) => message.credentials = Some((*pid, *uid as u32, *gid as u32)),
            _ => return Err(broken()),
        }
        control = &control[length.next_multiple_of(8).min(control.len())..];
    }
    Ok(())
}

pub(crate) fn set_option(socket: &OwnedFd, option: i32, value: i32) -> Result<i32> {
    let value = &raw const value;
    // SAFETY: the value is four bytes.
    check(unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, value.cast(), 4) })
}

pub(crate) fn option(socket: &OwnedFd, option: i32) -> Result<i32> {
    let (mut value, mut size) = (0_i32, 4);
    let place = (&raw mut value).cast();
    // SAFETY: there is room for four bytes.
    check(unsafe { libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, place, &raw mut size) })?;
    Ok(value)
}

/// What `poll` says of a socket, without waiting.
pub(crate) fn ready(socket: &OwnedFd) -> Result<i16> {
    let events = libc::POLLIN | libc::POLLOUT | libc::POLLRDHUP;
    let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 };
    // SAFETY: one entry.
    check(unsafe { libc::poll(&raw mut entry, 1, 0) })?;
    Ok(entry.revents)
}
