//! The making of threads.

use alloc::sync::Arc;
use core::any::Any;

use arch::CpuSet;
use arch::fpu::FpuState;
use mm::{AddressSpace, OutOfMemory};

use crate::parameters::{Nice, Policy};
use crate::thread::Thread;

/// A thread to be.
pub struct Builder {
    _private: (),
}

impl Builder {
    pub(super) fn new(_name: &str) -> Self {
        todo!()
    }

    /// The CPUs it may run on; otherwise as the thread that makes it.
    pub fn affinity(self, _cpus: CpuSet) -> Self {
        todo!()
    }

    /// Its user memory.
    pub fn address_space(self, _space: Arc<AddressSpace>) -> Self {
        todo!()
    }

    /// Its vector registers in user mode. A thread without never enters user mode.
    pub fn fpu(self, _state: FpuState) -> Self {
        todo!()
    }

    /// A value that [`crate::Current::local`] finds; dropped some time after the thread has ended.
    pub fn local(self, _value: Arc<dyn Any + Send + Sync>) -> Self {
        todo!()
    }

    /// Its policy; otherwise `Normal`.
    pub fn policy(self, _policy: Policy) -> Self {
        todo!()
    }

    /// Its nice value; otherwise 0.
    pub fn nice(self, _nice: Nice) -> Self {
        todo!()
    }

    /// Makes it without letting it run.
    pub fn prepare(self, _body: impl FnOnce() + Send + 'static) -> Result<Prepared, OutOfMemory> {
        todo!()
    }

    /// Makes it and lets it run.
    pub fn spawn(self, body: impl FnOnce() + Send + 'static) -> Result<Arc<Thread>, OutOfMemory> {
        Ok(self.prepare(body)?.start())
    }
}

/// A thread that does not run yet. Dropped, it never will.
pub struct Prepared {
    thread: Arc<Thread>,
}

impl Prepared {
    /// The thread.
    pub fn thread(&self) -> &Arc<Thread> {
        &self.thread
    }

    /// Lets it run.
    pub fn start(self) -> Arc<Thread> {
        todo!()
    }
}
