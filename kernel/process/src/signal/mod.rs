//! Signals.

pub mod actions;
pub mod frame;
pub mod queue;
