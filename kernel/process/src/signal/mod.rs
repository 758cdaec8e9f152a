//! Signals.

pub mod frame;
pub mod queue;
