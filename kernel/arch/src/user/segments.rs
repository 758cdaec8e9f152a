//! The user's FS and GS bases. In the kernel the user's GS base sits in the "kernel GS" register, from
//! which `swapgs` fetches it.

use core::arch::asm;

use x86_64::VirtAddr;
use x86_64::registers::model_specific::{FsBase, KernelGsBase};

use crate::features;

/// FS and GS base of user mode.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct Segments {
    pub fs_base: u64,
    pub gs_base: u64,
}

impl Segments {
    /// What this CPU holds. Interrupts are off.
    #[inline]
    pub fn read() -> Self {
        if !features::has_fsgsbase() {
            return Self { fs_base: FsBase::read().as_u64(), gs_base: KernelGsBase::read().as_u64() };
        }
        let (fs_base, gs_base);
        // SAFETY: the instructions exist, and GS is the kernel's again at the end; nothing that needs
        // it can come in between, since interrupts are off and other traps bring their own.
        unsafe {
            asm!("rdfsbase {}", "swapgs", "rdgsbase {}", "swapgs", out(reg) fs_base, out(reg) gs_base,
                options(nomem, nostack, preserves_flags));
        }
        Self { fs_base, gs_base }
    }

    /// Makes this CPU hold them. Interrupts are off. Bases are those of user space: canonical.
    #[inline]
    pub fn write(self) {
        if !features::has_fsgsbase() {
            FsBase::write(VirtAddr::new_truncate(self.fs_base));
            KernelGsBase::write(VirtAddr::new_truncate(self.gs_base));
            return;
        }
        // SAFETY: as in `read`; the bases are canonical.
        unsafe {
            asm!("wrfsbase {}", "swapgs", "wrgsbase {}", "swapgs", in(reg) self.fs_base, in(reg) self.gs_base,
                options(nomem, nostack, preserves_flags));
        }
    }
}
