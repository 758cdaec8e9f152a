//! One member of an epoll set.

use super::ready::ReadyList;
use abi::consts::general;
use abi::types::EpollEvent;
use abi::{Errno, Result};
use alloc::sync::{Arc, Weak};
use caps::{Grant, Rights};
use core::sync::atomic::{AtomicBool, Ordering};
use object::revocation::{GrantObserver, Waited, Watch, poll_through};
use object::{Object, Ready};
use sched::{Attachment, Observer};
use sync::SpinLock;
use sync::ranks::ObjectState;

const EDGE: u32 = general::EPOLLET;
const ONE_SHOT: u32 = general::EPOLLONESHOT;
const EXCLUSIVE: u32 = general::EPOLLEXCLUSIVE;
const WAKE_UP: u32 = general::EPOLLWAKEUP;
/// Bits of an interest that are no readiness.
const MANNERS: u32 = EDGE | ONE_SHOT | EXCLUSIVE | WAKE_UP;

/// An object in a set: what is asked of it, and whether it stands on the ready list.
pub struct Member {
    this: Weak<Member>,
    object: Weak<dyn Object>,
    /// The grant of the capability that it was added through.
    grant: Option<Arc<Grant>>,
    list: Arc<ReadyList>,
    interest: SpinLock<EpollEvent, ObjectState>,
    /// Set by whoever puts it onto the list, cleared by whoever takes it off.
    is_listed: AtomicBool,
    /// It left the set: it must not come onto the list any more.
    has_left: AtomicBool,
    ties: SpinLock<Ties, ObjectState>,
}

/// What keeps a member told: by the object's queue, and by the grant.
type Ties = (Option<Attachment>, Option<Watch>);

impl Member {
    /// A member that observes nothing yet.
    pub fn new(waited: &Waited, list: &Arc<ReadyList>, event: EpollEvent) -> Result<Arc<Self>> {
        let interest = SpinLock::new(complete(event));
        Ok(mm::alloc::try_arc_cyclic(|this| Self {
            this: this.clone(),
            object: Arc::downgrade(waited.object()),
            grant: waited.grant().cloned(),
            list: list.clone(),
            interest,
            is_listed: AtomicBool::new(false),
            has_left: AtomicBool::new(false),
            ties: SpinLock::new(Ties::default()),
        })?)
    }

    /// Starts observing. ENOTCAPABLE if the capability was taken back meanwhile.
    pub fn attach(&self, waited: &Waited) -> Result<()> {
        let observer = self.this.upgrade().ok_or(Errno::ENOENT)?;
        let queue = waited.wait_queue().ok_or(Errno::EPERM)?;
        let attachment = Some(queue.attach(observer.clone())?);
        let watch = waited.watch(observer)?;
        if waited.grant().is_some() && watch.is_none() {
            return Err(Errno::ENOTCAPABLE);
        }
        let ties: Ties = (attachment, watch);
        let late = {
            let mut place = self.ties.lock();
            // Somebody may have deleted the member already.
            if self.has_left() { ties } else { core::mem::replace(&mut *place, ties) }
        };
        drop(late);
        Ok(())
    }

    /// Stops observing and leaves the list. Not called by a notification.
    pub fn leave(&self) {
        self.has_left.store(true, Ordering::Release);
        let ties = core::mem::take(&mut *self.ties.lock());
        drop(ties);
        self.list.remove(self);
    }

    /// Whether its object was closed for good.
    pub fn is_gone(&self) -> bool {
        self.object.strong_count() == 0
    }

    /// Whether it tells nothing any more: it was deleted, or its capability was taken back.
    pub fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Acquire)
    }

    /// Its object, if that is still open.
    pub fn object(&self) -> Option<Arc<dyn Object>> {
        self.object.upgrade()
    }

    /// Changes what is asked. EINVAL: exclusive interest is for good.
    pub fn set_interest(&self, event: EpollEvent) -> Result<()> {
        let mut interest = self.interest.lock();
        let (old, new) = (interest.events, event.events);
        if (old | new) & EXCLUSIVE != 0 {
            return Err(Errno::EINVAL);
        }
        *interest = complete(event);
        Ok(())
    }

    /// What is ready and asked for. `None` if nothing is, or the object is gone.
    pub fn event(&self) -> Option<EpollEvent> {
        let object = self.object.upgrade()?;
        let interest = *self.interest.lock();
        let asked = Ready::from_bits_truncate(interest.events);
        // A one-shot member that was told has an empty interest and is silent altogether.
        if asked.is_empty() {
            return None;
        }
        let ready = poll_through(&object, self.grant.as_ref())? & asked;
        (!ready.is_empty()).then_some(EpollEvent { events: ready.bits(), data: interest.data })
    }

    /// Whether it would be told of.
    pub fn is_ready(&self) -> bool {
        self.event().is_some()
    }

    /// Its event went out: what happens to it depends on how it was added.
    pub fn was_told(&self) {
        let manners = {
            let mut interest = self.interest.lock();
            let manners = interest.events & MANNERS;
            if manners & ONE_SHOT != 0 {
                interest.events = manners;
            }
            manners
        };
        if manners & (EDGE | ONE_SHOT) == 0 {
            self.announce_quietly();
        }
    }

    /// Puts it onto the list without waking anybody.
    pub fn announce_quietly(&self) {
        if self.has_left.load(Ordering::Acquire) || self.is_listed.swap(true, Ordering::AcqRel) {
            return;
        }
        if let Some(this) = self.this.upgrade() {
            self.list.push(this);
        }
    }

    /// Puts it onto the list if it is ready: what is so already when interest begins is not notified again. What is not
    /// keeps off, so that the list keeps the order in which members become ready.
    pub fn announce_if_ready(&self) {
        if self.is_ready() {
            self.announce();
        }
    }

    /// Puts it onto the list and wakes a collector.
    pub fn announce(&self) {
        self.announce_quietly();
        self.list.queue.wake_one();
    }

    /// It was taken off the list.
    pub fn left_list(&self) {
        self.is_listed.store(false, Ordering::Release);
    }
}

/// The interest with what is told whether asked for or not. Only a one-shot member that was told asks for nothing.
fn complete(event: EpollEvent) -> EpollEvent {
    EpollEvent { events: event.events | general::EPOLLERR | general::EPOLLHUP, data: event.data }
}

impl Observer for Member {
    fn notify(&self) {
        self.announce();
    }
}

impl GrantObserver for Member {
    fn narrowed(&self) {
        if self.grant.as_ref().is_some_and(|grant| !grant.limit().contains(Rights::EVENT)) {
            self.leave();
        }
    }
}
