//! From the boot loader's hands to `kernel_main`.

mod info;

pub use info::{BootInfo, MemoryRegion};
