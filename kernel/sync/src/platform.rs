//! The machine as locks see it: the current CPU, its interrupt flag, its preemption counter.
//!
//! On the host a stand-in takes the machine's place, so that what is built on locks can be tested there.

pub use arch::cpu::{CpuId, MAX_CPUS};
pub use imp::current_cpu;
pub(crate) use imp::{
    SavedFlags, cpu_count, current_thread, interrupts_disable, interrupts_enabled, interrupts_restore, preempt_count,
    preempt_disable, preempt_enable, relax,
};

/// How waiting loops wait.
pub struct Relax;

impl spin::RelaxStrategy for Relax {
    #[inline(always)]
    fn relax() {
        relax();
    }
}

#[cfg(target_os = "none")]
mod imp {
    pub use arch::cpu::current as current_cpu;
    pub(crate) use arch::cpu::{count as cpu_count, relax};
    pub(crate) use arch::interrupts::{
        SavedFlags, disable as interrupts_disable, enabled as interrupts_enabled, restore as interrupts_restore,
    };
    pub(crate) use arch::preempt::{count as preempt_count, disable as preempt_disable, enable as preempt_enable};

    use arch::local::{Slot, load};
    use core::num::NonZeroUsize;

    /// The address of the current thread, once there are threads.
    #[inline(always)]
    pub(crate) fn current_thread() -> Option<NonZeroUsize> {
        NonZeroUsize::new(load(Slot::Thread))
    }
}

/// One CPU a host thread (within bounds), interrupts as a flag of the thread.
#[cfg(not(target_os = "none"))]
mod imp {
    use core::num::NonZeroUsize;
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::cell::Cell;
    use std::thread_local;

    use super::{CpuId, MAX_CPUS};

    /// As `arch::interrupts::SavedFlags`.
    #[derive(Clone, Copy)]
    pub(crate) struct SavedFlags(bool);

    impl SavedFlags {
        /// As `arch`'s.
        pub(crate) fn were_enabled(self) -> bool {
            self.0
        }
    }

    static NEXT: AtomicU32 = AtomicU32::new(0);

    thread_local! {
        static CPU: u32 = NEXT.fetch_add(1, Ordering::Relaxed) % MAX_CPUS as u32;
        static INTERRUPTS: Cell<bool> = const { Cell::new(true) };
        static PREEMPT: Cell<u32> = const { Cell::new(0) };
    }

    /// As `arch::cpu::count`.
    pub(crate) fn cpu_count() -> usize {
        MAX_CPUS
    }

    /// Nobody keeps it here.
    pub(crate) fn current_thread() -> Option<NonZeroUsize> {
        None
    }

    /// As `arch::cpu::current`.
    pub fn current_cpu() -> CpuId {
        CPU.with(|cpu| CpuId::new(*cpu)).unwrap_or(CpuId::BOOT)
    }

    pub(crate) fn interrupts_disable() -> SavedFlags {
        SavedFlags(INTERRUPTS.replace(false))
    }

    pub(crate) fn interrupts_restore(saved: SavedFlags) {
        INTERRUPTS.set(saved.0);
    }

    pub(crate) fn interrupts_enabled() -> bool {
        INTERRUPTS.get()
    }

    pub(crate) fn preempt_disable() {
        PREEMPT.set(PREEMPT.get() + 1);
    }

    pub(crate) fn preempt_enable() {
        PREEMPT.set(PREEMPT.get() - 1);
    }

    pub(crate) fn preempt_count() -> u32 {
        PREEMPT.get()
    }

    pub(crate) fn relax() {
        std::thread::yield_now();
    }
}
