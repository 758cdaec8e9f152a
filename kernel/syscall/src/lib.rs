//! Floor 7: system-call dispatch and handlers.
//!
//! # Purpose
//! The way from a trap to a handler and back. The table of [`abi`] says for each call what its arguments are and what they
//! demand; `dispatch` turns a row into a decoder; `arguments` are the types that handlers get; `handlers` has one file for each
//! family of calls.
//!
//! # Invariants
//! 1. A handler sees no raw word where the row says more: slots arrive as [`object::Held`], checked.
//! 2. User memory is touched only through readers and writers that are consumed as they go.
//! 3. A handler bears exactly the name of its row.
//!
//! # Locks
//! None of its own.
//!
//! # What it must not do
//! Keep state, or do what a lower floor could do: a handler decodes what its row cannot say, and calls down.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod arguments;
mod dispatch;
mod handlers;
pub mod names;
mod timeout;

mod unknown;
pub mod user_loop;
pub mod watch;

pub use dispatch::dispatch;
pub use process::Context;
pub use user_loop::user_main;
