//! The scheduler's algorithms: pure data structures and arithmetic, tested on the host.
//!
//! Nothing here knows of CPUs, locks or clocks: time comes in as numbers, and the run queue's lock is its user's
//! business.

pub mod entity;
#[allow(unsafe_code, reason = "passes the contract of intrusive links on")]
pub mod fair;
pub mod load;
pub mod load_average;
#[allow(unsafe_code, reason = "intrusive links")]
pub mod real_time;
#[allow(unsafe_code, reason = "passes the contract of intrusive links on")]
pub mod run_queue;
#[allow(unsafe_code, reason = "intrusive links")]
pub mod tree;
pub mod weight;

#[cfg(test)]
#[allow(unsafe_code, reason = "calls the queue as the kernel does")]
mod lags;
#[cfg(test)]
#[allow(unsafe_code, reason = "links entities that it keeps in boxes")]
mod model;
