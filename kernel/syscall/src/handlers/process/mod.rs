//! Calls that make, end and describe processes.

mod create;
mod descriptors;
mod end;
mod execute;
mod ids;

pub use super::settings::{arch_prctl, getrlimit, getrusage, personality, prctl, prlimit64, setrlimit};
pub use create::{clone, clone3, fork, vfork};
pub use descriptors::*;
pub use end::*;
pub use execute::*;
pub use ids::*;
