//! Unix sockets: conversations between processes, and the carrier of capabilities.
//!
//! # Shape
//! - [`Socket`] is what slots hold. Its [`endpoint`] is what others refer to: peers, names, messages under way.
//! - A send makes a [`message`] and puts it into the *receiver's* queue, for all three kinds alike. The user's bytes are copied
//!   before any lock is taken, the queue's lock is held for the length of a push, and no lock is shared by two conversations.
//! - The sender is charged for a message until it is received: so each socket bounds the memory that it can fill.
//! - [`luggage`]: capabilities in messages. [`quota`] bounds them, [`collector`] finds the sockets among them that nobody can
//!   receive any more, and [`burial`] drops chains of them without recursion.
//! - [`names`]: sockets found by path or by abstract name. [`registry`]: all of them, for `/proc/net/unix`.
//!
//! # Capabilities under way
//! SCM_RIGHTS carries capabilities, not open files: the receiver's slot has the rights, bounds and grant of the sender's slot, so
//! nothing is widened on the way, and what was lent can be taken back wherever it went. The sender's slot
//! must have TRANSFER.
//!
//! # Locks
//! `reader` is held while bytes go to user memory, and over the removal of messages. The queue and the links of an endpoint have a
//! spinning lock each; no two endpoints are locked at once. Whatever may hold a last reference is dropped after all
//! of them are released.
//!
//! # What it must not do
//! Know of slots or of `struct msghdr`; the calls' handlers do that.

mod address;
mod burial;
mod collector;
mod connect;
mod endpoint;
mod inbox;
mod luggage;
mod message;
mod names;
mod options;
mod quota;
mod receive;
mod registry;
mod relay;
mod send;
#[allow(clippy::module_inception)]
mod socket;

pub use address::{Address, Asked};
pub use endpoint::Endpoint;
pub use names::find_node;
pub use options::{Direction, Options, Switch};
pub use quota::{Limit, Quota};
pub use receive::Received;
pub use registry::text;
pub use send::Extras;
pub use socket::{Shutdown, Socket};

/// The sorts of conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketKind {
    /// Bytes in order.
    Stream = 1,
    /// Messages, from and to anybody.
    Datagram = 2,
    /// Messages in order, with one peer.
    SeqPacket = 5,
}

/// The calling process, as a peer sees it.
fn caller_as_peer() -> abi::types::Ucred {
    object::caller().map_or_else(Default::default, |caller| {
        let credentials = caller.credentials();
        abi::types::Ucred { pid: caller.process_id(), uid: credentials.euid, gid: credentials.egid }
    })
}

/// The calling process, as the sender of a message.
fn caller_as_sender() -> abi::types::Ucred {
    object::caller().map_or_else(Default::default, |caller| {
        let credentials = caller.credentials();
        abi::types::Ucred { pid: caller.process_id(), uid: credentials.uid, gid: credentials.gid }
    })
}

/// What the end of a wait means to a call that may have had a timeout.
fn error_of(error: sched::WaitError, wait: sched::Wait) -> abi::Errno {
    match error {
        sched::WaitError::TimedOut => abi::Errno::EAGAIN,
        // With a timeout it cannot begin anew: the time that is left is not kept.
        sched::WaitError::Interrupted if wait.deadline_ns.is_some() => abi::Errno::EINTR,
        sched::WaitError::Interrupted => abi::Errno::ERESTARTSYS,
    }
}
