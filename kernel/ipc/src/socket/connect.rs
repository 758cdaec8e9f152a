//! Names and connections.

use super::address::Address;
use super::burial;
use super::endpoint::{Endpoint, Phase, SHUT_RECEIVE};
use super::send::takes_from;
use super::socket::Socket;
use super::{SocketKind, caller_as_peer, error_of, names};
use crate::pipe::Waiting;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

/// How many names there are that a socket can be given by itself: five hexadecimal digits.
const AUTOMATIC_NAMES: u32 = 1 << 20;

impl Socket {
    /// Two sockets that are each other's peers. ENOMEM.
    pub fn pair(kind: SocketKind, flags: OpenFlags) -> Result<(Arc<Self>, Arc<Self>)> {
        let (one, other) = (Endpoint::new(kind, None)?, Endpoint::new(kind, None)?);
        let first = Self::open(one.clone(), flags)?;
        let second = Self::open(other.clone(), flags)?;
        let credentials = caller_as_peer();
        for (from, to) in [(&one, &other), (&other, &one)] {
            let mut state = from.state.lock();
            state.phase = Phase::Connected;
            state.peer = Some(to.clone());
            state.credentials = Some(credentials);
        }
        Ok((first, second))
    }

    /// Gives the socket a name. EINVAL if it has one, EADDRINUSE, ENOMEM.
    pub fn bind(&self, address: Address) -> Result<()> {
        let me = self.endpoint();
        let address = mm::alloc::try_arc(address)?;
        {
            let mut state = me.state.lock();
            if state.address.is_some() {
                return Err(Errno::EINVAL);
            }
            state.address = Some(address.clone());
        }
        names::bind(&address, me).inspect_err(|_| {
            let refused = me.state.lock().address.take();
            drop(refused);
        })
    }

    /// Whether it has a name.
    pub fn is_bound(&self) -> bool {
        self.endpoint().state.lock().address.is_some()
    }

    /// Gives the socket any free name outside the file tree, if it has none. EADDRINUSE, ENOMEM.
    pub fn bind_to_any(&self) -> Result<()> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        for _ in 0..AUTOMATIC_NAMES {
            if self.is_bound() {
                return Ok(());
            }
            let number = NEXT.fetch_add(1, Ordering::Relaxed) % AUTOMATIC_NAMES;
            match self.bind(Address::Abstract(automatic_name(number)?)) {
                Err(Errno::EADDRINUSE) => {}
                // Another thread was quicker.
                Err(Errno::EINVAL) => return Ok(()),
                result => return result,
            }
        }
        Err(Errno::EADDRINUSE)
    }

    /// Connects to `target`. ECONNREFUSED, EPROTOTYPE, EISCONN, EINVAL, EPERM, EAGAIN, ERESTARTSYS, EINTR, ENOMEM.
    pub fn connect(&self, target: &Arc<Endpoint>, waiting: Waiting) -> Result<()> {
        let me = self.endpoint();
        if target.kind != me.kind {
            return Err(Errno::EPROTOTYPE);
        }
        if me.kind == SocketKind::Datagram {
            return connect_datagram(me, target);
        }
        {
            let mut state = me.state.lock();
            match state.phase {
                Phase::Idle => state.phase = Phase::Connecting,
                Phase::Connecting => return Err(Errno::EALREADY),
                Phase::Connected => return Err(Errno::EISCONN),
                Phase::Listening | Phase::Closed => return Err(Errno::EINVAL),
            }
        }
        join(me, target, waiting).inspect_err(|_| me.state.lock().phase = Phase::Idle)
    }

    /// Parts a datagram socket from its peer.
    pub fn disconnect(&self) {
        let me = self.endpoint();
        let parted = {
            let mut state = me.state.lock();
            (core::mem::replace(&mut state.phase, Phase::Idle), state.peer.take(), state.relay.take())
        };
        if parted.1.is_some() {
            forget_messages(me);
        }
    }

    /// Who made the other end.
    pub fn peer_credentials(&self) -> Option<abi::types::Ucred> {
        self.endpoint().state.lock().credentials
    }

    /// Its own name.
    pub fn name(&self) -> Option<Arc<Address>> {
        self.endpoint().address()
    }

    /// The peer's name. ENOTCONN.
    pub fn peer_name(&self) -> Result<Option<Arc<Address>>> {
        Ok(self.endpoint().peer()?.address())
    }
}

