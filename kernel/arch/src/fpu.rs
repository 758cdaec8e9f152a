//! The user's vector and floating-point state.
//!
//! Kernel code is compiled without vector registers, so the state stays in them through system calls
//! and interrupts; the scheduler saves it when it switches away from a user thread and restores it
//! when it switches back.

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
/// The register files of the legacy region.
const X87_REGISTERS: usize = 32;
const XMM_REGISTERS: usize = 160;
const XMM_END: usize = 416;
/// Bits of the header's first byte: the component is not in its initial state.
const X87: u8 = 1;
const SSE: u8 = 2;
/// Bytes of the legacy region that software may use; Linux tells signal handlers about the rest there.
const SOFTWARE: usize = 464;

const INITIAL_CONTROL_WORD: u16 = 0x037f;
const INITIAL_MXCSR: u32 = 0x1f80;
/// MXCSR bits that exist on every processor with 64-bit mode.
const MXCSR_MASK: u32 = 0xffff;

/// Linux's `FP_XSTATE_MAGIC1` and `FP_XSTATE_MAGIC2`.
const MAGIC_1: u32 = 0x4650_5853;
const MAGIC_2: u32 = 0x4650_5845;

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
        if state.xcr0_supports_avx512_opmask() && state.xcr0_supports_avx512_zmm_hi256() && state.xcr0_supports_avx512_zmm_hi16() {
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

/// Why a signal frame's state cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidState;

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
            XSAVEOPT => unsafe { asm!("xsaveopt64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack, preserves_flags)) },
            // SAFETY: as above.
            XSAVE => unsafe { asm!("xsave64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack, preserves_flags)) },
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
            _ => unsafe { asm!("xrstor64 [{}]", in(reg) area, in("eax") -1, in("edx") -1, options(nostack, preserves_flags, readonly)) },
        }
    }

    /// Bytes that [`write_signal_frame`](Self::write_signal_frame) needs; the frame wants 64-byte
    /// alignment.
    pub fn signal_frame_size() -> usize {
        match COMPONENTS.load(Ordering::Relaxed) {
            0 => LEGACY_SIZE,
            _ => size() + size_of::<u32>(),
        }
    }

    /// Writes the image that Linux puts behind `uc_mcontext.fpstate`: the XSAVE area with its magic
    /// numbers. `frame` has `signal_frame_size()` bytes.
    pub fn write_signal_frame(&self, frame: &mut [u8]) {
        let components = COMPONENTS.load(Ordering::Relaxed);
        let size = size();
        frame[..size].copy_from_slice(self.bytes());
        if components == 0 {
            return;
        }
        materialise_initial_state(frame);
        // struct _fpx_sw_bytes: magic1, extended_size, xfeatures, xstate_size.
        let software = &mut frame[SOFTWARE..LEGACY_SIZE];
        software.fill(0);
        software[..4].copy_from_slice(&MAGIC_1.to_le_bytes());
        software[4..8].copy_from_slice(&(Self::signal_frame_size() as u32).to_le_bytes());
        software[8..16].copy_from_slice(&components.to_le_bytes());
        software[16..20].copy_from_slice(&(size as u32).to_le_bytes());
        frame[size..][..4].copy_from_slice(&MAGIC_2.to_le_bytes());
    }

    /// Takes an image that a program may have changed; nothing in it can make
    /// [`restore`](Self::restore) fault. An image without the magic numbers has legacy state only.
    pub fn load_signal_frame(&mut self, frame: &[u8]) -> Result<(), InvalidState> {
        let word = |offset: usize| frame.get(offset..offset + 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        let size = size();
        let components = COMPONENTS.load(Ordering::Relaxed);
        let is_extended = components != 0 && word(SOFTWARE) == Some(MAGIC_1) && word(size) == Some(MAGIC_2);
        if frame.len() < if is_extended { size } else { LEGACY_SIZE } {
            return Err(InvalidState);
        }
        self.reset();
        let bytes = self.bytes_mut();
        bytes[..LEGACY_SIZE].copy_from_slice(&frame[..LEGACY_SIZE]);
        if is_extended {
            let header = &frame[HEADER..EXTENDED];
            let present = header.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            if present & !components != 0 || header[8..].iter().any(|byte| *byte != 0) {
                self.reset();
                return Err(InvalidState);
            }
            bytes[HEADER..size].copy_from_slice(&frame[HEADER..size]);
        } else if components != 0 {
            bytes[HEADER] = X87 | SSE;
        }
        let mxcsr = word(MXCSR).unwrap_or(INITIAL_MXCSR) & MXCSR_MASK;
        bytes[MXCSR..][..4].copy_from_slice(&mxcsr.to_le_bytes());
        Ok(())
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

/// Saving leaves components that are in their initial state out of memory, where older values may stand.
/// A reader who knows nothing of the header expects x87 and SSE values: fill them in and mark them.
fn materialise_initial_state(frame: &mut [u8]) {
    if frame[HEADER] & X87 == 0 {
        frame[..MXCSR].fill(0);
        frame[CONTROL_WORD..][..2].copy_from_slice(&INITIAL_CONTROL_WORD.to_le_bytes());
        frame[X87_REGISTERS..XMM_REGISTERS].fill(0);
    }
    if frame[HEADER] & SSE == 0 {
        frame[XMM_REGISTERS..XMM_END].fill(0);
    }
    frame[HEADER] |= X87 | SSE;
}

fn size() -> usize {
    SIZE.load(Ordering::Relaxed)
}

fn layout() -> Layout {
    // SAFETY: the alignment is a power of two, and the size is a few kilobytes.
    unsafe { Layout::from_size_align_unchecked(size().next_multiple_of(64), 64) }
}
