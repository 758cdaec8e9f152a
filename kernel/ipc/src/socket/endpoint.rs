//! Endpoints: the part of a socket that others know.
//!
//! A [`Socket`](super::Socket) is what slots hold; its endpoint is what peers, names and messages refer to. So the number of
//! references to the socket says who can use it, and its drop is the last close. An endpoint
//! exists before its socket where a connection waits to be accepted, and after it while peers still ask for its name.

use super::SocketKind;
use super::address::Address;
use super::inbox::Inbox;
use super::message::Message;
use super::options::Options;
use super::socket::Socket;
use super::{names, registry};
use abi::types::Ucred;
use abi::{Errno, Result};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use sched::{Attachment, WaitQueue};
use sync::ranks::{ObjectState, SocketReader, SocketState};
use sync::{Mutex, Once, SpinLock};

/// Messages that a datagram socket keeps from those it is not connected to, before they must wait.
const DATAGRAMS_MAX: usize = 10;

/// Nothing more will be received. Bits of [`Endpoint::shut`].
pub const SHUT_RECEIVE: u32 = 1;
/// Nothing more may be sent.
pub const SHUT_SEND: u32 = 2;

/// One side of a conversation.
pub struct Endpoint {
    /// What sort of conversation.
    pub kind: SocketKind,
    /// The inode number.
    pub number: u64,
    /// What `setsockopt` set.
    pub options: Options,
    /// Who reads holds it, so that bytes of a stream come out in order. Senders do not take it.
    pub reader: Mutex<(), SocketReader>,
    /// What was not received yet. Messages leave it under `reader` only, or when nobody can receive any more.
    inbox: Inbox,
    /// Where readers and accepters sleep, and where the socket is polled. Shared with the [relay](super::relay) at a peer.
    pub readers: Arc<WaitQueue>,
    /// Where those sleep who wait for room: here for what is sent from here, and senders and connecters elsewhere for room in
    /// the queue here.
    pub writers: WaitQueue,
    is_polled: AtomicBool,
    /// Bytes sent and not received, with what their messages cost.
    charged: AtomicUsize,
    shut: AtomicU32,
    error: AtomicI32,
    /// Links that change when it is bound, connected, listened on and closed.
    pub state: SpinLock<State, SocketState>,
    /// The object that slots hold. Unset before the connection is accepted.
    socket: Once<Weak<Socket>>,
    /// For a connection: the listening endpoint that it came from.
    listener: Option<Weak<Endpoint>>,
    /// The next one of those that wait to be emptied: see [`super::burial`].
    next: SpinLock<Option<Arc<Endpoint>>, ObjectState>,
}

/// What an endpoint is linked with.
#[derive(Default)]
pub struct State {
    /// How far it is.
    pub phase: Phase,
    /// Its name.
    pub address: Option<Arc<Address>>,
    /// Where it sends to.
    pub peer: Option<Arc<Endpoint>>,
    /// Who made the other end; for a listening socket, who listened.
    pub credentials: Option<Ucred>,
    /// Connections that wait to be accepted.
    pub backlog: VecDeque<Arc<Endpoint>>,
    /// How many may wait.
    pub backlog_limit: usize,
    /// Tells those who poll here that there is room at the peer again.
    pub relay: Option<Attachment>,
}

/// How far a socket is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Made, perhaps with a name.
    #[default]
    Idle,
    /// A connection is being made.
    Connecting,
    /// It has a peer.
    Connected,
    /// It takes connections.
    Listening,
    /// Nobody holds it any more.
    Closed,
}

/// What a closed endpoint has left over.
pub enum Remains {
    /// A message that nobody received.
    Message(Box<Message>),
    /// A connection that nobody accepted.
    Connection(Arc<Endpoint>),
}

