//! Floor 4: threads, run queues, timers and wait queues.
//!
//! # Purpose
//! Shares the CPUs among threads: decides who runs where and for how long, puts threads to sleep and wakes them, and
//! keeps account of the time they use.
//!
//! # Shape
//! - [`algorithm`]: the run queue as arithmetic and data structures, without CPUs, locks or clocks. Tested on the host.
//! - [`protocol`]: the lock-free protocols (permit, wait-queue registration, inbox, idle gate). Checked by loom on
//!   the host.
//! - `cpu`, `queue`, `switch`, `wake`, `balance`, `idle`: the two above applied to this machine's CPUs.
//! - `tracing`: what of this the trace (`sync::trace`) is told.
//! - [`calendar`]: the date, which can be set, and who follows it.
//! - `inheritance`: who waits for a thread lends it its urgency.
//! - [`Uses`]: what a thread does through lent capabilities, noted for those who take them back.
//! - [`Thread`], [`current`], [`WaitQueue`], [`timer`], [`deferred`], [`stats`]: what the floors above use.
//!
//! # Invariants
//! 1. Each CPU has its own run queue behind its own lock; nothing global is locked to switch, wake, sleep or yield.
//! 2. A thread is in exactly one place: running, in one queue, in one inbox, asleep, or in the hands of the one who
//!    moves it. Who moves it from sleep to an inbox or queue is whoever turned its permit from *asleep*.
//! 3. The queue's lock is held from the decision to switch until the new thread has the stack
//!    ([`switch`](mod@switch)), so a thread in a queue has its registers saved. A sleeping thread whose CPU is still
//!    leaving its stack is sent to that same CPU.
//! 4. A started thread holds a reference to itself until a worker has buried it, so queues, inboxes and wakers need
//!    no counting.
//! 5. The attention bit `RESCHEDULE` is set for the running thread only, under its CPU's queue lock. It is answered
//!    on the way to user mode, at the end of an interrupt in preemptible kernel code, and in [`preempt_if_needed`];
//!    dropping a guard answers nothing. An interrupt that met a guard has the timer interrupt look again soon.
//! 6. The timer interrupt is armed only while a timer is, or while a thread waits for the running one's slice
//!    to end, or for a guard.
//! 7. No CPU idles while a thread waits elsewhere that it may run: an idle CPU says so before it looks around, and a CPU
//!    where a thread has to wait looks afterwards for one that says so (`balance`).
//! 8. A CPU's load is the sum of the weights of its runnable threads; a thread's part changes only with its class, under
//!    the queue's lock.
//!
//! # Locks, outermost first
//! Observers of a wait queue, a wait queue, a timer being armed, a CPU's timers, lending, a thread's settings, a run queue.
//! Two run queues are never locked together: threads travel through inboxes.
//!
//! # What it must not do
//! Know of processes, signals or files (of grants it knows that a use may be barred, so that sleeps end); allocate on a path that wakes or switches; sleep in a wake-up.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod algorithm;
pub mod attention;
mod balance;
pub mod calendar;
#[allow(unsafe_code, reason = "per-CPU state found through a register")]
mod cpu;
#[allow(unsafe_code, reason = "the running thread's own parts")]
mod current;
#[allow(unsafe_code, reason = "boxes travel through intrusive inboxes")]
pub mod deferred;
pub mod hooks;
mod idle;
#[allow(unsafe_code, reason = "threads are linked into the trees of those they wait for")]
mod inheritance;
mod observer;
pub mod parameters;
#[allow(unsafe_code, reason = "thread tokens of sleeping locks")]
mod park;
pub mod protocol;
#[allow(unsafe_code, reason = "threads are linked into the run queue")]
mod queue;
mod shim;
pub mod stats;
#[allow(unsafe_code, reason = "the context switch")]
mod switch;
#[allow(unsafe_code, reason = "threads own their stacks and registers")]
mod thread;
#[allow(unsafe_code, reason = "armed timers are linked where they lie")]
pub mod timer;
mod tracing;
mod wait;
#[allow(unsafe_code, reason = "waiters are linked where they lie")]
mod wait_queue;
#[allow(unsafe_code, reason = "threads are linked into inboxes")]
mod wake;

pub use current::{Current, current, current_arc, exit, preempt_if_needed, yield_now};
pub use hooks::{init, init_cpu, run_idle};
pub use inheritance::LendError;
pub use observer::{Attachment, Observer};
pub use parameters::{Heirs, Nice, Parameters, Policy, RealTimePriority, Slice, Urgency};
pub use thread::{Builder, Prepared, Thread, ThreadId, Use, Uses};
pub use wait::{Interruptible, Wait, WaitError};
pub use wait_queue::WaitQueue;
