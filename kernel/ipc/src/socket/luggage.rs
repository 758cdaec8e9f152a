//! Luggage: the capabilities that travel with a message.
//!
//! Each is the sender's own, with its rights, bounds and grant: whoever receives it holds exactly what the sender held, and
//! whoever lent it to the sender can take it back from the receiver too, or while it is under way.

use super::burial;
use super::collector::{self, Ticket};
use super::endpoint::Endpoint;
use super::quota::Quota;
use abi::Result;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use object::ObjectCapability;

/// Capabilities under way.
pub struct Luggage {
    capabilities: Vec<ObjectCapability>,
    /// Its place in the collector's register, if there are sockets among them.
    ticket: Option<Ticket>,
    /// Counts them for the user who sent them.
    _quota: Quota,
}

impl Luggage {
    /// Capabilities on their way to `to`. ENOMEM, and they are dropped.
    pub fn new(capabilities: Vec<ObjectCapability>, quota: Quota, to: &Arc<Endpoint>) -> Result<Box<Self>> {
        let mut luggage = mm::alloc::try_box(Self { capabilities, ticket: None, _quota: quota })?;
        luggage.ticket = collector::register(&luggage.capabilities, to)?;
        Ok(luggage)
    }

    /// Hands the capabilities out. Who calls this holds the socket that they were sent to.
    pub fn unload(mut self) -> Vec<ObjectCapability> {
        self.take()
    }

    /// Copies of the capabilities, for a look that leaves them where they are. ENOMEM.
    pub fn copies(&self) -> Result<Vec<ObjectCapability>> {
        let mut copies = mm::alloc::try_vec(self.capabilities.len())?;
        // A socket must not come out of a queue while the collector looks for those that nobody can reach.
        let _pause = self.ticket.as_ref().map(|_| collector::pause());
        copies.extend(self.capabilities.iter().cloned());
        Ok(copies)
    }

    fn take(&mut self) -> Vec<ObjectCapability> {
        if let Some(ticket) = self.ticket.take() {
            collector::unregister(ticket);
        }
        core::mem::take(&mut self.capabilities)
    }
}

impl Drop for Luggage {
    fn drop(&mut self) {
        burial::release(self.take());
    }
}
