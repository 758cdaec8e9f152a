//! Threads.

mod builder;

pub use builder::{Builder, Prepared};

use core::sync::atomic::AtomicU32;

use abi::Result;
use arch::CpuSet;
use arch::cpu::CpuId;

use crate::parameters::{Nice, Policy};

/// Names a thread; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadId(pub u64);

/// A thread of execution, in the kernel and perhaps in user mode.
pub struct Thread {
    attention: AtomicU32,
}

impl Thread {
    /// Begins the making of a thread.
    pub fn builder(name: &str) -> Builder {
        Builder::new(name)
    }

    /// Its number.
    pub fn id(&self) -> ThreadId {
        todo!()
    }

    /// Calls `f` with its name.
    pub fn with_name<R>(&self, _f: impl FnOnce(&str) -> R) -> R {
        todo!()
    }

    /// Changes its name; longer names are cut.
    pub fn set_name(&self, _name: &str) {
        todo!()
    }

    /// The word that [`arch::user::UserContext::run`] watches.
    pub fn attention(&self) -> &AtomicU32 {
        &self.attention
    }

    /// Sets attention bits; takes the thread out of user mode and out of a sleep that these bits end.
    pub fn set_attention(&self, _bits: u32) {
        todo!()
    }

    /// Clears attention bits.
    pub fn clear_attention(&self, _bits: u32) {
        todo!()
    }

    /// Ends an interruptible sleep and takes the thread out of user mode, so that it looks at its attention word.
    pub fn interrupt(&self) {
        todo!()
    }

    /// The CPUs it may run on.
    pub fn affinity(&self) -> CpuSet {
        todo!()
    }

    /// Sets the CPUs it may run on. When this returns, it runs on none other. EINVAL if no CPU of the set is online.
    pub fn set_affinity(&self, _cpus: CpuSet) -> Result<()> {
        todo!()
    }

    /// The CPU it runs on or ran on last.
    pub fn cpu(&self) -> CpuId {
        todo!()
    }

    /// User and system time so far.
    pub fn cpu_time_ns(&self) -> u64 {
        todo!()
    }

    /// User time so far.
    pub fn user_time_ns(&self) -> u64 {
        todo!()
    }

    /// Context switches so far: voluntary ones, and involuntary ones.
    pub fn switches(&self) -> (u64, u64) {
        todo!()
    }

    /// The state letter of `/proc/PID/stat`: R, S or D; Z once it has ended.
    pub fn state_char(&self) -> char {
        todo!()
    }

    /// Its policy.
    pub fn policy(&self) -> Policy {
        todo!()
    }

    /// Changes its policy.
    pub fn set_policy(&self, _policy: Policy) {
        todo!()
    }

    /// Its nice value.
    pub fn nice(&self) -> Nice {
        todo!()
    }

    /// Changes its nice value.
    pub fn set_nice(&self, _nice: Nice) {
        todo!()
    }

    /// Waits, uninterruptibly, until it has ended.
    pub fn join(&self) {
        todo!()
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        todo!()
    }
}
