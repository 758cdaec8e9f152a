//! `pidfd_getfd`: only who may do whatever the other may gets something out of its table.

use super::kit::{Case, Host, give_up_the_clock, got, is_recorded};
use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::child::in_child;
use trials::lend::{derive, limit, revoke, rights, without};
use trials::pledged::{self, ABORTED, enter_capability_mode};
use trials::raw::{call, close, fails, pipe, read, works, write};
use trials::{Holds, equal};

pub(crate) const CASES: &[Case] = &[
    ("a slot taken from an equal works, and exec closes it", taken),
    ("it has the rights that it had there", same_rights),
    ("it is taken back with what it was derived from", taken_back),
    ("what may not be sent away is not taken either", kept),
    ("a narrower process takes nothing, and that is recorded", narrower),
    ("nor does one in capability mode that holds a descriptor", contained),
    ("each use needs the right and the promise", rights_and_promises),
    ("bad arguments are refused", bad),
    ("another user's processes are no source", other_user),
];

pub(crate) fn get(process: usize, slot: usize) -> Result<usize> {
    call(number::pidfd_getfd, &[process, slot, 0])
}

/// A child that holds a pipe with a byte in it, its reading end in the slot that it names.
fn holder(prepare: impl FnOnce(usize) -> Result<usize>) -> std::io::Result<Host> {
    Host::start(
        || {
            let [from, to] = pipe()?;
            write(to, b"x")?;
            let slot = prepare(from)?;
            Ok(((), slot.to_le_bytes().to_vec()))
        },
        |()| 0,
    )
}

fn taken() -> Holds {
    let host = got("a child", holder(Ok))?;
    let process = got("its descriptor", host.descriptor())?;
    let slot = got("taking", get(process, host.number()))?;
    equal(got("reading", read(slot, 1))?, b"x".to_vec())?;
    equal(got("flags", call(number::fcntl, &[slot, libc::F_GETFD as usize]))?, libc::FD_CLOEXEC as usize)?;
    host.end_well()
}

fn same_rights() -> Holds {
    let few = Rights::READ | Rights::FSTAT | Rights::TRANSFER;
    let host = got("a child", holder(|from| limit(from, few).map(|_| from)))?;
    let process = got("its descriptor", host.descriptor())?;
    let slot = got("taking", get(process, host.number()))?;
    equal(got("rights", rights(slot))?, few)?;
    works(read(slot, 1))?;
    fails(call(number::fcntl, &[slot, libc::F_GETFL as usize]), Errno::ENOTCAPABLE)?;
    host.end_well()
}

fn taken_back() -> Holds {
    let lend = || {
        let [from, to] = pipe()?;
        write(to, b"xy")?;
        let lent = derive(from, Rights::ALL)?;
        Ok((from, lent.to_le_bytes().to_vec()))
    };
    let host = got("a child", Host::start(lend, |from| i32::from(revoke(from).is_err())))?;
    let process = got("its descriptor", host.descriptor())?;
    let slot = got("taking", get(process, host.number()))?;
    works(read(slot, 1))?;
    host.end_well()?;
    fails(read(slot, 1), Errno::ENOTCAPABLE)
}

fn kept() -> Holds {
    let host = got("a child", holder(|from| without(from, Rights::TRANSFER)))?;
    let process = got("its descriptor", host.descriptor())?;
    fails(get(process, host.number()), Errno::ENOTCAPABLE)?;
    host.end_well()
}

fn narrower() -> Holds {
    let host = got("a child", holder(Ok))?;
    let process = got("its descriptor", host.descriptor())?;
    in_child(|| {
        works(get(process, host.number()).and_then(close))?;
        give_up_the_clock()?;
        fails(get(process, host.number()), Errno::EPERM)?;
        is_recorded("pidfd_getfd")
    })?;
    host.end_well()
}

fn contained() -> Holds {
    let host = got("a child", holder(Ok))?;
    let process = got("its descriptor", host.descriptor())?;
    in_child(|| {
        got("capability mode", enter_capability_mode())?;
        fails(get(process, host.number()), Errno::EPERM)
    })?;
    host.end_well()
}

fn rights_and_promises() -> Holds {
    let host = got("a child", holder(Ok))?;
    let process = got("its descriptor", host.descriptor())?;
    let limited = got("limiting", without(process, Rights::PROCESS_GETFD))?;
    fails(get(limited, host.number()), Errno::ENOTCAPABLE)?;
    pledged::ends(pledged::under("stdio proc", || i32::from(get(process, host.number()).is_ok())), ABORTED)?;
    // With the promise it still lacks the others.
    let asks = || i32::from(get(process, host.number()) != Err(Errno::EPERM));
    pledged::ends(pledged::under("stdio ptrace", asks), pledged::Ended::With(0))?;
    host.end_well()
}

fn bad() -> Holds {
    let host = got("a child", holder(Ok))?;
    let process = got("its descriptor", host.descriptor())?;
    fails(get(process, 900), Errno::EBADF)?;
    fails(get(900, 0), Errno::EBADF)?;
    fails(get(0, 0), Errno::EBADF)?;
    fails(call(number::pidfd_getfd, &[process, host.number(), 1]), Errno::EINVAL)?;
    let slot = host.number();
    host.end_well()?;
    fails(get(process, slot), Errno::ESRCH)
}

fn other_user() -> Holds {
    let host = got("a child", holder(Ok))?;
    let process = got("its descriptor", host.descriptor())?;
    in_child(|| {
        works(call(number::setresuid, &[1000, 1000, 1000]))?;
        fails(get(process, host.number()), Errno::EPERM)
    })?;
    host.end_well()
}
