//! Rights on sockets, and what happens to them when capabilities travel. Only Tessera has them; Linux passes these by.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::thread;

use abi::table::number;
use caps::Rights;
use libc::{MSG_PEEK, SOCK_DGRAM, SOCK_STREAM};
use trials::child::in_child;
use trials::raw::{call, text};
use trials::{Holds, Report, lend};

use super::kit::*;
use super::passing::room;

const ENOTCAPABLE: i32 = 135;
const ECAPMODE: i32 = 134;

pub(crate) fn run(report: &mut Report) {
    if lend::rights(0) == Err(abi::Errno::ENOSYS) {
        return;
    }
    report.check("every call asks for its right", every_call());
    report.check("what is accepted has the rights of the listener", accepted());
    report.check("a narrowed capability arrives narrowed", narrowed());
    report.check("what may not be passed on is not", untransferable());
    report.check("what was lent is taken back wherever it went", lent());
    report.check("what was lent is taken back on its way", under_way());
    report.check("a lent socket ends its waits when it is taken back", waits());
    report.check("promises cover sending and receiving", promises());
    report.check("capability mode leaves only what is held", capability_mode());
}

fn own(slot: abi::Result<usize>) -> Result<OwnedFd, Box<dyn std::error::Error>> {
    let slot = slot.map_err(|errno| errno.name())?;
    // SAFETY: the slot was just made.
    Ok(unsafe { OwnedFd::from_raw_fd(slot as i32) })
}

fn number_of(slot: &OwnedFd) -> usize {
    slot.as_raw_fd() as usize
}

/// A duplicate without these rights.
fn without(slot: &OwnedFd, rights: Rights) -> Result<OwnedFd, Box<dyn std::error::Error>> {
    own(lend::without(number_of(slot), rights))
}

fn every_call() -> Holds {
    holding(|| {
        let name = format!("\0rights-{}", std::process::id()).into_bytes();
        let (one, other) = pair(SOCK_STREAM)?;
        let lone = socket(SOCK_STREAM)?;
        let refused = |result: std::io::Result<()>, what: &str| fails(result, ENOTCAPABLE, what);
        refused(bind(&without(&lone, Rights::BIND)?, &name).map(drop), "bind")?;
        refused(listen(&without(&lone, Rights::LISTEN)?, 1).map(drop), "listen")?;
        bind(&lone, &name)?;
        listen(&lone, 1)?;
        refused(accept(&without(&lone, Rights::ACCEPT)?, 0).map(drop), "accept")?;
        refused(connect(&without(&socket(SOCK_STREAM)?, Rights::CONNECT)?, &name).map(drop), "connect")?;
        refused(shutdown(&without(&one, Rights::SHUTDOWN)?, 2).map(drop), "shutdown")?;
        let mute = without(&one, Rights::WRITE)?;
        refused(send(&mute, b"x", 0).map(drop), "send")?;
        refused(send_slots(&mute, b"x", &[]).map(drop), "sendmsg")?;
        send(&other, b"x", 0)?;
        let deaf = without(&one, Rights::READ)?;
        refused(receive(&deaf, 1, 0).map(drop), "recv")?;
        refused(receive(&deaf, 1, MSG_PEEK).map(drop), "a look")?;
        refused(receive_message(&deaf, 1, 0, 0).map(drop), "recvmsg")?;
        refused(option(&without(&one, Rights::GETSOCKOPT)?, libc::SO_TYPE).map(drop), "getsockopt")?;
        refused(set_option(&without(&one, Rights::SETSOCKOPT)?, libc::SO_SNDBUF, 1).map(drop), "setsockopt")?;
        for (call_number, right) in
            [(number::getsockname, Rights::GETSOCKNAME), (number::getpeername, Rights::GETPEERNAME)]
        {
            let (mut room, mut size) = ([0_u8; 110], 110_u32);
            let words = |slot: &OwnedFd| [number_of(slot), room.as_ptr() as usize, &raw const size as usize];
            let found = call(call_number, &words(&without(&one, right)?));
            ensure(found == Err(abi::Errno::ENOTCAPABLE), "names")?;
            ensure(call(call_number, &words(&one)) == Ok(0), "with the right")?;
            (room[0], size) = (0, 110);
            let _ = (room, size);
        }
        // With all else gone, these still work.
        let only = own(lend::derive(number_of(&one), Rights::READ | Rights::WRITE))?;
        ensure(receive(&only, 1, 0)? == b"x" && send(&only, b"y", 0)? == 1, "with the rights")
    })
}

