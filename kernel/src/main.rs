//! Floor 8: the composition root.
//!
//! # Purpose
//! Bring the floors up in order ([`boot`]), give the lower ones the hooks by which they call up, and
//! be there when the kernel logs ([`logger`]) or panics ([`panic`]).
//!
//! # What it must not do
//! Hold any mechanism: whatever is more than wiring belongs to a floor.
#![no_std]
#![no_main]

extern crate alloc;

mod boot;
mod logger;
mod panic;
mod process_source;
#[cfg(feature = "selftest")]
mod selftest;
mod tracing;
mod userland;
