//! The host's side of "the only program needed beforehand is cargo": finding, and where the user may do so
//! installing, everything else.

pub mod apt;
pub mod install;
pub mod packages;
pub mod plan;
pub mod programs;
pub mod qemu;
pub mod sources;
pub mod toolchain;
