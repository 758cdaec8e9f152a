//! Floor 2: locks and per-CPU data.
//!
//! # Theory
//! **Purpose.** Everything that lets two CPUs, two threads, or a thread and an interrupt handler share memory.
//!
//! **Ranks.** Every lock type carries a class, a type that implements [`LockClass`], and each class has a rank,
//! declared in the one table [`ranks`]. A CPU (for spinning locks) or a thread (for sleeping locks) takes locks in
//! strictly increasing rank, so no cycle of waiters can arise. Debug builds check this at every acquisition against
//! the list of what is held and panic naming both classes. There is no default rank and no way to be exempt; two
//! locks of one class are taken together only through `lock_two`, which orders them by address.
//!
//! **Which lock.**
//! - [`SpinLock`]: short regions, never taken by interrupt handlers. Preemption is off while it is held.
//! - [`IrqLock`]: short regions that an interrupt handler takes as well. Interrupts and preemption are off while it
//!   is held.
//! - [`RwSpinLock`]: like `SpinLock`, many readers.
//! - [`BigReaderLock`]: the same where all CPUs read all the time: readers write to no line that another CPU uses.
//! - [`Mutex`], [`RwMutex`]: anything that may take long, allocate at length, or sleep. They sleep through the hooks
//!   that the scheduler installs ([`park`]), and spin until it has done so.
//!
//! A class that interrupt handlers take must have a higher rank than every `SpinLock` class that may be held when the
//! interrupt comes; the checker sees the nesting and objects.
//!
//! **Waiting.** The spinning locks are test-and-test-and-set locks, not ticket locks: where there are more virtual
//! CPUs than host cores, a ticket's holder is often not running, and everybody behind it would wait for the host's
//! scheduler. Waiters for an `IrqLock` let interrupts in while they wait. The sleeping locks are first come, first
//! served after one missed turn, so nobody starves.
//!
//! **Observation.** [`trace`] (it lives in `arch`, so that interrupts are seen too) records events, and while it measures,
//! the guards of this crate tell it how long interrupts and preemption stay off and how locks are used. Off, that is one
//! predicted branch each.
//!
//! **Must not.** Dropping a guard never reschedules. Nothing here allocates except [`PerCpu::new`]. Nothing here knows
//! what a thread is: the scheduler is seen through [`park::Hooks`] alone.
#![cfg_attr(any(target_os = "none", not(test)), no_std)]

extern crate alloc;
#[cfg(not(target_os = "none"))]
extern crate std;

mod announced;
mod big_reader_lock;
mod class;
mod contention;
mod held;
mod irq_lock;
pub mod list;
mod mutex;
pub mod park;
mod per_cpu;
mod pin;
mod platform;
pub mod ranks;
mod raw_mutex;
mod raw_rw_mutex;
mod rw_mutex;
mod rw_spin_lock;
mod shim;
mod spin_lock;

pub use arch::trace;
pub use big_reader_lock::{BigReaderGuard, BigReaderLock, BigWriterGuard};
pub use class::{ClassInfo, LockClass};
pub use contention::lock_counts;
pub use crossbeam_utils::CachePadded;
pub use held::{HeldList, stop_checking};
pub use irq_lock::{IrqGuard, IrqLock};
pub use mutex::{Mutex, MutexGuard};
pub use per_cpu::{CpuLocal, LocalCell, PerCpu, PerCpuStatic};
pub use pin::{IrqOff, PinGuard, PreemptGuard, irq_off, might_sleep, preempt_off};
pub use platform::{CpuId, MAX_CPUS, current_cpu};
pub use rw_mutex::{RwMutex, RwMutexReadGuard, RwMutexWriteGuard};
pub use rw_spin_lock::{RwSpinLock, RwSpinReadGuard, RwSpinWriteGuard};
pub use spin_lock::{SpinGuard, SpinLock};

/// A value that is set once and read by everybody afterwards.
pub type Once<T> = spin::once::Once<T, platform::Relax>;
/// A value computed at its first use.
pub type Lazy<T, F = fn() -> T> = spin::lazylock::LazyLock<T, F, platform::Relax>;