fn accepted() -> Holds {
    holding(|| {
        let name = format!("\0accepted-{}", std::process::id()).into_bytes();
        let server = socket(SOCK_STREAM)?;
        bind(&server, &name)?;
        listen(&server, 2)?;
        let narrow = without(&server, Rights::WRITE | Rights::SETSOCKOPT)?;
        let client = socket(SOCK_STREAM)?;
        connect(&client, &name)?;
        let connection = accept(&narrow, 0)?;
        ensure(lend::rights(number_of(&connection)) == lend::rights(number_of(&narrow)), "the same rights")?;
        fails(send(&connection, b"x", 0), ENOTCAPABLE, "it cannot send")?;
        // A lent listener's connections are lent.
        let lent = own(lend::derive(number_of(&server), Rights::ALL))?;
        let client = socket(SOCK_STREAM)?;
        connect(&client, &name)?;
        let connection = accept(&lent, 0)?;
        send(&connection, b"x", 0)?;
        lend::revoke(number_of(&server)).map_err(|errno| errno.name())?;
        fails(send(&connection, b"x", 0), ENOTCAPABLE, "taken back")?;
        fails(accept(&lent, 0), ENOTCAPABLE, "taken back")
    })
}

/// Sends a slot through a pair of sockets.
fn passed(slot: &OwnedFd) -> Result<OwnedFd, Box<dyn std::error::Error>> {
    let (one, other) = pair(SOCK_DGRAM)?;
    send_slots(&one, b"x", &[slot.as_raw_fd()])?;
    let mut message = receive_message(&other, 1, room(1), 0)?;
    Ok(message.slots.pop().ok_or("a slot")?)
}

fn narrowed() -> Holds {
    holding(|| {
        let file: OwnedFd = std::fs::File::create(format!("/tmp/narrowed-{}", std::process::id()))?.into();
        let narrow = without(&file, Rights::WRITE | Rights::FTRUNCATE)?;
        let arrived = passed(&narrow)?;
        ensure(lend::rights(number_of(&arrived)) == lend::rights(number_of(&narrow)), "the same rights")?;
        let byte = [0_u8];
        let write = |slot: &OwnedFd| call(number::write, &[number_of(slot), byte.as_ptr() as usize, 1]);
        ensure(write(&arrived) == Err(abi::Errno::ENOTCAPABLE), "no more than was sent")?;
        ensure(write(&passed(&file)?) == Ok(1), "no less either")?;
        // Nor does a second journey, or a look, give anything back.
        let again = passed(&arrived)?;
        ensure(write(&again) == Err(abi::Errno::ENOTCAPABLE), "twice")?;
        let (one, other) = pair(SOCK_STREAM)?;
        send_slots(&one, b"x", &[narrow.as_raw_fd()])?;
        let looked = receive_message(&other, 1, room(1), MSG_PEEK)?;
        ensure(write(&looked.slots[0]) == Err(abi::Errno::ENOTCAPABLE), "a look")
    })
}

fn untransferable() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        let kept = without(&one, Rights::TRANSFER)?;
        fails(send_slots(&one, b"x", &[kept.as_raw_fd()]), ENOTCAPABLE, "not passed on")?;
        fails(receive(&other, 1, libc::MSG_DONTWAIT), libc::EAGAIN, "nothing came")
    })
}

fn lent() -> Holds {
    holding(|| {
        let (_one, other) = pair(SOCK_STREAM)?;
        let loan = own(lend::derive(number_of(&other), Rights::ALL))?;
        let arrived = passed(&passed(&loan)?)?;
        send(&arrived, b"x", 0)?;
        lend::revoke(number_of(&other)).map_err(|errno| errno.name())?;
        fails(send(&arrived, b"x", 0), ENOTCAPABLE, "taken back")?;
        fails(send(&loan, b"x", 0), ENOTCAPABLE, "there too")?;
        ensure(send(&other, b"x", 0)? == 1, "the lender's own")
    })
}

