//! Program loading.

pub mod image;
pub mod script;
pub mod stack;
