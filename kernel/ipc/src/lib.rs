//! Floor 6: pipes, sockets, futexes and event objects.
//!
//! # Purpose
//! How threads and processes tell one another something: bytes ([`pipe`]), messages and capabilities
//! ([`socket`]), a change of a word ([`futex`]), a count ([`eventfd`]), an expiry ([`timerfd`]); and how one thread waits for several
//! of these and other objects at once ([`poll`], [`epoll`]).
//!
//! # Invariants
//! 1. No lost wake-ups. Whoever waits looks again after it can be found; whoever changes something
//!    looks for waiters after the change.
//! 2. Nothing here is allocated where bytes, counts or wake-ups pass, only where objects are made or
//!    a thread goes to sleep.
//! 3. An object waits only through [`sched::WaitQueue`], and ends with an error when its thread is
//!    interrupted: ERESTARTSYS where the call may be begun anew, EINTR where it must not.
//!
//! # Locks
//! A pipe's buffer, the reading side of a socket and an epoll set's members are sleeping locks. A
//! socket's queue and futex buckets spin, and an epoll set's ready list is taken with interrupts
//! off, since any wake-up may put members onto it.
//!
//! # What it must not do
//! Send signals (a broken pipe is EPIPE; SIGPIPE is the caller's), know of slots but as numbers, or hold
//! a lock over a sleep.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(target_os = "none")]
mod anonymous;
#[cfg(target_os = "none")]
mod buffer;
#[cfg(target_os = "none")]
pub mod epoll;
#[cfg(target_os = "none")]
pub mod eventfd;
#[cfg(target_os = "none")]
pub mod futex;
pub mod line;
#[cfg(target_os = "none")]
pub mod pipe;
#[cfg(target_os = "none")]
pub mod pipe_end;
#[cfg(target_os = "none")]
pub mod poll;
pub mod ring;
#[cfg(target_os = "none")]
pub mod socket;
#[cfg(target_os = "none")]
pub mod timerfd;
#[cfg(test)]
#[path = "futex/wake_op.rs"]
mod wake_op;
