//! Epoll: a set of objects of which the ready ones are told at a cost that does not grow with the set.
//!
//! Each member observes its object's wait queue. A notification puts the member onto the set's
//! ready list, once, and wakes the set's own queue. Collecting takes members off the list and asks
//! their objects: those that are not ready are forgotten until the next notification, those that
//! are and were added level-triggered go back to the end of the list.
//!
//! A member knows its object weakly: it does not keep a closed file open, and drops out when the
//! file is gone. `members` is a sleeping lock; the ready list is taken by notifications, and so by
//! interrupt handlers. Room for every member in the ready list is made when it is added, so that a
//! notification never allocates.

mod member;
mod ready;

use crate::anonymous;
use abi::types::{EpollEvent, Stat};
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::Kind;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use member::Member;
use object::revocation::Waited;
use object::{Object, Ready, StatusFlags};
use ready::ReadyList;
use sched::{Wait, WaitError, WaitQueue};
use sync::Mutex;
use sync::ranks::{EpollNesting, EpollSet as EpollSetRank};

/// Below this many members nothing is purged.
const PURGE_MINIMUM: usize = 32;

/// Sets within sets within sets, at most.
const DEPTH_MAX: usize = 5;

/// One set may become a member of another while nobody else does that: no circle can be closed by two.
static NESTING: Mutex<(), EpollNesting> = Mutex::new(());

/// A set of objects.
pub struct EpollSet {
    members: Mutex<Members, EpollSetRank>,
    ready: Arc<ReadyList>,
    flags: StatusFlags,
}

/// The members, by slot and object: a slot may have come to hold another object.
struct Members {
    map: HashMap<(i32, usize), Arc<Member>, FixedState>,
    /// At this size those whose objects are gone are taken out: twice what was left last time.
    purge_at: usize,
}

/// What to change in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new member.
    Add,
    /// Another interest for a member.
    Modify,
    /// A member less.
    Delete,
}

impl EpollSet {
    /// An empty set.
    pub fn new() -> Result<Arc<Self>> {
        let ready = ReadyList::new()?;
        Ok(mm::alloc::try_arc(Self {
            members: Mutex::new(Members {
                map: HashMap::with_hasher(FixedState::with_seed(0)),
                purge_at: PURGE_MINIMUM,
            }),
            ready,
            flags: StatusFlags::new(OpenFlags::READ_WRITE),
        })?)
    }

    /// Changes the member that `slot` names: EEXIST, ENOENT, EPERM for what is always ready, EINVAL for the set itself,
    /// ELOOP for circles, ENOMEM.
    pub fn change(&self, change: Change, slot: i32, waited: &Waited, event: EpollEvent) -> Result<()> {
        let object = waited.object();
        if object.downcast_ref::<Self>().is_some_and(|set| core::ptr::eq(set, self)) {
            return Err(Errno::EINVAL);
        }
        if object.wait_queue().is_none() {
            return Err(Errno::EPERM);
        }
        match change {
            Change::Add => self.add(slot, waited, event),
            Change::Modify => {
                let members = self.members.lock();
                let member = members.map.get(&key(slot, object)).ok_or(Errno::ENOENT)?;
                member.set_interest(event)?;
                member.announce_if_ready();
                Ok(())
            }
            Change::Delete => {
                let removed = self.members.lock().map.remove(&key(slot, object));
                removed.ok_or(Errno::ENOENT)?.leave();
                Ok(())
            }
        }
    }

    fn add(&self, slot: i32, waited: &Waited, event: EpollEvent) -> Result<()> {
        let object = waited.object();
        let nested = object.downcast_ref::<Self>();
        let _nesting = nested.map(|_| NESTING.lock());
        if let Some(set) = nested {
            set.check_depth(self, DEPTH_MAX - 1)?;
        }
        let member = {
            let mut members = self.members.lock();
            if members.map.get(&key(slot, object)).is_some_and(|member| !member.has_left()) {
                return Err(Errno::EEXIST);
            }
            members.purge();
            members.map.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            self.ready.reserve(members.map.len() + 1)?;
            let member = Member::new(waited, &self.ready, event)?;
            members.map.insert(key(slot, object), member.clone());
            member
        };
        if let Err(errno) = member.attach(waited) {
            member.leave();
            self.members.lock().map.remove(&key(slot, object));
            return Err(errno);
        }
        member.announce_if_ready();
        Ok(())
    }

