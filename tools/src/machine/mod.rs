//! The machine: one QEMU process, the lines that lead into it, and what is needed to end it.
//!
//! Every line is one end of a socket pair, and the initramfs a file in memory, both inherited by QEMU: nothing has a
//! name in the file system, so nothing stays behind however either process ends. QEMU is started through this same
//! binary (`launch`), which asks the kernel to kill it when its parent dies and then becomes QEMU.

pub mod arguments;
pub mod child;
pub mod monitor;

pub use child::{Machine, launch};
