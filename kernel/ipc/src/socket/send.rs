//! Sending.

use super::SocketKind;
use super::endpoint::{Endpoint, Phase, SHUT_RECEIVE, SHUT_SEND};
use super::luggage::Luggage;
use super::message::Message;
use super::quota::Quota;
use super::socket::Socket;
use super::{caller_as_sender, error_of};
use crate::pipe::Waiting;
use abi::types::Ucred;
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use mm::user::Source;
use object::ObjectCapability;
use sched::Wait;

/// Bytes of a stream in one message at most.
const PIECE_MAX: usize = 32 << 10;
/// How the receiver of a datagram was given.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Receiver {
    /// With the message.
    Named,
    /// It is the peer.
    Peer,
}

/// What the largest datagram is smaller by than the limit of what may be sent.
const DATAGRAM_MARGIN: usize = 32;

/// What goes with the bytes.
#[derive(Default)]
pub struct Extras {
    /// Capabilities, and the count of them for whoever sends.
    pub capabilities: Option<(Vec<ObjectCapability>, Quota)>,
    /// Who says that they sent it; checked.
    pub credentials: Option<Ucred>,
}

impl Extras {
    /// Puts what there is into a message to `to`.
    fn load(&mut self, message: &mut Message, from: &Endpoint, to: &Arc<Endpoint>) -> Result<()> {
        if let Some((capabilities, quota)) = self.capabilities.take() {
            message.luggage = Some(Luggage::new(capabilities, quota, to)?);
        }
        message.credentials = self.credentials;
        let is_wanted = || to.options.passes_credentials() || from.options.passes_credentials() || to.is_waiting();
        if message.credentials.is_none() && is_wanted() {
            message.credentials = Some(caller_as_sender());
        }
        Ok(())
    }
}

impl Socket {
    /// Sends bytes, and what goes with them: to `to`, or to the peer. How many bytes went.
    ///
    /// EPIPE, ENOTCONN, EISCONN, EOPNOTSUPP, EMSGSIZE, ECONNREFUSED, EPERM, EAGAIN, ERESTARTSYS, EINTR, EFAULT, ENOMEM.
    pub fn send(
        &self,
        from: &mut Source<'_>,
        to: Option<Arc<Endpoint>>,
        extras: Extras,
        waiting: Waiting,
    ) -> Result<usize> {
        let me = self.endpoint();
        match me.kind {
            SocketKind::Stream => match to {
                Some(_) if me.state.lock().phase == Phase::Connected => Err(Errno::EISCONN),
                Some(_) => Err(Errno::EOPNOTSUPP),
                None => send_stream(me, from, extras, waiting),
            },
            SocketKind::SeqPacket => send_datagram(me, from, None, extras, waiting),
            SocketKind::Datagram => send_datagram(me, from, to, extras, waiting),
        }
    }
}

