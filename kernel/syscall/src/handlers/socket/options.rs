//! Options.

use super::socket_of;
use crate::Context;
use abi::consts::net;
use abi::types::{Timeval, Ucred};
use abi::{Errno, Result};
use ipc::socket::{Direction, Socket, Switch};
use mm::user::UserPtr;
use object::Held;
use process::{gate, promise_rules};
use zerocopy::{Immutable, IntoBytes};

const SECOND_NS: u64 = 1_000_000_000;
const MICROSECOND_NS: u64 = 1000;

/// Options that are remembered and change nothing between processes of one machine.
const INERT: [u32; 8] = [
    net::SO_DEBUG,
    net::SO_REUSEADDR,
    net::SO_DONTROUTE,
    net::SO_BROADCAST,
    net::SO_KEEPALIVE,
    net::SO_OOBINLINE,
    net::SO_PRIORITY,
    net::SO_REUSEPORT,
];

/// Sets an option of SOL_SOCKET, the only level (else EOPNOTSUPP). Some are only remembered.
/// SO_LINGER and SO_RCVLOWAT are taken and change nothing.
pub fn setsockopt(
    cx: &mut Context,
    fd: Held,
    level: i32,
    option: u32,
    value: UserPtr<u32>,
    size: u32,
) -> Result<usize> {
    gate::demand_one(cx, promise_rules::socket_option(level as u32, option))?;
    let socket = socket_of(&fd)?;
    if level as u32 != net::SOL_SOCKET {
        return Err(Errno::EOPNOTSUPP);
    }
    if size < size_of::<u32>() as u32 {
        return Err(Errno::EINVAL);
    }
    let number = value.read()?;
    match option {
        net::SO_SNDBUF => set_limit(socket, Direction::Send, number),
        net::SO_RCVBUF => set_limit(socket, Direction::Receive, number),
        net::SO_RCVTIMEO_OLD | net::SO_RCVTIMEO_NEW => set_timeout(socket, Direction::Receive, value.cast(), size)?,
        net::SO_SNDTIMEO_OLD | net::SO_SNDTIMEO_NEW => set_timeout(socket, Direction::Send, value.cast(), size)?,
        // Closing never waits for what was sent, and a byte is enough to be read.
        net::SO_LINGER | net::SO_RCVLOWAT => {}
        net::SO_PASSCRED => socket.options().switch(option, switch(number)),
        _ if INERT.contains(&option) => socket.options().switch(option, switch(number)),
        net::SO_TYPE | net::SO_PROTOCOL | net::SO_DOMAIN | net::SO_ERROR | net::SO_ACCEPTCONN => {
            return Err(Errno::ENOPROTOOPT);
        }
        _ => return Err(Errno::ENOPROTOOPT),
    }
    Ok(0)
}

fn switch(number: u32) -> Switch {
    if number == 0 { Switch::Off } else { Switch::On }
}

fn set_limit(socket: &Socket, direction: Direction, asked: u32) {
    socket.options().set_limit(direction, asked as usize);
    socket.limit_changed();
}

fn set_timeout(socket: &Socket, direction: Direction, value: UserPtr<Timeval>, size: u32) -> Result<()> {
    if size < size_of::<Timeval>() as u32 {
        return Err(Errno::EINVAL);
    }
    let Timeval { seconds, microseconds } = value.read()?;
    if !(0..1_000_000).contains(&microseconds) {
        return Err(Errno::EDOM);
    }
    let timeout_ns = match u64::try_from(seconds) {
        Ok(seconds) => seconds.saturating_mul(SECOND_NS).saturating_add(microseconds as u64 * MICROSECOND_NS),
        // A time in the past is over at once.
        Err(_) => 1,
    };
    socket.options().set_timeout_ns(direction, timeout_ns);
    Ok(())
}

/// Tells as much of an option as there is room for, and how much that was. EOPNOTSUPP but for SOL_SOCKET.
pub fn getsockopt(
    cx: &mut Context,
    fd: Held,
    level: i32,
    option: u32,
    value: UserPtr<u32>,
    size: UserPtr<u32>,
) -> Result<usize> {
    gate::demand_one(cx, promise_rules::socket_option(level as u32, option))?;
    let socket = socket_of(&fd)?;
    let room = usize::try_from(size.read()? as i32).map_err(|_| Errno::EINVAL)?;
    if level as u32 != net::SOL_SOCKET {
        return Err(Errno::EOPNOTSUPP);
    }
    let answer = Answer { value, size, room };
    let options = socket.options();
    match option {
        net::SO_TYPE => answer.give(&(socket.socket_kind() as u32)),
        net::SO_DOMAIN => answer.give(&net::AF_UNIX),
        net::SO_PROTOCOL => answer.give(&0u32),
        net::SO_ERROR => answer.give(&socket.take_error().map_or(0, Errno::raw)),
        net::SO_ACCEPTCONN => answer.give(&u32::from(socket.is_listening())),
        net::SO_SNDBUF => answer.give(&(options.limit(Direction::Send) as u32)),
        net::SO_RCVBUF => answer.give(&(options.limit(Direction::Receive) as u32)),
        net::SO_RCVTIMEO_OLD | net::SO_RCVTIMEO_NEW => answer.give(&timeout(socket, Direction::Receive)),
        net::SO_SNDTIMEO_OLD | net::SO_SNDTIMEO_NEW => answer.give(&timeout(socket, Direction::Send)),
        net::SO_LINGER => answer.give(&[0u32, 0]),
        net::SO_RCVLOWAT | net::SO_SNDLOWAT => answer.give(&1u32),
        net::SO_PEERCRED => {
            let nobody = Ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
            answer.give(&socket.peer_credentials().unwrap_or(nobody))
        }
        net::SO_COOKIE => answer.give(&socket.endpoint().number),
        net::SO_PASSCRED => answer.give(&u32::from(options.is_on(option))),
        _ if INERT.contains(&option) => answer.give(&u32::from(options.is_on(option))),
        _ => Err(Errno::ENOPROTOOPT),
    }
}

fn timeout(socket: &Socket, direction: Direction) -> Timeval {
    let timeout_ns = socket.options().timeout_ns(direction);
    Timeval { seconds: (timeout_ns / SECOND_NS) as i64, microseconds: (timeout_ns % SECOND_NS / MICROSECOND_NS) as i64 }
}

/// Where the value of an option goes.
struct Answer {
    value: UserPtr<u32>,
    size: UserPtr<u32>,
    room: usize,
}

impl Answer {
    /// Writes as much of a value as there is room for, and how much that was.
    fn give<T: IntoBytes + Immutable>(&self, value: &T) -> Result<usize> {
        let bytes = value.as_bytes();
        let len = bytes.len().min(self.room);
        self.value.cast::<u8>().write_slice(&bytes[..len])?;
        self.size.write(&(len as u32)).map(|()| 0)
    }
}
