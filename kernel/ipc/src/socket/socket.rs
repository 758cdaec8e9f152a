//! Sockets as objects.

use super::endpoint::{Endpoint, Phase, SHUT_RECEIVE, SHUT_SEND};
use super::options::Options;
use super::send::must_wait;
use super::{Extras, SocketKind, burial, collector, names};
use crate::pipe::Waiting;
use abi::consts::general;
use abi::types::{Stat, Timespec};
use abi::{Errno, MessageFlags, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::Kind;
use mm::user::{Sink, Source, UserPtr};
use object::{Object, Ready, StatusFlags};
use sched::WaitQueue;

/// `ioctl`: bytes that can be received.
const FIONREAD: u32 = 0x541b;
/// `ioctl`: bytes that were sent and not received.
const TIOCOUTQ: u32 = 0x5411;
/// Device number that sockets report; no file system has it.
const SOCKET_DEVICE: u64 = 0x8;

/// A socket that slots hold.
pub struct Socket {
    endpoint: Arc<Endpoint>,
    flags: StatusFlags,
    owner: (u32, u32),
    made: Timespec,
}

/// Which directions `shutdown` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// Receiving.
    Receive,
    /// Sending.
    Send,
    /// Both.
    Both,
}

impl Socket {
    /// A socket without a peer. `flags` may hold NONBLOCK. ENOMEM.
    pub fn new(kind: SocketKind, flags: OpenFlags) -> Result<Arc<Self>> {
        Self::open(Endpoint::new(kind, None)?, flags)
    }

    /// The object for an endpoint. ENOMEM.
    pub(super) fn open(endpoint: Arc<Endpoint>, flags: OpenFlags) -> Result<Arc<Self>> {
        let owner = object::caller().map_or((0, 0), |caller| {
            let credentials = caller.credentials();
            (credentials.fsuid, credentials.fsgid)
        });
        let flags = OpenFlags::READ_WRITE | flags & OpenFlags::NONBLOCK;
        let socket = Self { endpoint, flags: StatusFlags::new(flags), owner, made: crate::pipe_end::present() };
        let socket = mm::alloc::try_arc(socket)?;
        socket.endpoint.belongs_to(&socket);
        Ok(socket)
    }

    /// The part that others know.
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// The sort of conversation.
    pub fn socket_kind(&self) -> SocketKind {
        self.endpoint.kind
    }

    /// What `setsockopt` set.
    pub fn options(&self) -> &Options {
        &self.endpoint.options
    }

    /// Takes the pending error: SO_ERROR.
    pub fn take_error(&self) -> Option<Errno> {
        self.endpoint.take_error()
    }

    /// The limit of what may be sent has changed.
    pub fn limit_changed(&self) {
        self.endpoint.tell_of_room();
    }

    /// Whether an operation may wait, when neither the socket nor the call forbids it.
    pub fn waiting(&self, flags: MessageFlags) -> Waiting {
        match flags.contains(MessageFlags::DONT_WAIT) || self.status_flags().contains(OpenFlags::NONBLOCK) {
            true => Waiting::Forbidden,
            false => Waiting::Allowed,
        }
    }

    /// Ends directions of the conversation, for the peer too.
    pub fn shut_down(&self, how: Shutdown) {
        let (mine, its) = match how {
            Shutdown::Receive => (SHUT_RECEIVE, SHUT_SEND),
            Shutdown::Send => (SHUT_SEND, SHUT_RECEIVE),
            Shutdown::Both => (SHUT_RECEIVE | SHUT_SEND, SHUT_RECEIVE | SHUT_SEND),
        };
        self.endpoint.shut_down(mine);
        if self.endpoint.kind != SocketKind::Datagram
            && let Ok(peer) = self.endpoint.peer()
        {
            peer.shut_down(its);
        }
    }

    /// The endpoint of the same kind that has an abstract name. ECONNREFUSED, ENOMEM.
    pub fn find_abstract(&self, name: &[u8]) -> Result<Arc<Endpoint>> {
        names::find_abstract(self.endpoint.kind, name)?.ok_or(Errno::ECONNREFUSED)
    }

    /// Whether sending would not wait: as much room as makes it worth while, and at the peer too.
    fn is_writable(&self, phase: Phase, peer: Option<&Arc<Endpoint>>) -> bool {
        phase != Phase::Listening
            && self.endpoint.is_writable()
            && (self.endpoint.kind == SocketKind::Stream || peer.is_none_or(|peer| !must_wait(&self.endpoint, peer)))
    }
}

impl Object for Socket {
    fn kind(&self) -> Kind {
        Kind::Socket
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        // What came along and has no place in a read is dropped with the rest of the answer.
        self.receive(to, MessageFlags::empty(), self.waiting(MessageFlags::empty())).map(|received| received.count)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        self.send(from, None, Extras::default(), self.waiting(MessageFlags::empty()))
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(Stat {
            device: SOCKET_DEVICE,
            inode: self.endpoint.number,
            links: 1,
            mode: general::S_IFSOCK | 0o777,
            uid: self.owner.0,
            gid: self.owner.1,
            block_size: crate::ring::PAGE as i64,
            accessed: self.made,
            modified: self.made,
            changed: self.made,
            ..Stat::default()
        })
    }

    fn ioctl(&self, request: u32, argument: usize) -> Result<usize> {
        let count = match request {
            FIONREAD if self.is_listening() => return Err(Errno::EINVAL),
            FIONREAD => self.endpoint.next_size(),
            TIOCOUTQ => self.endpoint.charged(),
            _ => return Err(Errno::ENOTTY),
        };
        UserPtr::<i32>::new(argument as u64).write(&(count as i32)).map(|()| 0)
    }

    fn poll(&self) -> Ready {
        let endpoint = &self.endpoint;
        let (phase, peer) = {
            let state = endpoint.state.lock();
            (state.phase, state.peer.clone())
        };
        let shut = endpoint.shut();
        let mut ready = Ready::empty();
        ready.set(Ready::ERR, endpoint.has_error());
        ready.set(Ready::HUP, shut == SHUT_RECEIVE | SHUT_SEND);
        if shut & SHUT_RECEIVE != 0 {
            ready |= Ready::RDHUP | Ready::READABLE;
        }
        if endpoint.count() > 0 || (phase == Phase::Listening && endpoint.has_connection()) {
            ready |= Ready::READABLE;
        }
        if endpoint.kind != SocketKind::Datagram && matches!(phase, Phase::Idle | Phase::Connecting) {
            ready |= Ready::HUP;
        }
        if self.is_writable(phase, peer.as_ref()) {
            ready |= Ready::WRITABLE;
        }
        ready
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(self.endpoint.polled_queue())
    }

    fn path(&self) -> Option<Vec<u8>> {
        mm::alloc::try_format(format_args!("socket:[{}]", self.endpoint.number)).ok()
    }

    fn after_close(&self) -> Option<fn()> {
        // It may be under way in a message, and that message where nobody can receive it any more.
        Some(collector::schedule)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        burial::close(&self.endpoint);
        collector::schedule();
    }
}
