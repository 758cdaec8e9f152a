//! The user's vector and floating-point state.
//!
//! Kernel code is compiled without vector registers, so the state stays in them through system calls
//! and interrupts; the scheduler saves it when it switches away from a user thread and restores it
//! when it switches back.

mod image;

pub use image::{BadImage, SignalImage};

use alloc::alloc::{Layout, alloc_zeroed, dealloc};
use core::arch::asm;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use raw_cpuid::CpuId;
use x86_64::registers::xcontrol::{XCr0, XCr0Flags};

use crate::{OutOfMemory, features};

/// Legacy region (512 bytes) and XSAVE header (64), Intel SDM volume 1, section 13.4.
const LEGACY_SIZE: usize = 512;
const HEADER: usize = LEGACY_SIZE;
const EXTENDED: usize = LEGACY_SIZE + 64;
const CONTROL_WORD: usize = 0;
const MXCSR: usize = 24;
/// Bits of the header's first byte: the component is not in its initial state.
const X87: u8 = 1;
const SSE: u8 = 2;

const INITIAL_CONTROL_WORD: u16 = 0x037f;
const INITIAL_MXCSR: u32 = 0x1f80;
/// MXCSR bits that exist on every processor with 64-bit mode.
const MXCSR_MASK: u32 = 0xffff;

/// State components in use; 0 where only FXSAVE exists.
static COMPONENTS: AtomicU64 = AtomicU64::new(0);
/// Bytes of the save area.
static SIZE: AtomicUsize = AtomicUsize::new(LEGACY_SIZE);
/// Which instructions to use, as a number for one cheap comparison.
static METHOD: AtomicUsize = AtomicUsize::new(FXSAVE);
const FXSAVE: usize = 0;
const XSAVE: usize = 1;
const XSAVEOPT: usize = 2;

/// Chooses the state components and turns them on.
pub(crate) fn enable_on_this_cpu() {
    let features = features::get();
    if !features.xsave {
        return;
    }
    let mut wanted = XCr0Flags::X87 | XCr0Flags::SSE;
    if let Some(state) = CpuId::new().get_extended_state_info() {
        if state.xcr0_supports_avx_256() {
            wanted |= XCr0Flags::AVX;
        }
        if state.xcr0_supports_avx512_opmask()
            && state.xcr0_supports_avx512_zmm_hi256()
            && state.xcr0_supports_avx512_zmm_hi16()
        {
            wanted |= XCr0Flags::OPMASK | XCr0Flags::ZMM_HI256 | XCr0Flags::HI16_ZMM;
        }
    }
    // SAFETY: the processor supports each of these components.
    unsafe { XCr0::write(wanted) };
    COMPONENTS.store(wanted.bits(), Ordering::Relaxed);
    METHOD.store(if features.xsaveopt { XSAVEOPT } else { XSAVE }, Ordering::Relaxed);
    // Asked again, since the size depends on what is enabled.
    if let Some(state) = CpuId::new().get_extended_state_info() {
        SIZE.store(state.xsave_area_size_enabled_features() as usize, Ordering::Relaxed);
    }
}

/// One thread's state, in the XSAVE standard format (FXSAVE where the processor has no more).
pub struct FpuState {
    area: NonNull<u8>,
}

// SAFETY: the area is owned, plain memory.
unsafe impl Send for FpuState {}
// SAFETY: shared references only read.
unsafe impl Sync for FpuState {}

impl FpuState {
    /// The state a program starts with.
    pub fn new() -> Result<Self, OutOfMemory> {
        // SAFETY: the layout has a size that is not zero.
        let area = NonNull::new(unsafe { alloc_zeroed(layout()) }).ok_or(OutOfMemory)?;
        let mut state = Self { area };
        state.reset();
        Ok(state)
    }

    /// A copy. The registers are not consulted: [`save`](Self::save) first where this is current.
    pub fn try_clone(&self) -> Result<Self, OutOfMemory> {
        let mut copy = Self::new()?;
        copy.bytes_mut().copy_from_slice(self.bytes());
        Ok(copy)
    }

    /// Back to the state a program starts with (exec). Takes effect at the next `restore`.
    pub fn reset(&mut self) {
        let bytes = self.bytes_mut();
        // The components' own initial state: none is present in the header.
        bytes.fill(0);
        bytes[CONTROL_WORD..][..2].copy_from_slice(&INITIAL_CONTROL_WORD.to_le_bytes());
        bytes[MXCSR..][..4].copy_from_slice(&INITIAL_MXCSR.to_le_bytes());
    }

    /// Stores the registers here.
    #[inline]
    pub fn save(&mut self) {
        let area = self.area.as_ptr();
        match METHOD.load(Ordering::Relaxed) {
            // SAFETY: the area has the size and alignment that the enabled components need.
            XSAVEOPT => unsafe {
                asm!("xsaveopt64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack, preserves_flags))
            },
            // SAFETY: as above.
            XSAVE => unsafe {
                asm!("xsave64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack, preserves_flags))
            },
            // SAFETY: as above.
            _ => unsafe { asm!("fxsave64 [{}]", in(reg) area, options(nostack, preserves_flags)) },
        }
    }

    /// Loads the registers from here.
    #[inline]
    pub fn restore(&self) {
        let area = self.area.as_ptr();
        match METHOD.load(Ordering::Relaxed) {
            // SAFETY: the area holds what `save`, `reset` or a checked signal frame put there.
            FXSAVE => unsafe { asm!("fxrstor64 [{}]", in(reg) area, options(nostack, preserves_flags, readonly)) },
            // SAFETY: as above.
            _ => unsafe {
                asm!("xrstor64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack, preserves_flags, readonly))
            },
        }
    }

    /// The whole area.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the area is owned, initialised and `size()` bytes long.
        unsafe { core::slice::from_raw_parts(self.area.as_ptr(), size()) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.area.as_ptr(), size()) }
    }
}

impl Drop for FpuState {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with the same layout: the size is fixed before the first state.
        unsafe { dealloc(self.area.as_ptr(), layout()) };
    }
}

impl core::fmt::Debug for FpuState {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.debug_struct("FpuState").finish_non_exhaustive()
    }
}

#[inline]
fn size() -> usize {
    SIZE.load(Ordering::Relaxed)
}

fn layout() -> Layout {
    // With room for the number that closes an image.
    // SAFETY: the alignment is a power of two, and the size is a few kilobytes.
    unsafe { Layout::from_size_align_unchecked((size() + 4).next_multiple_of(64), 64) }
}
