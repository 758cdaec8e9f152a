//! The lock-free protocols: how wake-ups reach threads, wait queues and CPUs without getting lost.
//!
//! These files compile over [`crate::shim`]: in the kernel that is `core`'s atomics, in `tests/loom.rs` it is loom's,
//! so the models check this code and not a copy. Where one side stores X and loads Y while the other stores Y and
//! loads X, both put an explicit `fence(SeqCst)` in between; nothing relies on SeqCst loads and stores, which loom
//! does not model.

#![allow(clippy::new_without_default, reason = "nothing is generic over them")]

pub mod idle_gate;
#[allow(unsafe_code, reason = "intrusive links")]
pub mod inbox;
pub mod interest;
pub mod notes;
pub mod parker;
