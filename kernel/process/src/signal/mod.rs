//! Signals.
//!
//! A signal is sent in [`send`], waits in a [`queue`] of a task or of its process, and is taken by the thread itself in
//! [`deliver`] on its way back to user mode: it is never acted upon from outside. A sender makes it pending, then sets the
//! attention bit of one thread that does not block it; a thread clears the bit, then looks what is pending. Masks are
//! written by their own thread alone; the order "publish, fence, look at the other side" on both sides makes sure
//! that one of the two sees the other.

pub mod actions;
pub mod details;
pub mod frame;
pub mod queue;

#[cfg(target_os = "none")]
pub mod action;
#[cfg(target_os = "none")]
pub mod deliver;
#[cfg(target_os = "none")]
pub mod fault;
#[cfg(target_os = "none")]
pub mod handler;
#[cfg(target_os = "none")]
pub mod mask;
#[cfg(target_os = "none")]
pub mod owner;
#[cfg(target_os = "none")]
pub mod send;
#[cfg(target_os = "none")]
pub(crate) mod state;
#[cfg(target_os = "none")]
pub(crate) mod stop;

#[cfg(target_os = "none")]
pub use deliver::{After, InterruptedCall, attend};
#[cfg(target_os = "none")]
pub(crate) use send::send_timer;
#[cfg(target_os = "none")]
pub use send::{Origin, check_permission, force, report_broken_pipe, send, send_from_kernel, send_to_task, sender};
#[cfg(target_os = "none")]
pub use state::{Loss, SignalState};
