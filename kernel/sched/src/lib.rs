//! Floor 4: threads, run queues, timers and wait queues.
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

extern crate alloc;

pub mod attention;
mod current;
pub mod deferred;
pub mod hooks;
mod observer;
pub mod parameters;
pub mod stats;
mod thread;
pub mod timer;
mod wait;
mod wait_queue;

pub use current::{Current, current, current_arc, exit, preempt_if_needed, yield_now};
pub use hooks::{init, init_cpu, run_idle};
pub use observer::{Attachment, Observer};
pub use parameters::{Nice, Policy, RealTimePriority};
pub use thread::{Builder, Prepared, Thread, ThreadId};
pub use wait::{Interruptible, Wait, WaitError};
pub use wait_queue::WaitQueue;
