//! Capabilities and credentials in messages.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use libc::{EBADF, EINVAL, EPERM, MSG_CMSG_CLOEXEC, MSG_CTRUNC, MSG_DONTWAIT, MSG_PEEK};
use libc::{SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};
use trials::{Holds, Report};

use super::kit::*;

pub(crate) fn run(report: &mut Report) {
    report.check("descriptors go from one process to another", between_processes());
    report.check("every kind of socket carries them", every_kind());
    report.check("what does not fit is dropped and told", truncated());
    report.check("a full table takes what it can", full_table());
    report.check("at most 253 at a time, and none that are bad", refused());
    report.check("a look copies them", peeking());
    report.check("reads drop them", dropped());
    report.check("a socket can carry itself", itself());
    report.check("messages end where capabilities came", borders());
    report.check("credentials are told and true", credentials());
    report.check("the peer's credentials are known", peer_credentials());
}

/// Room for so many slots.
pub(crate) const fn room(slots: usize) -> usize {
    (16 + 4 * slots).next_multiple_of(8)
}

fn temporary(text: &[u8]) -> std::io::Result<File> {
    // SAFETY: a text that ends in NUL.
    let slot = check(unsafe { libc::memfd_create(c"carried".as_ptr(), 0) })?;
    // SAFETY: the slot was just made.
    let mut file = unsafe { <File as std::os::fd::FromRawFd>::from_raw_fd(slot) };
    file.write_all(text)?;
    Ok(file)
}

fn content(slot: OwnedFd) -> std::io::Result<String> {
    let mut file = File::from(slot);
    let mut text = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

fn between_processes() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        let child = trials::child::fork(|| {
            let file = temporary(b"from the child");
            let sent = file.and_then(|file| send_slots(&one, b"!", &[file.as_raw_fd()]));
            i32::from(sent.is_err())
        })?;
        let mut message = receive_message(&other, 10, room(1), 0)?;
        ensure(trials::child::wait(child, 0)?.1 == 0, "the child")?;
        ensure(message.bytes == b"!" && message.slots.len() == 1 && message.flags == 0, "the message")?;
        let slot = message.slots.pop().ok_or("a slot")?;
        ensure(content(slot)? == "from the child", "its content")
    })
}

fn every_kind() -> Holds {
    holding(|| {
        for kind in [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET] {
            let (one, other) = pair(kind)?;
            let files = [temporary(b"a")?, temporary(b"b")?, temporary(b"c")?];
            let slots: Vec<RawFd> = files.iter().map(AsRawFd::as_raw_fd).collect();
            send_slots(&one, b"three", &slots)?;
            drop(files);
            let message = receive_message(&other, 10, room(3), MSG_CMSG_CLOEXEC)?;
            ensure(message.bytes == b"three" && message.flags == MSG_CMSG_CLOEXEC, "the message")?;
            for slot in &message.slots {
                // SAFETY: a slot and a number.
                let flags = check(unsafe { libc::fcntl(slot.as_raw_fd(), libc::F_GETFD) })?;
                ensure(flags == libc::FD_CLOEXEC, "closed by exec")?;
            }
            let texts: Vec<String> = message.slots.into_iter().map(content).collect::<Result<_, _>>()?;
            ensure(texts.concat() == "abc", "in order")?;
        }
        let (one, other) = pair(SOCK_DGRAM)?;
        send_slots(&one, b"", &[one.as_raw_fd()])?;
        ensure(receive_message(&other, 10, room(1), 0)?.slots.len() == 1, "without bytes")
    })
}

fn truncated() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        let slot = one.as_raw_fd();
        // The size of the room, and how many fit.
        for (room, fitting) in [(0, 0), (8, 0), (16, 0), (19, 0), (20, 1), (24, 2), (27, 2), (28, 3), (32, 4), (100, 5)]
        {
            send_slots(&one, b"x", &[slot; 5])?;
            let before = slots_in_use()?;
            let message = receive_message(&other, 1, room, 0)?;
            ensure(message.slots.len() == fitting, &format!("{room} bytes: {} slots", message.slots.len()))?;
            ensure((message.flags & MSG_CTRUNC != 0) == (fitting < 5), "told")?;
            ensure(slots_in_use()? == before + fitting, "no slot more")?;
        }
        Ok(())
    })
}

fn slots_in_use() -> std::io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/fd")?.count())
}

fn set_slot_limit(limit: u64) -> std::io::Result<u64> {
    let mut limits = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: room for the limits.
    check(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limits) })?;
    let old = std::mem::replace(&mut limits.rlim_cur, limit);
    // SAFETY: the limits are there.
    check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limits) })?;
    Ok(old)
}

fn full_table() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        send_slots(&one, b"x", &[one.as_raw_fd(); 4])?;
        // The next two slots to be taken.
        let (next, last) = (one.try_clone()?, one.try_clone()?);
        let limit = last.as_raw_fd() as u64 + 1;
        drop((next, last));
        let old = set_slot_limit(limit)?;
        let message = receive_message(&other, 1, room(4), 0);
        set_slot_limit(old)?;
        let message = message?;
        let count = message.slots.len();
        ensure(count == 2 && message.flags & MSG_CTRUNC != 0, &format!("{count} of four, not two"))?;
        ensure(message.bytes == b"x", "the byte")
    })
}

fn refused() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        let slot = one.as_raw_fd();
        fails(send_slots(&one, b"x", &[slot; 254]), EINVAL, "254")?;
        fails(send_slots(&one, b"x", &[slot, 999]), EBADF, "a bad one")?;
        fails(receive(&other, 1, MSG_DONTWAIT), libc::EAGAIN, "nothing was sent")?;
        send_slots(&one, b"x", &[slot; 253])?;
        ensure(receive_message(&other, 1, room(253), 0)?.slots.len() == 253, "253")
    })
}

