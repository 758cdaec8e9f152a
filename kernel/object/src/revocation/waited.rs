//! Objects that a thread or an epoll set waits for, and through what it may.

use super::{GrantObserver, Use, Watch, watch};
use crate::{Held, Object, Ready};
use abi::Result;
use alloc::sync::Arc;
use caps::{Grant, Rights};
use sched::WaitQueue;

/// An object to wait for. Who waits may sleep for long, so the use of a grant is noted for each look only, and the grant is
/// observed meanwhile.
#[derive(Clone)]
pub struct Waited {
    object: Arc<dyn Object>,
    grant: Option<Arc<Grant>>,
}

impl Waited {
    /// What was looked up with the right to wait for it.
    pub fn new(held: &Held) -> Self {
        Self { object: held.object().clone(), grant: held.grant().cloned() }
    }

    /// What nobody lent, for who has it without a slot.
    pub fn unlent(object: &Arc<dyn Object>) -> Self {
        Self { object: object.clone(), grant: None }
    }

    /// The object, to be told apart from others by. Looks at its readiness go through [`Waited::poll`].
    pub fn object(&self) -> &Arc<dyn Object> {
        &self.object
    }

    /// The grant that it is waited for through.
    pub fn grant(&self) -> Option<&Arc<Grant>> {
        self.grant.as_ref()
    }

    /// What is ready; an error and a hang-up once the capability has been taken back.
    #[inline]
    pub fn poll(&self) -> Ready {
        poll_through(&self.object, self.grant.as_ref()).unwrap_or(Ready::ERR | Ready::HUP)
    }

    /// The queue that tells of changes.
    pub fn wait_queue(&self) -> Option<&WaitQueue> {
        self.object.wait_queue()
    }

    /// Has `observer` told when the grant is narrowed, if there is one. ENOMEM.
    pub fn watch(&self, observer: Arc<dyn GrantObserver>) -> Result<Option<Watch>> {
        match &self.grant {
            None => Ok(None),
            Some(grant) => watch(grant, Rights::EVENT, observer),
        }
    }
}

/// What is ready of an object that is waited for through a grant; `None` once that does not allow it any more.
#[inline]
pub fn poll_through(object: &Arc<dyn Object>, grant: Option<&Arc<Grant>>) -> Option<Ready> {
    let Some(grant) = grant else { return Some(object.poll()) };
    match Use::begin(grant, Rights::EVENT) {
        Ok(Some(_under_way)) => Some(object.poll()),
        _ => None,
    }
}
