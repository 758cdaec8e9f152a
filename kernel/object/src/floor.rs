//! The lower floors as this one uses them; on the host, small stand-ins, so that tables and path walks are tested there.

#[cfg(target_os = "none")]
pub(crate) use arch::clock::now_ns;
#[cfg(target_os = "none")]
pub(crate) use arch::cpu::relax;
#[cfg(target_os = "none")]
pub use mm::Pager;
#[cfg(target_os = "none")]
pub use mm::user::{Sink, Source};
#[cfg(target_os = "none")]
pub use sched::{Attachment, Observer, WaitQueue};
#[cfg(target_os = "none")]
pub(crate) use sync::preempt_off;
#[cfg(target_os = "none")]
pub use sync::ranks::{CapabilityTable, FileLocks, FileOffset, GrantTree, ObjectState};
#[cfg(target_os = "none")]
pub use sync::{BigReaderLock, IrqLock, Mutex, Once, RwSpinLock, SpinLock};

#[cfg(target_os = "none")]
pub(crate) fn try_arc<T>(value: T) -> abi::Result<alloc::sync::Arc<T>> {
    Ok(mm::alloc::try_arc(value)?)
}

/// Sleeps until the condition holds; a restart error when a signal comes first.
#[cfg(target_os = "none")]
pub(crate) fn wait_until_changed(queue: &WaitQueue, mut has_changed: impl FnMut() -> bool) -> abi::Result<()> {
    Ok(queue.wait_until(sched::Wait::INTERRUPTIBLE, || has_changed().then_some(()))?)
}

#[cfg(target_os = "none")]
pub(crate) use crate::revocation::Use;

#[cfg(not(target_os = "none"))]
pub use stand_in::*;

#[cfg(not(target_os = "none"))]
mod stand_in {
    #![allow(missing_docs)]
    use abi::Result;
    use core::marker::PhantomData;

    pub(crate) use core::hint::spin_loop as relax;
    pub use spin::Once;

    pub struct CapabilityTable;
    pub struct FileLocks;
    pub struct FileOffset;
    pub struct GrantTree;
    pub struct ObjectState;

    pub struct Locked<L, C>(L, PhantomData<fn() -> C>);
    pub type Mutex<T, C> = Locked<spin::Mutex<T>, C>;
    pub type IrqLock<T, C> = Locked<spin::Mutex<T>, C>;
    pub type BigReaderLock<T, C> = Locked<spin::RwLock<T>, C>;
    pub type SpinLock<T, C> = Locked<spin::Mutex<T>, C>;
    pub type RwSpinLock<T, C> = Locked<spin::RwLock<T>, C>;

    impl<T, C> Locked<spin::Mutex<T>, C> {
        pub const fn new(value: T) -> Self {
            Self(spin::Mutex::new(value), PhantomData)
        }
        pub fn lock(&self) -> spin::MutexGuard<'_, T> {
            self.0.lock()
        }
        pub fn try_lock(&self) -> Option<spin::MutexGuard<'_, T>> {
            self.0.try_lock()
        }
    }

    impl<T, C> Locked<spin::RwLock<T>, C> {
        pub const fn new(value: T) -> Self {
            Self(spin::RwLock::new(value), PhantomData)
        }
        pub fn read(&self) -> spin::RwLockReadGuard<'_, T> {
            self.0.read()
        }
        pub fn write(&self) -> spin::RwLockWriteGuard<'_, T> {
            self.0.write()
        }
    }

    pub struct Sink<'a>(pub &'a mut [u8], pub usize);
    impl Sink<'_> {
        pub fn remaining(&self) -> usize {
            self.0.len() - self.1
        }
        pub fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            let count = bytes.len().min(self.remaining());
            self.0[self.1..self.1 + count].copy_from_slice(&bytes[..count]);
            self.1 += count;
            Ok(count)
        }
    }

    pub struct Source<'a>(pub &'a [u8]);
    impl Source<'_> {
        pub fn remaining(&self) -> usize {
            self.0.len()
        }
        pub fn copy_to(&mut self, to: &mut [u8]) -> Result<usize> {
            let count = to.len().min(self.0.len());
            let (now, later) = self.0.split_at(count);
            to[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    pub(crate) fn try_arc<T>(value: T) -> Result<alloc::sync::Arc<T>> {
        Ok(alloc::sync::Arc::new(value))
    }

    pub(crate) fn preempt_off() {}

    pub(crate) fn now_ns() -> u64 {
        0
    }

    /// Nothing is under way but what the test does, so a look at the grant is all.
    pub(crate) struct Use(alloc::sync::Arc<caps::Grant>);
    impl Use {
        pub fn begin(grant: &alloc::sync::Arc<caps::Grant>, rights: caps::Rights) -> Result<Option<Self>> {
            Ok(grant.limit().contains(rights).then(|| Self(grant.clone())))
        }
        pub fn begin_again(grant: &alloc::sync::Arc<caps::Grant>, rights: caps::Rights) -> Option<Self> {
            grant.limit().contains(rights).then(|| Self(grant.clone()))
        }
        pub fn is_barred(&self) -> bool {
            false
        }
        pub fn extend(&self, rights: caps::Rights) -> bool {
            self.0.limit().contains(rights)
        }
    }

    pub struct Attachment;
    pub trait Observer: Send + Sync {}

    pub trait Pager: Send + Sync {}
    pub struct WaitQueue;
    impl WaitQueue {
        pub const fn new() -> Self {
            Self
        }
        pub fn wake_all(&self) {}
        pub fn attach(&self, _observer: alloc::sync::Arc<dyn Observer>) -> Result<Attachment> {
            Ok(Attachment)
        }
    }

    /// Nobody else runs, so nothing changes while one waits.
    pub(crate) fn wait_until_changed(_queue: &WaitQueue, mut has_changed: impl FnMut() -> bool) -> Result<()> {
        if has_changed() { Ok(()) } else { Err(abi::Errno::ERESTARTSYS) }
    }
}
