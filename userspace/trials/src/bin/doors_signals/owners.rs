//! O_ASYNC and `F_SETOWN`: signals that the kernel sends, by the authority of whoever asked for them.

use super::kit::{Case, Stepper, block, give_up_signals, got, is_pending, take};
use abi::table::number;
use abi::types::OwnerEx;
use abi::{Errno, Result};
use libc::{F_GETOWN, F_SETFL, F_SETOWN, O_ASYNC, O_NOCTTY, O_RDWR, SIGIO};
use trials::child::{self, in_child};
use trials::pledged::{self, ABORTED, enter_capability_mode};
use trials::raw::{call, fails, open, pipe, read, works, write};
use trials::{Holds, equal};

pub(crate) const CASES: &[Case] = &[
    ("input into pipes, sockets and terminals signals the owner", told),
    ("not without the flag, not after it is taken back", untold),
    ("a signal of one's own choice tells the slot", chosen),
    ("the owner is told as it was named", named),
    ("another process that may be signalled is", others),
    ("what the setter gave up later counts", narrowed_later),
    ("another user's setter signals nobody else", other_user),
    ("without the authority only oneself is named", unnamed),
];

const F_SETSIG: i32 = 10;
const F_GETSIG: i32 = 11;
const F_SETOWN_EX: i32 = 15;
const F_GETOWN_EX: i32 = 16;
const TIOCGPTN: usize = 0x8004_5430;
const TIOCSPTLCK: usize = 0x4004_5431;

fn fcntl(slot: usize, command: i32, argument: usize) -> Result<usize> {
    call(number::fcntl, &[slot, command as usize, argument])
}

/// Has the process of this id told of the slot.
fn own(slot: usize, id: i32) -> Holds {
    got("F_SETOWN", fcntl(slot, F_SETOWN, id as usize))?;
    got("O_ASYNC", fcntl(slot, F_SETFL, O_ASYNC as usize)).map(drop)
}

fn socket_pair() -> Result<[usize; 2]> {
    let mut ends = [0_i32; 2];
    call(number::socketpair, &[libc::AF_UNIX as usize, libc::SOCK_STREAM as usize, 0, ends.as_mut_ptr() as usize])?;
    Ok(ends.map(|end| end as usize))
}

/// A terminal and its master.
fn terminal() -> Result<[usize; 2]> {
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY)?;
    let (mut name, unlocked) = (0_u32, 0_i32);
    call(number::ioctl, &[master, TIOCSPTLCK, &raw const unlocked as usize])?;
    call(number::ioctl, &[master, TIOCGPTN, &raw mut name as usize])?;
    Ok([open(&format!("/dev/pts/{name}"), O_RDWR | O_NOCTTY)?, master])
}

fn told() -> Holds {
    got("blocking", block(SIGIO))?;
    for (what, make) in [("a pipe", pipe as fn() -> _), ("a socket", socket_pair), ("a terminal", terminal)] {
        let [from, to] = got(what, make())?;
        own(from, child::own_id())?;
        equal(is_pending(SIGIO), false).map_err(|why| format!("{what}, before: {why}"))?;
        got(what, write(to, b"x\n"))?;
        let info = got(what, take(SIGIO))?;
        equal(info.signal, SIGIO)?;
        works(read(from, 1))?;
        // Room for more to write is something to be told of, too.
        while is_pending(SIGIO) {
            works(take(SIGIO))?;
        }
    }
    Ok(())
}

fn untold() -> Holds {
    got("blocking", block(SIGIO))?;
    let [from, to] = got("a pipe", pipe())?;
    works(fcntl(from, F_SETOWN, child::own_id() as usize))?;
    works(write(to, b"x"))?;
    equal(is_pending(SIGIO), false)?;
    own(from, child::own_id())?;
    works(fcntl(from, F_SETFL, 0))?;
    works(write(to, b"x"))?;
    equal(is_pending(SIGIO), false)?;
    own(from, child::own_id())?;
    works(fcntl(from, F_SETOWN, 0))?;
    works(write(to, b"x"))?;
    equal(is_pending(SIGIO), false)
}

fn chosen() -> Holds {
    let signal = libc::SIGRTMIN() + 3;
    got("blocking", block(signal))?;
    let [from, to] = got("a pipe", pipe())?;
    works(fcntl(from, F_SETSIG, signal as usize))?;
    own(from, child::own_id())?;
    equal(fcntl(from, F_GETSIG, 0), Ok(signal as usize))?;
    works(write(to, b"x"))?;
    let info = got("taking", take(signal))?;
    equal((info.signal, info.code, info.fields[1]), (signal, 1, from as u64))?;
    fails(fcntl(from, F_SETSIG, 65), Errno::EINVAL)
}

