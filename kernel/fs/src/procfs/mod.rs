//! The process file system.

pub mod cpu_list;
#[cfg(target_os = "none")]
pub mod source;
pub mod status;
pub mod text;

#[cfg(target_os = "none")]
pub use source::{ProcessSource, ProcessView};