    /// ELOOP if `other` can be reached from this set, or the sets beneath are nested too deeply.
    fn check_depth(&self, other: &Self, depth: usize) -> Result<()> {
        if core::ptr::eq(self, other) || depth == 0 {
            return Err(Errno::ELOOP);
        }
        let mut inner = Vec::new();
        {
            let members = self.members.lock();
            for object in members.map.values().filter_map(|member| member.object()) {
                if object.downcast_ref::<Self>().is_some() {
                    inner.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
                    inner.push(object);
                }
            }
        }
        // Only DEPTH_MAX deep: the stack is safe.
        inner
            .iter()
            .filter_map(|object| object.downcast_ref::<Self>())
            .try_for_each(|set| set.check_depth(other, depth - 1))
    }

    /// Waits until members are ready and gives their events to `emit`, at most `limit` of them; how many there were.
    /// EINTR, and what `emit` fails with before the first event is out.
    pub fn wait(&self, limit: usize, how: Wait, mut emit: impl FnMut(EpollEvent) -> Result<()>) -> Result<usize> {
        loop {
            let count = self.collect(limit, &mut emit)?;
            if count > 0 || how.deadline_ns == Some(0) {
                return Ok(count);
            }
            match self.ready.queue.wait_until(how, || (!self.ready.is_empty()).then_some(())) {
                Ok(()) => {}
                Err(WaitError::TimedOut) => return Ok(0),
                Err(WaitError::Interrupted) => return Err(Errno::EINTR),
            }
        }
    }

    fn collect(&self, limit: usize, emit: &mut impl FnMut(EpollEvent) -> Result<()>) -> Result<usize> {
        let mut count = 0;
        // Members that go back to the list are not met again in this round.
        for _ in 0..self.ready.len() {
            if count == limit {
                break;
            }
            let Some(member) = self.ready.take() else { break };
            let Some(event) = member.event() else { continue };
            if let Err(errno) = emit(event) {
                member.announce();
                return if count > 0 { Ok(count) } else { Err(errno) };
            }
            count += 1;
            member.was_told();
        }
        Ok(count)
    }
}

impl Members {
    /// Takes out those whose objects are gone, now and then, so that additions stay cheap on average.
    fn purge(&mut self) {
        if self.map.len() < self.purge_at {
            return;
        }
        self.map.retain(|_, member| {
            let is_gone = member.is_gone() || member.has_left();
            if is_gone {
                member.leave();
            }
            !is_gone
        });
        self.purge_at = (2 * self.map.len()).max(PURGE_MINIMUM);
    }
}

/// The address stays the object's own as long as a member knows it, even weakly.
fn key(slot: i32, object: &Arc<dyn Object>) -> (i32, usize) {
    (slot, Arc::as_ptr(object).addr())
}

impl Object for EpollSet {
    fn kind(&self) -> Kind {
        Kind::PollSet
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(anonymous::stat())
    }

    fn poll(&self) -> Ready {
        // Those that turn out not to be ready leave the list; the others stay for whoever collects.
        for _ in 0..self.ready.len() {
            let Some(member) = self.ready.take() else { break };
            if member.is_ready() {
                member.announce_quietly();
                return Ready::READABLE;
            }
        }
        Ready::empty()
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(&self.ready.queue)
    }

    fn path(&self) -> Option<Vec<u8>> {
        mm::alloc::try_to_vec(b"anon_inode:[eventpoll]").ok()
    }
}

impl Drop for EpollSet {
    fn drop(&mut self) {
        // Members hold the list and the list may hold members: the circle is opened here.
        for (_, member) in self.members.get_mut().map.drain() {
            member.leave();
        }
        self.ready.clear();
    }
}
