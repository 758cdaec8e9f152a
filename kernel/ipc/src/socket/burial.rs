//! The end of sockets, without recursion.
//!
//! A closed socket's queue may hold the last capability to another socket, whose queue may hold the last one to a third, and so
//! on, as deep as a user likes. Dropping them one inside the other would use up the kernel's stack. Instead
//! the sockets that wait to be emptied form a stack of their own, linked through themselves, and one loop works it off.

use super::endpoint::{Endpoint, Remains};
use super::socket::Socket;
use alloc::sync::Arc;
use alloc::vec::Vec;
use object::ObjectCapability;

/// Closes a socket's endpoint for good: tells the peer, gives up the name, and drops what nobody has received.
pub fn close(endpoint: &Arc<Endpoint>) {
    if endpoint.begin_close() {
        empty(endpoint.clone());
    }
}

/// Drops everything in a queue, and in the queues of the sockets that go with it.
///
/// An endpoint joins the stack when it is closed, so once, and its link is free then. The first one alone may be closed later, while it
/// lies at the bottom, where its link is free too.
pub fn empty(first: Arc<Endpoint>) {
    work_off(Some(first));
}

/// Drops capabilities, and what goes with them.
pub fn release(capabilities: Vec<ObjectCapability>) {
    work_off(drop_all(capabilities, None));
}

fn work_off(mut top: Option<Arc<Endpoint>>) {
    while let Some(endpoint) = top.take() {
        top = match endpoint.take_remains() {
            Some(Remains::Message(mut message)) => {
                let capabilities = message.luggage.take().map(|luggage| luggage.unload());
                drop(message);
                match capabilities {
                    Some(capabilities) => drop_all(capabilities, Some(endpoint)),
                    None => Some(endpoint),
                }
            }
            Some(Remains::Connection(connection)) => push_closed(connection, Some(endpoint)),
            None => endpoint.take_next(),
        };
    }
}

/// Drops capabilities; sockets of which that was the last one are closed and put on top of the stack.
fn drop_all(capabilities: Vec<ObjectCapability>, mut top: Option<Arc<Endpoint>>) -> Option<Arc<Endpoint>> {
    for capability in capabilities {
        let Ok(socket) = capability.object.downcast::<Socket>() else { continue };
        // Of several who drop it at once, one gets the value.
        if let Some(socket) = Arc::into_inner(socket) {
            top = push_closed(socket.endpoint().clone(), top);
        }
    }
    top
}

fn push_closed(endpoint: Arc<Endpoint>, top: Option<Arc<Endpoint>>) -> Option<Arc<Endpoint>> {
    if !endpoint.begin_close() {
        return top;
    }
    endpoint.put_next(top);
    Some(endpoint)
}
