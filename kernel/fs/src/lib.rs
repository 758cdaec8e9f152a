//! Floor 6: file systems.
//!
//! # Purpose
//! The file systems that there are without a disk: files in memory ([`tmpfs`]), filled at boot from the
//! archive that the boot loader brought ([`initramfs`], [`cpio`]); devices ([`devfs`], [`special`]); the
//! processes and the machine as text ([`procfs`], [`sysfs`]). Walking paths, permissions and open files are the
//! floor below's.
//!
//! # Invariants
//! 1. A byte of a file is in one place: reads, writes and mappings use the same frames.
//! 2. After a file shrank, no mapping shows what was cut off.
//! 3. A directory's entry counts as one link of its inode; an inode without links lives until its last user
//!    is gone.
//! 4. Whoever lists a directory sees each entry that is there all the time exactly once.
//! 5. What a user makes this floor allocate may fail, and then nothing has changed.
//!
//! # Locks
//! In tmpfs, outermost first: the rename lock, a file's writing lock (both sleep), then spinning locks held
//! for a few instructions, none across a copy of user memory, since that may fault on the very file.
//!
//! # What it must not do
//! Know processes or drivers: it asks a [`procfs::ProcessSource`], and calls openers that were registered.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(target_os = "none")]
mod clock;
pub mod cpio;
#[cfg(target_os = "none")]
pub mod devfs;
#[cfg(target_os = "none")]
pub mod device_id;
pub mod entries;
#[cfg(target_os = "none")]
pub mod initramfs;
#[cfg(target_os = "none")]
pub mod memory_file;
pub mod procfs;
pub mod radix;
#[cfg(target_os = "none")]
pub mod random;
#[cfg(target_os = "none")]
pub mod special;
#[cfg(target_os = "none")]
pub mod sysfs;
#[cfg(target_os = "none")]
pub mod tmpfs;
#[cfg(target_os = "none")]
pub mod tree;