fn automatic_name(number: u32) -> Result<Vec<u8>> {
    let mut name = mm::alloc::try_vec(5)?;
    name.extend((0..5).rev().map(|digit| b"0123456789abcdef"[(number >> (4 * digit) & 15) as usize]));
    Ok(name)
}

/// Makes the other end of a connection and has it wait to be accepted.
fn join(me: &Arc<Endpoint>, target: &Arc<Endpoint>, waiting: Waiting) -> Result<()> {
    let connection = Endpoint::new(me.kind, Some(target))?;
    let (address, listener) = {
        let state = target.state.lock();
        (state.address.clone(), state.credentials)
    };
    {
        let mut state = connection.state.lock();
        state.phase = Phase::Connected;
        state.address = address;
        state.peer = Some(me.clone());
        state.credentials = Some(caller_as_peer());
    }
    let mut outcome = target.push_connection(&connection);
    if outcome == Err(Errno::EAGAIN) && waiting == Waiting::Allowed {
        let wait = me.options.wait(super::Direction::Send);
        let attempt = || match target.push_connection(&connection) {
            Err(Errno::EAGAIN) => None,
            result => Some(result),
        };
        outcome = target.writers.wait_until(wait, attempt).unwrap_or_else(|error| Err(error_of(error, wait)));
    }
    outcome?;
    let mut state = me.state.lock();
    state.phase = Phase::Connected;
    state.peer = Some(connection);
    state.credentials = listener;
    Ok(())
}

/// Datagram sockets only note whom they speak to.
fn connect_datagram(me: &Arc<Endpoint>, target: &Arc<Endpoint>) -> Result<()> {
    if target.is_closed() {
        return Err(Errno::ECONNREFUSED);
    }
    if !takes_from(me, target) {
        return Err(Errno::EPERM);
    }
    let (old, relay) = {
        let mut state = me.state.lock();
        state.phase = Phase::Connected;
        (state.peer.replace(target.clone()), state.relay.take())
    };
    drop(relay);
    me.watch_peer();
    if old.is_some_and(|old| !Arc::ptr_eq(&old, target)) {
        forget_messages(me);
    }
    Ok(())
}

/// Drops what came from the old peer.
fn forget_messages(me: &Endpoint) {
    loop {
        let remains = {
            let _reader = me.reader.lock();
            me.take_remains()
        };
        if remains.is_none() {
            return;
        }
    }
}

impl Socket {
    /// Takes connections, of which about `backlog` may wait. EOPNOTSUPP for datagrams, EINVAL without a name or with a peer.
    pub fn listen(&self, backlog: i32) -> Result<()> {
        let me = self.endpoint();
        if me.kind == SocketKind::Datagram {
            return Err(Errno::EOPNOTSUPP);
        }
        let credentials = caller_as_peer();
        {
            let mut state = me.state.lock();
            if state.address.is_none() || !matches!(state.phase, Phase::Idle | Phase::Listening) {
                return Err(Errno::EINVAL);
            }
            state.phase = Phase::Listening;
            state.backlog_limit = usize::try_from(backlog).unwrap_or(usize::MAX).min(BACKLOG_MAX);
            state.credentials = Some(credentials);
        }
        me.writers.wake_all();
        Ok(())
    }

    /// Whether it takes connections.
    pub fn is_listening(&self) -> bool {
        self.endpoint().state.lock().phase == Phase::Listening
    }

    /// Accepts the connection that has waited longest; `flags` are the new socket's. EOPNOTSUPP, EINVAL when it does not
    /// listen, EAGAIN, ERESTARTSYS, EINTR, ENOMEM.
    pub fn accept(&self, flags: OpenFlags, waiting: Waiting) -> Result<Arc<Self>> {
        let me = self.endpoint();
        if me.kind == SocketKind::Datagram {
            return Err(Errno::EOPNOTSUPP);
        }
        if !self.is_listening() {
            return Err(Errno::EINVAL);
        }
        let attempt = || match me.pop_connection() {
            Some(connection) => Some(Ok(connection)),
            None if me.shut() & SHUT_RECEIVE != 0 => Some(Err(Errno::EINVAL)),
            None => None,
        };
        let connection = match attempt() {
            Some(found) => found?,
            None if waiting == Waiting::Forbidden => return Err(Errno::EAGAIN),
            None => {
                let wait = me.options.wait(super::Direction::Receive);
                me.readers.wait_until(wait, attempt).map_err(|error| error_of(error, wait))??
            }
        };
        Self::open(connection.clone(), flags).inspect_err(|_| burial::close(&connection))
    }
}

/// The most connections that wait.
const BACKLOG_MAX: usize = 4096;