fn under_way() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        let (carrier, receiver) = pair(SOCK_STREAM)?;
        let loan = own(lend::derive(number_of(&one), Rights::ALL))?;
        send_slots(&carrier, b"x", &[loan.as_raw_fd()])?;
        lend::revoke(number_of(&one)).map_err(|errno| errno.name())?;
        let message = receive_message(&receiver, 1, room(1), 0)?;
        ensure(message.slots.len() == 1, "it arrives")?;
        fails(send(&message.slots[0], b"x", 0), ENOTCAPABLE, "with nothing left")?;
        // A loan that is over is nothing that can be passed on.
        fails(send_slots(&carrier, b"x", &[loan.as_raw_fd()]), ENOTCAPABLE, "not again")?;
        drop(other);
        Ok(())
    })
}

fn waits() -> Holds {
    holding(|| {
        let name = format!("\0waits-{}", std::process::id()).into_bytes();
        let (one, _other) = pair(SOCK_STREAM)?;
        let server = socket(SOCK_STREAM)?;
        bind(&server, &name)?;
        listen(&server, 2)?;
        let (lent_one, lent_server) =
            (own(lend::derive(number_of(&one), Rights::ALL))?, own(lend::derive(number_of(&server), Rights::ALL))?);
        let reader = thread::spawn(move || receive(&lent_one, 1, 0).map(drop));
        let accepter = thread::spawn(move || accept(&lent_server, 0).map(drop));
        // Whether they sleep already or not, they must end.
        thread::yield_now();
        lend::revoke(number_of(&one)).map_err(|errno| errno.name())?;
        lend::revoke(number_of(&server)).map_err(|errno| errno.name())?;
        fails(reader.join().map_err(|_| "the reader panicked")?, ENOTCAPABLE, "the reader")?;
        fails(accepter.join().map_err(|_| "the accepter panicked")?, ENOTCAPABLE, "the accepter")
    })
}

fn pledge(words: &str) -> Outcome {
    call(number::pledge, &[text(words), 0]).map(drop).map_err(|errno| errno.name().into())
}

fn promises() -> Holds {
    // Under `error` a broken promise is an error.
    let refused = |words: &'static str, body: fn(&OwnedFd, &OwnedFd) -> std::io::Result<()>, errno: i32| {
        in_child(|| {
            holding(|| {
                let (one, other) = pair(SOCK_STREAM)?;
                send_slots(&one, b"x", &[one.as_raw_fd()])?;
                pledge(words)?;
                fails(body(&one, &other), errno, words)
            })
        })
    };
    let sending = |one: &OwnedFd, _: &OwnedFd| send_slots(one, b"x", &[one.as_raw_fd()]).map(drop);
    let receiving = |_: &OwnedFd, other: &OwnedFd| receive_message(other, 1, room(1), 0).map(drop);
    let plain = |_: &OwnedFd, other: &OwnedFd| receive(other, 1, 0).map(drop);
    refused("stdio error", sending, libc::EPERM)?;
    refused("stdio sendfd error", sending, 0)?;
    refused("stdio sendfd error", receiving, libc::EPERM)?;
    refused("stdio recvfd error", receiving, 0)?;
    refused("stdio error", plain, 0)?;
    refused("stdio error", |_, _| socket(SOCK_STREAM).map(drop), libc::EPERM)?;
    refused("stdio unix error", |_, _| socket(SOCK_STREAM).map(drop), 0)?;
    refused("stdio error", |_, _| pair(SOCK_STREAM).map(drop), 0)
}

fn capability_mode() -> Holds {
    in_child(|| {
        holding(|| {
            let name = format!("\0mode-{}", std::process::id()).into_bytes();
            let server = socket(SOCK_STREAM)?;
            bind(&server, &name)?;
            listen(&server, 1)?;
            call(number::cap_enter, &[]).map_err(|errno| errno.name())?;
            fails(connect(&socket(SOCK_STREAM)?, &name), ECAPMODE, "connect")?;
            fails(connect(&socket(SOCK_STREAM)?, b"/tmp/x"), ECAPMODE, "connect to a path")?;
            fails(bind(&socket(SOCK_STREAM)?, b"\0other"), ECAPMODE, "bind")?;
            fails(bind(&socket(SOCK_STREAM)?, b"/tmp/x"), ECAPMODE, "bind to a path")?;
            fails(send_to(&socket(SOCK_DGRAM)?, b"x", &name), ECAPMODE, "a datagram")?;
            let (one, other) = pair(SOCK_STREAM)?;
            send_slots(&one, b"x", &[server.as_raw_fd()])?;
            ensure(receive_message(&other, 1, room(1), 0)?.slots.len() == 1, "what is held goes on")
        })
    })
}
