//! Floor 6: file systems.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(target_os = "none")]
mod clock;
pub mod cpio;
#[cfg(target_os = "none")]
pub mod device_id;
pub mod entries;
#[cfg(target_os = "none")]
pub mod initramfs;
pub mod procfs;
pub mod radix;
#[cfg(target_os = "none")]
pub mod special;
#[cfg(target_os = "none")]
pub mod tmpfs;
