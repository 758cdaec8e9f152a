//! Event counters: `eventfd`.

use crate::anonymous;
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::Kind;
use core::sync::atomic::{AtomicU64, Ordering};
use mm::user::{Sink, Source};
use object::{Object, Ready, StatusFlags};
use sched::{Wait, WaitQueue};

/// The counter never reaches this.
const LIMIT: u64 = u64::MAX;

/// What a read takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// The whole count.
    All,
    /// One of it: `EFD_SEMAPHORE`.
    One,
}

/// A counter that can be waited for.
pub struct EventCounter {
    count: AtomicU64,
    taking: Taking,
    flags: StatusFlags,
    queue: WaitQueue,
}

impl EventCounter {
    /// A counter that starts at `count`; `flags` may hold NONBLOCK.
    pub fn new(count: u32, taking: Taking, flags: OpenFlags) -> Result<Arc<Self>> {
        let flags = OpenFlags::READ_WRITE | flags & OpenFlags::NONBLOCK;
        Ok(mm::alloc::try_arc(Self {
            count: AtomicU64::new(count.into()),
            taking,
            flags: StatusFlags::new(flags),
            queue: WaitQueue::new(),
        })?)
    }

    fn try_take(&self) -> Option<u64> {
        let taken = |count| match self.taking {
            Taking::All => count,
            Taking::One => 1,
        };
        let less = |count| (count > 0).then(|| count - taken(count));
        self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, less).ok().map(taken)
    }

    fn try_add(&self, value: u64) -> Option<()> {
        let more = |count: u64| count.checked_add(value).filter(|sum| *sum < LIMIT);
        self.count.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok().map(|_| ())
    }

    /// Does `attempt`, waiting until it succeeds where that is allowed.
    fn wait_for<T>(&self, mut attempt: impl FnMut() -> Option<T>) -> Result<T> {
        if let Some(done) = attempt() {
            return Ok(done);
        }
        if self.is_nonblocking() {
            return Err(Errno::EAGAIN);
        }
        self.queue.wait_until(Wait::INTERRUPTIBLE, attempt).map_err(|_| Errno::ERESTARTSYS)
    }

    fn is_nonblocking(&self) -> bool {
        self.status_flags().contains(OpenFlags::NONBLOCK)
    }
}

impl Object for EventCounter {
    fn kind(&self) -> Kind {
        Kind::Notification
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        if to.remaining() < 8 {
            return Err(Errno::EINVAL);
        }
        let taken = self.wait_for(|| self.try_take())?;
        self.queue.wake_all();
        to.write(&taken.to_ne_bytes())
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut bytes = [0; 8];
        if from.remaining() < bytes.len() {
            return Err(Errno::EINVAL);
        }
        if from.copy_to(&mut bytes)? < bytes.len() {
            return Err(Errno::EFAULT);
        }
        let value = u64::from_ne_bytes(bytes);
        if value == LIMIT {
            return Err(Errno::EINVAL);
        }
        self.wait_for(|| self.try_add(value))?;
        self.queue.wake_all();
        Ok(bytes.len())
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        Ok(anonymous::stat())
    }

    fn poll(&self) -> Ready {
        let count = self.count.load(Ordering::Acquire);
        let mut ready = Ready::empty();
        ready.set(Ready::READABLE, count > 0);
        ready.set(Ready::WRITABLE, count < LIMIT - 1);
        ready
    }

    fn wait_queue(&self) -> Option<&WaitQueue> {
        Some(&self.queue)
    }

    fn path(&self) -> Option<Vec<u8>> {
        mm::alloc::try_to_vec(b"anon_inode:[eventfd]").ok()
    }
}
