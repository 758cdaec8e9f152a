//! What the command-line tools share.
#![forbid(unsafe_code)]

pub mod confinement;
pub mod denial;
pub mod program;