fn send_stream(me: &Arc<Endpoint>, from: &mut Source<'_>, mut extras: Extras, waiting: Waiting) -> Result<usize> {
    let peer = me.peer()?;
    let total = from.remaining();
    if me.shut() & SHUT_SEND != 0 {
        return Err(Errno::EPIPE);
    }
    let mut done = 0;
    while done < total {
        match send_piece(me, &peer, from, total - done, &mut extras, waiting) {
            Ok(count) => done += count,
            Err(_) if done > 0 => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(done)
}

fn send_piece(
    me: &Arc<Endpoint>,
    peer: &Arc<Endpoint>,
    from: &mut Source<'_>,
    left: usize,
    extras: &mut Extras,
    waiting: Waiting,
) -> Result<usize> {
    let most = PIECE_MAX.min(me.options.send_limit() / 2);
    let count = left.min(most);
    wait_for_room(me, waiting)?;
    let mut message = Message::new(from, count)?;
    extras.load(&mut message, me, peer)?;
    message.charge_to(me.clone());
    peer.push(message)?;
    Ok(count)
}

/// Waits until what was sent from here before has been received, so far as the limit demands.
fn wait_for_room(me: &Endpoint, waiting: Waiting) -> Result<()> {
    let is_over = || (me.has_room() || me.shut() & SHUT_SEND != 0).then_some(());
    if is_over().is_none() {
        wait_at(me, me, waiting, is_over)?;
    }
    if me.shut() & SHUT_SEND != 0 { Err(Errno::EPIPE) } else { Ok(()) }
}

/// Sleeps where those sleep who wait for room at `place`, on behalf of `me`.
#[cold]
fn wait_at(me: &Endpoint, place: &Endpoint, waiting: Waiting, is_over: impl FnMut() -> Option<()>) -> Result<()> {
    if waiting == Waiting::Forbidden {
        return Err(Errno::EAGAIN);
    }
    let wait: Wait = me.options.wait(super::Direction::Send);
    place.writers.wait_until(wait, is_over).map_err(|error| error_of(error, wait))
}

fn send_datagram(
    me: &Arc<Endpoint>,
    from: &mut Source<'_>,
    to: Option<Arc<Endpoint>>,
    mut extras: Extras,
    waiting: Waiting,
) -> Result<usize> {
    let (peer, receiver) = match to {
        Some(to) => (to, Receiver::Named),
        None => (me.peer()?, Receiver::Peer),
    };
    let len = from.remaining();
    if len > me.options.send_limit() - DATAGRAM_MARGIN {
        return Err(Errno::EMSGSIZE);
    }
    wait_for_room(me, waiting)?;
    let mut message = Message::new(from, len)?;
    check_receiver(me, &peer, receiver)?;
    if must_wait(me, &peer) {
        let is_over = || (!must_wait(me, &peer) || peer.shut() & SHUT_RECEIVE != 0).then_some(());
        wait_at(me, &peer, waiting, is_over)?;
        check_receiver(me, &peer, receiver)?;
    }
    extras.load(&mut message, me, &peer)?;
    message.charge_to(me.clone());
    match peer.push(message) {
        Ok(()) => Ok(len),
        Err(Errno::EPIPE) => Err(is_gone(me, &peer, receiver)),
        Err(errno) => Err(errno),
    }
}

/// Whether a datagram to `peer` has to wait. Two that are connected to each other are bounded by what they may send.
pub(super) fn must_wait(me: &Endpoint, peer: &Endpoint) -> bool {
    peer.is_full() && !core::ptr::eq(me, peer) && !is_peer_of(me, peer)
}

/// Whether `other` sends to `me`.
fn is_peer_of(me: &Endpoint, other: &Endpoint) -> bool {
    other.state.lock().peer.as_ref().is_some_and(|peer| core::ptr::eq(Arc::as_ptr(peer), me))
}

/// Whether `peer` takes messages from `me`: if it is connected, then only from its own peer.
pub(super) fn takes_from(me: &Endpoint, peer: &Endpoint) -> bool {
    let state = peer.state.lock();
    state.peer.as_ref().is_none_or(|its_peer| core::ptr::eq(Arc::as_ptr(its_peer), me))
}

fn check_receiver(me: &Endpoint, peer: &Arc<Endpoint>, receiver: Receiver) -> Result<()> {
    if peer.is_closed() {
        return Err(is_gone(me, peer, receiver));
    }
    if me.kind == SocketKind::Datagram && !takes_from(me, peer) {
        return Err(Errno::EPERM);
    }
    if peer.shut() & SHUT_RECEIVE != 0 { Err(Errno::EPIPE) } else { Ok(()) }
}

/// The error for a receiver that was closed. A datagram socket parts from it.
fn is_gone(me: &Endpoint, peer: &Arc<Endpoint>, receiver: Receiver) -> Errno {
    if me.kind == SocketKind::SeqPacket {
        return Errno::EPIPE;
    }
    if receiver == Receiver::Peer {
        let parted = {
            let mut state = me.state.lock();
            let is_same = state.peer.as_ref().is_some_and(|now| Arc::ptr_eq(now, peer));
            is_same.then(|| (core::mem::replace(&mut state.phase, Phase::Idle), state.peer.take(), state.relay.take()))
        };
        drop(parted);
    }
    Errno::ECONNREFUSED
}
