//! Traces: what each CPU did, from the guest's memory to a file for ui.perfetto.dev and to figures.
//!
//! # Theory
//! With `--trace`, the guest's memory is a file that QEMU shares with this process. The kernel records into rings there
//! and sends nothing; when the machine has ended, whether by itself, by a panic or because it was killed, the rings are
//! [read](mod@read) from where the kernel's symbol [`abi::trace::SYMBOL`] says. So the trace disturbs neither the
//! program's output nor the guest's time.
//!
//! Records ([`model`]) become stretches of time ([`slices`]), which [`file`](mod@file) writes. [`analysis`] tells what they
//! say about the scheduler.

pub mod analysis;
mod chrome;
pub mod file;
pub mod memory;
pub mod model;
pub mod read;
pub mod slices;

use std::path::Path;

use memory::Memory;

use crate::failure::Result;
use crate::symbols::Symbols;

/// Writes what the guest recorded to the file `to`.
pub fn save(memory: &Memory, kernel: &Path, root: &Path, to: &Path) -> Result<()> {
    let trace = read::read(memory, kernel, &mut Symbols::new(kernel, root))?;
    file::write(&trace, to)
}
