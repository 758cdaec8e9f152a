//! Floor 1: x86-64. The only floor that holds assembly and the only one that knows the machine's
//! registers.
//!
//! # Purpose
//! `arch` turns a machine that a boot loader left in 32-bit mode into a set of processors that run
//! Rust in the high half, and gives the floors above a vocabulary without registers: processors and
//! sets of them, interrupts on and off, a clock, a one-shot timer, inter-processor interrupts,
//! page-table words, the context switch, and [`user::UserContext::run`], which enters user mode and
//! *returns* why it came back.
//!
//! # Invariants
//! - GS holds the kernel's per-CPU block whenever Rust code runs in ring 0. User code may hold
//!   anything in its GS base; the two are exchanged at the boundary only.
//! - RFLAGS.AC is clear in the kernel outside [`usercopy`], so SMAP always guards.
//! - No mapping is both writable and executable after [`boot`] has finished.
//! - Kernel code never touches vector registers: the user's FPU state stays in the registers while
//!   its thread is current, and moves only in [`fpu`].
//!
//! # Locks
//! None above a spin lock around the IOAPIC registers and the serial port of last resort. Upward
//! calls go through [`Hooks`], installed once, before interrupts are enabled.
//!
//! # What it must not do
//! Schedule, allocate on an interrupt path, or know of threads, processes or address spaces.
#![no_std]
// On the host only the tests and what the floors above link exist; the boot path hangs off assembly.
#![cfg_attr(not(target_os = "none"), allow(dead_code, unused_imports))]

extern crate alloc;

pub mod acpi;
pub mod apic;
pub mod boot;
pub mod clock;
pub mod context;
pub mod cpu;
mod cpu_set;
pub mod debug;
mod descriptors;
mod features;
pub mod fpu;
mod hooks;
pub mod interrupt_counts;
pub mod interrupts;
pub mod ioapic;
pub mod layout;
pub mod local;
pub mod page;
pub mod paging;
pub mod port;
pub mod power;
pub mod preempt;
pub mod random;
mod reference;
mod rtc;
mod smp;
pub mod stop;
pub mod topology;
pub mod trace;
mod trampoline;
mod trap;
pub mod user;
pub mod usercopy;
pub mod vdso;
pub mod vector;

pub use cpu_set::{AtomicCpuSet, CpuSet};
pub use hooks::{Fault, Hooks, install_hooks};
pub use layout::phys_to_virt;
pub use x86_64::{PhysAddr, VirtAddr};

/// Size of the smallest page in bytes.
pub const PAGE_SIZE: usize = 4096;

/// The kernel heap could not provide memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;
