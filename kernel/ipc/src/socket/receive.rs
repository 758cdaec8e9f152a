//! Receiving.

use super::SocketKind;
use super::address::Address;
use super::endpoint::{Endpoint, Phase, SHUT_RECEIVE};
use super::error_of;
use super::message::Message;
use super::socket::Socket;
use crate::pipe::Waiting;
use abi::types::Ucred;
use abi::{Errno, MessageFlags, Result};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use mm::user::Sink;
use object::ObjectCapability;
use sched::Wait;

/// What is told of a sender who is not known.
const NOBODY: Ucred = Ucred { pid: 0, uid: 65534, gid: 65534 };

/// What came.
#[derive(Default)]
pub struct Received {
    /// Bytes, or the whole size of a message of which not all was taken, if that was asked for.
    pub count: usize,
    /// TRUNCATED if a message was larger than the room for it.
    pub flags: MessageFlags,
    /// Capabilities that came with them.
    pub capabilities: Vec<ObjectCapability>,
    /// Who sent them, if the socket passes that on.
    pub credentials: Option<Ucred>,
    /// The sender's name; of a stream it is the peer's.
    pub from: Option<Arc<Address>>,
}

/// Why a look through the queue of a stream ended.
#[derive(PartialEq, Eq)]
enum Stop {
    /// What comes next does not belong to the same answer, or there is no room for it.
    Here,
    /// The queue has no more.
    Empty,
}

impl Socket {
    /// Receives bytes and what comes with them. EAGAIN, EINVAL, ENOTCONN, ECONNRESET, ERESTARTSYS, EINTR, EFAULT, ENOMEM.
    pub fn receive(&self, to: &mut Sink<'_>, flags: MessageFlags, waiting: Waiting) -> Result<Received> {
        match self.endpoint().kind {
            SocketKind::Stream => receive_stream(self.endpoint(), to, flags, waiting),
            _ => receive_datagram(self.endpoint(), to, flags, waiting),
        }
    }
}

fn receive_stream(me: &Endpoint, to: &mut Sink<'_>, flags: MessageFlags, waiting: Waiting) -> Result<Received> {
    let waits_for_all = flags.contains(MessageFlags::WAIT_ALL) && !flags.contains(MessageFlags::PEEK);
    let target = if waits_for_all { to.remaining() } else { to.remaining().min(1) };
    let mut received = Received::default();
    let mut wait = None;
    loop {
        let stop = {
            let _reader = me.reader.lock();
            match flags.contains(MessageFlags::PEEK) {
                true => look_at_queue(me, to, &mut received)?,
                false => take_from_queue(me, to, &mut received)?,
            }
        };
        if stop == Stop::Here || received.count >= target {
            // Another reader may have been told of what is left over, and gone to sleep again behind this one.
            if wait.is_some() && me.count() > 0 {
                me.readers.wake_one();
            }
            return Ok(received);
        }
        match wait_for_more(me, waiting, &mut wait) {
            Ok(More::Perhaps) => {}
            Ok(More::No) => return Ok(received),
            Err(_) if received.count > 0 => return Ok(received),
            Err(errno) => return Err(errno),
        }
    }
}

/// Whether more can come.
enum More {
    Perhaps,
    No,
}

/// Waits at an empty queue until something comes, or nothing can.
fn wait_for_more(me: &Endpoint, waiting: Waiting, wait: &mut Option<Wait>) -> Result<More> {
    if let Some(errno) = me.take_error() {
        return Err(errno);
    }
    if me.shut() & SHUT_RECEIVE != 0 {
        // What was sent before the end is still to be received.
        return Ok(if me.count() > 0 { More::Perhaps } else { More::No });
    }
    if me.kind != SocketKind::Datagram && me.state.lock().phase != Phase::Connected {
        return Err(if me.kind == SocketKind::Stream { Errno::EINVAL } else { Errno::ENOTCONN });
    }
    if waiting == Waiting::Forbidden {
        return Err(Errno::EAGAIN);
    }
    let wait = *wait.get_or_insert_with(|| me.options.wait(super::Direction::Receive));
    let is_over = || (me.count() > 0 || me.shut() & SHUT_RECEIVE != 0 || me.has_error()).then_some(());
    me.readers.wait_until(wait, is_over).map_err(|error| error_of(error, wait))?;
    Ok(More::Perhaps)
}

