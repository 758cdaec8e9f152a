//! The list of members that may be ready.

use super::member::Member;
use abi::{Errno, Result};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use sched::WaitQueue;
use sync::IrqLock;
use sync::ranks::EpollReady;

/// Members in the order of their notifications, each at most once.
pub struct ReadyList {
    list: IrqLock<VecDeque<Arc<Member>>, EpollReady>,
    /// Length of the list, for looks without the lock.
    len: AtomicUsize,
    /// Where those who collect sleep, and where the set is polled.
    pub queue: WaitQueue,
}

impl ReadyList {
    /// An empty list.
    pub fn new() -> Result<Arc<Self>> {
        let list = IrqLock::new(VecDeque::new());
        Ok(mm::alloc::try_arc(Self { list, len: AtomicUsize::new(0), queue: WaitQueue::new() })?)
    }

    /// Makes room for `count` members. ENOMEM.
    pub fn reserve(&self, count: usize) -> Result<()> {
        let mut list = self.list.lock();
        let missing = count.saturating_sub(list.len());
        list.try_reserve(missing).map_err(|_| Errno::ENOMEM)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a member that is not in the list. There is room: every member has its own.
    pub fn push(&self, member: Arc<Member>) {
        let mut list = self.list.lock();
        debug_assert!(list.len() < list.capacity());
        list.push_back(member);
        self.len.store(list.len(), Ordering::Release);
    }

    /// Takes the first member; from here on a notification puts it in again.
    pub fn take(&self) -> Option<Arc<Member>> {
        let member = {
            let mut list = self.list.lock();
            let member = list.pop_front();
            self.len.store(list.len(), Ordering::Release);
            member
        }?;
        member.left_list();
        Some(member)
    }

    /// Removes a member, wherever it is.
    pub fn remove(&self, member: &Member) {
        let removed = {
            let mut list = self.list.lock();
            let at = list.iter().position(|other| core::ptr::eq(Arc::as_ptr(other), member));
            let removed = at.and_then(|at| list.remove(at));
            self.len.store(list.len(), Ordering::Release);
            removed
        };
        drop(removed);
    }

    /// Removes all.
    pub fn clear(&self) {
        while let Some(member) = self.take() {
            drop(member);
        }
    }
}