fn peeking() -> Holds {
    holding(|| {
        for kind in [SOCK_STREAM, SOCK_SEQPACKET] {
            let (one, other) = pair(kind)?;
            let file = temporary(b"seen")?;
            send_slots(&one, b"x", &[file.as_raw_fd(), one.as_raw_fd()])?;
            for flags in [MSG_PEEK, MSG_PEEK, 0] {
                let mut message = receive_message(&other, 1, room(2), flags)?;
                ensure(message.slots.len() == 2, "both")?;
                ensure(content(message.slots.swap_remove(0))? == "seen", "the content")?;
            }
            fails(receive(&other, 1, MSG_DONTWAIT), libc::EAGAIN, "nothing is left")?;
        }
        Ok(())
    })
}

fn dropped() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        let (reader, writer) = std::io::pipe()?;
        send_slots(&one, b"x", &[writer.as_raw_fd()])?;
        drop(writer);
        ensure(receive(&other, 1, 0)? == b"x", "the byte")?;
        ensure((&reader).read(&mut [0])? == 0, "the last writer is gone")?;
        let (reader, writer) = std::io::pipe()?;
        send_slots(&one, b"x", &[writer.as_raw_fd()])?;
        drop((writer, other));
        ensure((&reader).read(&mut [0])? == 0, "gone with the queue")
    })
}

fn itself() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        send_slots(&one, b"x", &[other.as_raw_fd(), one.as_raw_fd()])?;
        let message = receive_message(&other, 1, room(2), 0)?;
        let [again, first] = &message.slots[..] else { return Err("two slots".into()) };
        send(first, b"round", 0)?;
        ensure(receive(again, 10, 0)? == b"round", "the same socket")
    })
}

fn borders() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        send(&one, b"plain ", 0)?;
        send_slots(&one, b"loaded ", &[one.as_raw_fd()])?;
        send(&one, b"after", 0)?;
        let message = receive_message(&other, 100, room(4), 0)?;
        ensure(message.bytes == b"plain loaded " && message.slots.len() == 1, "up to where they came")?;
        send_slots(&one, b" more", &[one.as_raw_fd()])?;
        let message = receive_message(&other, 7, room(4), 0)?;
        ensure(message.bytes == b"after m" && message.slots.len() == 1, "with the first byte")?;
        let message = receive_message(&other, 7, room(4), 0)?;
        ensure(message.bytes == b"ore" && message.slots.is_empty(), "once")
    })
}

fn own() -> (i32, u32, u32) {
    // SAFETY: no memory is involved.
    unsafe { (libc::getpid(), libc::getuid(), libc::getgid()) }
}

fn credentials() -> Holds {
    holding(|| {
        let (one, other) = pair(SOCK_STREAM)?;
        set_option(&other, libc::SO_PASSCRED, 1)?;
        ensure(option(&other, libc::SO_PASSCRED)? == 1, "what was set")?;
        send(&one, b"x", 0)?;
        ensure(receive_message(&other, 1, 64, 0)?.credentials == Some(own()), "without being said")?;
        let child = trials::child::fork(|| i32::from(send(&one, b"y", 0).is_err()))?;
        send(&one, b"", 0)?;
        let (pid, ..) = receive_message(&other, 1, 64, 0)?.credentials.ok_or("credentials")?;
        ensure(pid == child && trials::child::wait(child, 0)?.1 == 0, "the child's")?;
        // What different senders sent is told apart.
        send(&one, b"a", 0)?;
        let child = trials::child::fork(|| i32::from(send(&one, b"b", 0).is_err()))?;
        trials::child::wait(child, 0)?;
        ensure(receive_message(&other, 10, 64, 0)?.bytes == b"a", "one sender at a time")?;
        ensure(receive_message(&other, 10, 64, 0)?.bytes == b"b", "then the other")?;
        let child = trials::child::fork(|| i32::from(forge(&one).is_err()))?;
        ensure(trials::child::wait(child, 0)?.1 == 0, "forged ones")
    })
}

/// What an ordinary user may say of itself.
fn forge(one: &OwnedFd) -> Outcome {
    // SAFETY: no memory is involved.
    check(unsafe { libc::setgid(100) })?;
    // SAFETY: no memory is involved.
    check(unsafe { libc::setuid(100) })?;
    let (pid, uid, gid) = own();
    let say = |pid, uid, gid| {
        let credentials = Some(libc::ucred { pid, uid, gid });
        send_message(one, b"x", &Carried { credentials, ..Carried::default() }, 0)
    };
    say(pid, uid, gid)?;
    fails(say(pid, 0, gid), EPERM, "the superuser")?;
    fails(say(pid, uid, 0), EPERM, "its group")?;
    fails(say(1, uid, gid), EPERM, "another process")
}

fn peer_credentials() -> Holds {
    holding(|| {
        let (one, _other) = pair(SOCK_STREAM)?;
        let mut words = [0_u32; 3];
        let mut size = 12;
        let (level, option) = (libc::SOL_SOCKET, libc::SO_PEERCRED);
        // SAFETY: room for three words.
        check(unsafe { libc::getsockopt(one.as_raw_fd(), level, option, words.as_mut_ptr().cast(), &raw mut size) })?;
        ensure((words[0] as i32, words[1], words[2]) == own() && size == 12, "of a pair")
    })
}
