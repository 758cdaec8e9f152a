//! Owners of open objects: who is told by a signal when something about one may have changed (O_ASYNC, `F_SETOWN`).
//!
//! A signal says that something may have changed: whoever gets it has to ask what. One's own reading counts, as it makes room.
//!
//! This floor knows that there is an owner and when it is told; who that is, and whether whoever named it may signal it, the
//! floor of processes knows.

use crate::Object;
use crate::floor::{Attachment, ObjectState, Observer, SpinLock};
use abi::{OpenFlags, Result};
use alloc::sync::Arc;
use caps::Kind;
use core::any::Any;

/// Who is told.
pub trait InputOwner: Observer + Any {}

/// The owner that an open object has, and its place in the object's wait queue while it is told.
pub struct OwnerSlot(SpinLock<Parts, ObjectState>);

struct Parts {
    owner: Option<Arc<dyn InputOwner>>,
    attachment: Option<Attachment>,
}

impl OwnerSlot {
    /// Nobody.
    pub(crate) const fn new() -> Self {
        Self(SpinLock::new(Parts { owner: None, attachment: None }))
    }

    fn get(&self) -> Option<Arc<dyn InputOwner>> {
        self.0.lock().owner.clone()
    }
}

/// Whether it is something that signals its owner: a pipe, a socket or a terminal, as on Linux.
fn can_tell(object: &dyn Object) -> bool {
    matches!(object.kind(), Kind::Pipe | Kind::Socket) || object.terminal().is_some()
}

/// The owner of an open object.
pub fn owner_of(object: &dyn Object) -> Option<Arc<dyn InputOwner>> {
    object.kept_flags()?.owner().get()
}

/// Gives an open object another owner, or none. ENOMEM.
pub fn set_owner(object: &dyn Object, owner: Option<Arc<dyn InputOwner>>) -> Result<()> {
    let Some(kept) = object.kept_flags() else { return Ok(()) };
    let old = core::mem::replace(&mut kept.owner().0.lock().owner, owner);
    drop(old);
    tell_owner(object)
}

/// Has the owner told from now on, or not any more, as the object's flags say: after each change of them. ENOMEM.
pub fn tell_owner(object: &dyn Object) -> Result<()> {
    let Some(kept) = object.kept_flags() else { return Ok(()) };
    let is_told = kept.get().contains(OpenFlags::ASYNC) && can_tell(object);
    let owner = kept.owner().get().filter(|_| is_told);
    let attachment = match (owner, object.wait_queue()) {
        (Some(owner), Some(queue)) => Some(queue.attach(owner)?),
        _ => None,
    };
    // An attachment goes with no lock held: it waits for notifications that are under way.
    let old = core::mem::replace(&mut kept.owner().0.lock().attachment, attachment);
    drop(old);
    Ok(())
}
