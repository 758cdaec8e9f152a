//! Calls that make, end and describe processes.

mod create;
mod end;
mod execute;
mod ids;

pub use super::settings::{arch_prctl, getrlimit, getrusage, personality, prctl, prlimit64, setrlimit};
pub use create::*;
pub use end::*;
pub use execute::*;
pub use ids::*;
