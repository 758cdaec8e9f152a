//! News from a peer: those who poll a datagram socket must learn of room in the queue that it sends to.

use super::SocketKind;
use super::endpoint::Endpoint;
use alloc::sync::Arc;
use sched::{Observer, WaitQueue};

/// Passes news of room at a peer on to those who poll here.
struct Relay(Arc<WaitQueue>);

impl Observer for Relay {
    fn notify(&self) {
        self.0.wake_all();
    }
}

impl Endpoint {
    /// Has those who poll here told of room at the peer, where datagrams may have to wait for it.
    pub fn watch_peer(&self) {
        if self.kind != SocketKind::Datagram || !self.is_polled() {
            return;
        }
        let peer = {
            let state = self.state.lock();
            if state.relay.is_some() { None } else { state.peer.clone() }
        };
        let Some(peer) = peer else { return };
        // Without memory, they are told when they look.
        let Ok(relay) = mm::alloc::try_arc(Relay(self.readers.clone())) else { return };
        let Ok(relay) = peer.writers.attach(relay) else { return };
        let late = {
            let mut state = self.state.lock();
            // Another thread may have been quicker, or the peer may be another by now.
            let is_peer = state.peer.as_ref().is_some_and(|now| Arc::ptr_eq(now, &peer));
            if is_peer && state.relay.is_none() { state.relay.replace(relay) } else { Some(relay) }
        };
        drop(late);
    }
}