fn named() -> Holds {
    let [from, _to] = got("a pipe", pipe())?;
    let id = child::own_id();
    equal(fcntl(from, F_GETOWN, 0), Ok(0))?;
    works(fcntl(from, F_SETOWN, id as usize))?;
    equal(fcntl(from, F_GETOWN, 0), Ok(id as usize))?;
    for kind in [0, 1] {
        let (owner, mut told) = (OwnerEx { kind, id }, OwnerEx { kind: 9, id: 9 });
        works(fcntl(from, F_SETOWN_EX, &raw const owner as usize))?;
        works(fcntl(from, F_GETOWN_EX, &raw mut told as usize))?;
        equal(told, owner)?;
    }
    let wrong = OwnerEx { kind: 3, id };
    fails(fcntl(from, F_SETOWN_EX, &raw const wrong as usize), Errno::EINVAL)?;
    fails(fcntl(from, F_SETOWN, 0x3fff_ffff), Errno::ESRCH)?;
    let gone = got("a child", child::fork(|| 0))?;
    works(fcntl(from, F_SETOWN, gone as usize))?;
    got("waiting", child::wait(gone, 0))?;
    equal(fcntl(from, F_GETOWN, 0), Ok(0))
}

fn others() -> Holds {
    got("blocking", block(SIGIO))?;
    let [from, to] = got("a pipe", pipe())?;
    let other = Stepper::start(&[&|| got("waiting", take(SIGIO)).map(drop)])?;
    own(from, other.pid)?;
    works(write(to, b"x"))?;
    equal(is_pending(SIGIO), false)?;
    other.step()?;
    other.end()
}

/// A child has this process told of a pipe, and then does something by which it loses the authority for it.
fn loses(lose: &dyn Fn() -> Holds) -> Holds {
    got("blocking", block(SIGIO))?;
    let [from, to] = got("a pipe", pipe())?;
    let id = child::own_id();
    let setter = Stepper::start(&[&|| own(from, id), lose])?;
    setter.step()?;
    works(write(to, b"x"))?;
    equal(is_pending(SIGIO), true).map_err(|why| format!("before: {why}"))?;
    got("taking", take(SIGIO))?;
    setter.step()?;
    works(write(to, b"x"))?;
    equal(is_pending(SIGIO), false).map_err(|why| format!("after: {why}"))?;
    setter.end()?;
    works(write(to, b"x"))?;
    equal(is_pending(SIGIO), false).map_err(|why| format!("after the end: {why}"))
}

fn narrowed_later() -> Holds {
    in_child(|| loses(&give_up_signals))?;
    in_child(|| loses(&|| got("capability mode", enter_capability_mode())))?;
    in_child(|| loses(&|| got("pledge", pledged::pledge(Some("stdio"), None))))?;
    in_child(|| loses(&|| Ok(())).map_or_else(|_| Ok(()), |()| Err("lost nothing, and told nobody".to_owned())))
}

fn other_user() -> Holds {
    loses(&|| works(call(number::setresuid, &[1000, 1000, 1000])))
}

fn unnamed() -> Holds {
    got("blocking", block(SIGIO))?;
    let [from, to] = got("a pipe", pipe())?;
    let (parent, group) = (child::parent(), child::group());
    works(fcntl(from, F_SETOWN, parent as usize))?;
    works(fcntl(from, F_SETOWN, -group as usize))?;
    for give_up in [give_up_signals as fn() -> Holds, || got("capability mode", enter_capability_mode())] {
        in_child(|| {
            give_up()?;
            fails(fcntl(from, F_SETOWN, parent as usize), Errno::ECAPMODE)?;
            fails(fcntl(from, F_SETOWN, -group as usize), Errno::ECAPMODE)?;
            for kind in [0, 1, 2] {
                let owner = OwnerEx { kind, id: parent };
                fails(fcntl(from, F_SETOWN_EX, &raw const owner as usize), Errno::ECAPMODE)?;
            }
            own(from, child::own_id())?;
            works(write(to, b"x"))?;
            got("taking", take(SIGIO)).map(drop)
        })?;
    }
    let names = || i32::from(fcntl(from, F_SETOWN, child::own_id() as usize).is_ok());
    pledged::ends(pledged::under("stdio", names), ABORTED)
}