/// Takes what belongs together from the front of a stream's queue. The caller holds `reader`.
fn take_from_queue(me: &Endpoint, to: &mut Sink<'_>, received: &mut Received) -> Result<Stop> {
    while to.remaining() > 0 {
        let Some(mut message) = me.pop() else { return Ok(Stop::Empty) };
        if !belongs(me, &message, received) {
            me.put_front(message);
            return Ok(Stop::Here);
        }
        let wanted = message.remaining().min(to.remaining());
        let copied = match message.copy_to(to) {
            Ok(copied) => copied,
            Err(errno) => {
                me.put_front(message);
                return if received.count > 0 { Ok(Stop::Here) } else { Err(errno) };
            }
        };
        received.note(me, &message);
        received.count += copied;
        let luggage = message.luggage.take();
        message.advance(copied);
        // The message's sender is the peer, which the endpoint holds: no last reference is dropped here.
        if message.remaining() > 0 {
            me.put_front(message);
        }
        if let Some(luggage) = luggage {
            received.capabilities = luggage.unload();
            return Ok(Stop::Here);
        }
        if copied < wanted {
            return Ok(Stop::Here);
        }
    }
    Ok(Stop::Here)
}

/// Looks at what belongs together at the front of a stream's queue. The caller holds `reader`.
fn look_at_queue(me: &Endpoint, to: &mut Sink<'_>, received: &mut Received) -> Result<Stop> {
    let mut at = 0;
    while to.remaining() > 0 {
        let Some(message) = me.inbox().borrow(at) else { return Ok(Stop::Empty) };
        let wanted = message.remaining().min(to.remaining());
        let (mut copied, mut copies) = (Ok(0), None);
        let is_next = belongs(me, &message, received);
        if is_next {
            copied = message.copy_to(to);
            copies = message.luggage.as_ref().map(|luggage| luggage.copies());
            received.note(me, &message);
        }
        me.inbox().give_back(at, message);
        match copied {
            Ok(copied) => received.count += copied,
            Err(errno) if received.count == 0 => return Err(errno),
            Err(_) => return Ok(Stop::Here),
        }
        if let Some(copies) = copies {
            received.capabilities = copies?;
            return Ok(Stop::Here);
        }
        if !is_next || copied.is_ok_and(|copied| copied < wanted) {
            return Ok(Stop::Here);
        }
        at += 1;
    }
    Ok(Stop::Here)
}

/// Whether a message may be told together with those before it: not if somebody else sent it, and that is told.
fn belongs(me: &Endpoint, message: &Message, received: &Received) -> bool {
    received.count == 0
        || !me.options.passes_credentials()
        || received.credentials == Some(message.credentials.unwrap_or(NOBODY))
}

impl Received {
    /// Notes who sent a message.
    fn note(&mut self, me: &Endpoint, message: &Message) {
        if me.options.passes_credentials() {
            self.credentials = Some(message.credentials.unwrap_or(NOBODY));
        }
        if me.kind != SocketKind::Stream {
            self.from = message.origin().and_then(|origin| origin.address());
        }
    }
}

fn receive_datagram(me: &Endpoint, to: &mut Sink<'_>, flags: MessageFlags, waiting: Waiting) -> Result<Received> {
    let mut wait = None;
    loop {
        let taken = {
            let _reader = me.reader.lock();
            take_datagram(me, to, flags)
        };
        match taken {
            // The message itself is dropped here, where nothing is locked.
            Some(Taken { result, message }) => {
                drop(message);
                return result;
            }
            None => match wait_for_more(me, waiting, &mut wait)? {
                More::Perhaps => {}
                More::No => return Ok(Received::default()),
            },
        }
    }
}

/// A datagram that was taken: what is told of it, and itself if it has left the queue.
struct Taken {
    result: Result<Received>,
    message: Option<Box<Message>>,
}

/// Takes the first message, or a look at it. The caller holds `reader`.
fn take_datagram(me: &Endpoint, to: &mut Sink<'_>, flags: MessageFlags) -> Option<Taken> {
    let is_peeking = flags.contains(MessageFlags::PEEK);
    let mut message = if is_peeking { me.inbox().borrow(0)? } else { me.pop()? };
    let len = message.remaining();
    let wanted = len.min(to.remaining());
    let is_whole = message.copy_to(to).and_then(|copied| if copied < wanted { Err(Errno::EFAULT) } else { Ok(()) });
    let mut received = Received::default();
    received.note(me, &message);
    received.flags.set(MessageFlags::TRUNCATED, wanted < len);
    received.count = if flags.contains(MessageFlags::TRUNCATED) { len } else { wanted };
    if is_peeking {
        let copies = message.luggage.as_ref().map(|luggage| luggage.copies()).transpose();
        me.inbox().give_back(0, message);
        let result = is_whole.and(copies).map(|copies| {
            received.capabilities = copies.unwrap_or_default();
            received
        });
        return Some(Taken { result, message: None });
    }
    // What cannot be delivered is lost all the same, as on Linux.
    let result = is_whole.map(|()| {
        received.capabilities = message.luggage.take().map(|luggage| luggage.unload()).unwrap_or_default();
        received
    });
    Some(Taken { result, message: Some(message) })
}
