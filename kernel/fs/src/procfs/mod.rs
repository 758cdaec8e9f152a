//! The process file system.

pub mod cpu_list;
pub mod status;
pub mod text;
