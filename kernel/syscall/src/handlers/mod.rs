//! The handlers, one file for each family of calls.

pub(crate) mod attributes;
pub(crate) mod authority;
pub(crate) mod capabilities;
pub(crate) mod descriptors;
pub(crate) mod files;
pub(crate) mod futex;
pub(crate) mod identity;
mod input_owner;
pub(crate) mod locks;
pub(crate) mod memory;
pub(crate) mod narrowing;
pub(crate) mod paths;
pub(crate) mod process;
pub(crate) mod ptrace;
pub(crate) mod remote_memory;
pub(crate) mod sched;
mod seals;
pub(crate) mod settings;
pub(crate) mod signals;
pub(crate) mod socket;
pub(crate) mod system;
pub(crate) mod time;
pub(crate) mod view;
pub(crate) mod wait;

use crate::Context;
use ::process::signal::{Loss, Origin, details};
use abi::Signal;

/// Sends the calling thread a signal that its own call has caused.
pub(crate) fn signal_caller(cx: &Context, signal: Signal) {
    // Without a demand that details be kept it cannot fail.
    let _ =
        ::process::signal::send_to_task(&cx.task, signal, details::from_kernel(signal), Origin::Kernel, Loss::Allowed);
}
