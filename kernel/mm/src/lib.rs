//! Floor 3: physical and virtual memory.
//!
//! # Purpose
//!
//! Everything that owns or names memory: 4 KiB frames and who holds them, the kernel heap, kernel stacks, the
//! address spaces of processes, the flushing of stale translations on other CPUs, and the only safe way to touch
//! user memory. Floors above see frames as counted handles, user memory as readers and writers, and never a raw
//! page-table word.
//!
//! # Shape
//!
//! - [`frame`]: a buddy allocator behind per-CPU caches; a reference count for every frame; [`frame::Frame`], the
//!   handle.
//! - [`heap`]: the global allocator: per-CPU magazines over a slab depot, grown by the frame allocator.
//! - [`alloc`]: fallible construction, for whatever a user can drive.
//! - [`stack`]: kernel stacks, each above a hole.
//! - [`space`]: address spaces: regions, page tables, faults, copy-on-write, shootdown.
//! - [`user`]: user memory: typed pointers, [`user::Source`] and [`user::Sink`].
//! - [`fault`]: what a page fault in a user copy does.
//! - [`algorithm`]: the pure parts (buddy, region map, page index); they know no hardware and are tested on the host.
//!
//! # Invariants
//!
//! 1. A frame is free, or its count equals the number of handles and page-table words that name it. A page-table
//!    word with the *borrowed* bit names a frame without counting (the zero frame).
//! 2. A frame or a page-table page is given back only after every CPU that may hold a translation to it has flushed.
//! 3. A page-table word in the user half changes only by compare-and-swap under the space's region lock held for
//!    reading, or freely under it held for writing. Page-table pages are removed only under the latter.
//! 4. A CPU's bit in a space's active set is set before the CPU loads that space's root, and cleared after it has
//!    loaded another.
//! 5. Nothing here panics for want of memory; every path that a user can reach reports it. All frames pass one
//!    function, which can be told to fail ([`inject`]).
//!
//! # Locks, outermost first
//!
//! Region lock of a space (sleeping), locks of pagers, stack area, heap depot (IRQs off), buddy allocator (IRQs
//! off). Per-CPU caches need only IRQs off. Waiting for a shootdown holds no spin lock.
//!
//! # What it must not do
//!
//! Call the scheduler (sleeping comes through `sync`'s locks), read a user byte twice for one purpose, or touch
//! user memory other than through [`user`].
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]

extern crate alloc as heap_crate;

pub mod algorithm;

pub mod alloc;
mod cpu_caches;
pub mod error;
pub mod fault;
pub mod frame;
pub mod heap;
pub mod inject;
mod page_table;
pub mod pager;
pub mod shootdown;
pub mod space;
pub mod stack;
pub mod user;

pub use error::{Access, FaultError, OutOfMemory};
pub use pager::Pager;
pub use space::AddressSpace;

/// Brings up frames, and with them the heap and the stack area. Once, on the boot CPU, before anything allocates.
pub fn init(boot: &arch::boot::BootInfo) {
    frame::init(boot);
}