impl Endpoint {
    /// An endpoint without a peer; of a connection to `listener`, if one is given. ENOMEM.
    pub fn new(kind: SocketKind, listener: Option<&Arc<Self>>) -> Result<Arc<Self>> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let readers = mm::alloc::try_arc(WaitQueue::new())?;
        let endpoint = mm::alloc::try_arc(Self {
            kind,
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            options: Options::default(),
            reader: Mutex::new(()),
            inbox: Inbox::new(),
            readers,
            writers: WaitQueue::new(),
            is_polled: AtomicBool::new(false),
            charged: AtomicUsize::new(0),
            shut: AtomicU32::new(0),
            error: AtomicI32::new(0),
            state: SpinLock::new(State::default()),
            socket: Once::new(),
            listener: listener.map(Arc::downgrade),
            next: SpinLock::new(None),
        })?;
        registry::enter(&endpoint)?;
        Ok(endpoint)
    }

    /// Makes `socket` the object that stands for it. Once.
    pub fn belongs_to(&self, socket: &Arc<Socket>) {
        self.socket.call_once(|| Arc::downgrade(socket));
    }

    /// References to its socket: slots, calls under way, and messages.
    pub fn handles(&self) -> usize {
        self.socket.get().map_or(0, Weak::strong_count)
    }

    /// The address of the endpoint whose holders can receive what is sent here: of the listening one where the connection was not
    /// accepted yet. A number only, since a reference might turn out to be the last.
    pub fn owner(&self) -> usize {
        match &self.listener {
            Some(listener) if self.is_waiting() => listener.as_ptr().addr(),
            _ => core::ptr::from_ref(self).addr(),
        }
    }

    /// Whether it is a connection that was not accepted yet.
    pub fn is_waiting(&self) -> bool {
        !self.socket.is_completed()
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    /// The peer. ENOTCONN.
    pub fn peer(&self) -> Result<Arc<Self>> {
        self.state.lock().peer.clone().ok_or(Errno::ENOTCONN)
    }

    /// The name.
    pub fn address(&self) -> Option<Arc<Address>> {
        self.state.lock().address.clone()
    }

    /// Which directions are shut.
    pub fn shut(&self) -> u32 {
        self.shut.load(Ordering::Acquire)
    }

    /// Shuts directions, and lets everybody know who waits here.
    pub fn shut_down(&self, directions: u32) {
        self.shut.fetch_or(directions, Ordering::AcqRel);
        self.wake_all();
    }

    /// Wakes everybody who waits here for anything.
    pub fn wake_all(&self) {
        self.readers.wake_all();
        self.writers.wake_all();
    }

    /// Takes the pending error, if there is one.
    pub fn take_error(&self) -> Option<Errno> {
        if self.error.load(Ordering::Relaxed) == 0 {
            return None;
        }
        Errno::from_raw(self.error.swap(0, Ordering::AcqRel).into())
    }

    /// Whether an error is pending.
    pub fn has_error(&self) -> bool {
        self.error.load(Ordering::Acquire) != 0
    }

    /// Has the next call fail.
    pub fn set_error(&self, errno: Errno) {
        self.error.store(errno.raw(), Ordering::Release);
    }

    /// What was not received yet.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Messages that wait to be received.
    pub fn count(&self) -> usize {
        self.inbox.count()
    }

    /// Bytes that the next receive could give at most: all of a stream, the first message otherwise.
    pub fn next_size(&self) -> usize {
        match self.kind {
            SocketKind::Stream => self.inbox.held(),
            _ => self.inbox.first_size(),
        }
    }

    /// Whether a datagram from somebody it is not connected to must wait.
    pub fn is_full(&self) -> bool {
        self.count() > DATAGRAMS_MAX
    }

    /// Notes that the socket is polled, and gives the queue for that.
    pub fn polled_queue(&self) -> &WaitQueue {
        self.is_polled.store(true, Ordering::Relaxed);
        self.watch_peer();
        &self.readers
    }

    /// Whether it was ever polled.
    pub fn is_polled(&self) -> bool {
        self.is_polled.load(Ordering::Relaxed)
    }

    /// Bytes sent from here that nobody has received, with what their messages cost.
    pub fn charged(&self) -> usize {
        self.charged.load(Ordering::Acquire)
    }

    /// Whether more may be sent now.
    pub fn has_room(&self) -> bool {
        self.charged() < self.options.send_limit()
    }

    /// Whether there is so much room that it is worth to be told.
    pub fn is_writable(&self) -> bool {
        self.charged() * 4 <= self.options.send_limit()
    }

    /// Charges for a message.
    pub fn charge(&self, amount: usize) {
        self.charged.fetch_add(amount, Ordering::AcqRel);
    }

    /// A message was received. Whoever waits for room is told once there is plenty.
    pub fn credit(&self, amount: usize) {
        let before = self.charged.fetch_sub(amount, Ordering::AcqRel);
        let limit = self.options.send_limit();
        if before * 4 > limit && (before - amount) * 4 <= limit {
            self.tell_of_room();
        }
    }

    /// There is room: writers and those who poll are told.
    pub fn tell_of_room(&self) {
        self.writers.wake_all();
        if self.is_polled.load(Ordering::Relaxed) {
            self.readers.wake_all();
        }
    }

    /// Puts a message into the queue. EPIPE if nobody will receive it, ENOMEM.
    pub fn push(&self, message: Box<Message>) -> Result<()> {
        self.inbox.push(message)?;
        self.readers.wake_one();
        Ok(())
    }

    /// Takes the first message out. The caller holds `reader`, or nobody can receive here any more.
    pub fn pop(&self) -> Option<Box<Message>> {
        let (message, before) = self.inbox.pop()?;
        if before > DATAGRAMS_MAX && self.kind != SocketKind::Stream {
            self.writers.wake_all();
        }
        Some(message)
    }

    /// Puts what is left of the first message back. The caller has held `reader` since it was taken.
    pub fn put_front(&self, message: Box<Message>) {
        self.inbox.put_front(message);
        // Who looked meanwhile saw nothing.
        self.readers.wake_one();
    }

    /// Puts a connection into the backlog. ECONNREFUSED when it does not listen, EAGAIN when there is no room, ENOMEM.
    pub fn push_connection(&self, connection: &Arc<Self>) -> Result<()> {
        {
            let mut state = self.state.lock();
            if state.phase != Phase::Listening || self.shut() & SHUT_RECEIVE != 0 {
                return Err(Errno::ECONNREFUSED);
            }
            if state.backlog.len() > state.backlog_limit {
                return Err(Errno::EAGAIN);
            }
            state.backlog.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            state.backlog.push_back(connection.clone());
        }
        self.readers.wake_one();
        Ok(())
    }

    /// Takes the connection that has waited longest.
    pub fn pop_connection(&self) -> Option<Arc<Self>> {
        let connection = self.state.lock().backlog.pop_front()?;
        self.writers.wake_one();
        Some(connection)
    }

    /// Whether a connection waits to be accepted.
    pub fn has_connection(&self) -> bool {
        !self.state.lock().backlog.is_empty()
    }

    /// Lets nothing more in, gives up the name, and parts from the peer. True the first time. What is in the queue stays
    /// there, for [`super::burial`].
    pub fn begin_close(&self) -> bool {
        let Some(has_unread) = self.inbox.close() else { return false };
        let (address, peer, relay) = {
            let mut state = self.state.lock();
            state.phase = Phase::Closed;
            (state.address.clone(), state.peer.take(), state.relay.take())
        };
        if let Some(address) = address {
            names::release(&address, self);
        }
        if let Some(peer) = peer.filter(|_| self.kind != SocketKind::Datagram) {
            if has_unread || self.is_waiting() {
                peer.set_error(Errno::ECONNRESET);
            }
            peer.shut_down(SHUT_RECEIVE | SHUT_SEND);
        }
        self.shut_down(SHUT_RECEIVE | SHUT_SEND);
        drop(relay);
        true
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.state.lock().phase == Phase::Closed
    }

    /// Takes one thing out of what is left over.
    pub fn take_remains(&self) -> Option<Remains> {
        if let Some(message) = self.pop() {
            return Some(Remains::Message(message));
        }
        self.state.lock().backlog.pop_front().map(Remains::Connection)
    }

    /// Links the next one of those that wait to be emptied.
    pub fn put_next(&self, next: Option<Arc<Self>>) {
        let old = core::mem::replace(&mut *self.next.lock(), next);
        debug_assert!(old.is_none(), "it waits to be emptied already");
    }

    /// Takes the link out.
    pub fn take_next(&self) -> Option<Arc<Self>> {
        self.next.lock().take()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        registry::leave(self.number);
    }
}
