//! The vector state in signal frames: taken from the registers and put back there, without a detour through the
//! thread's save area.
//!
//! The image is what Linux puts behind `uc_mcontext.fpstate`: the XSAVE area in standard format, with a description in the bytes of
//! the legacy region that software may use, and a magic number after its end. Where only FXSAVE exists it is the legacy region
//! alone.

use core::arch::asm;
use core::mem::MaybeUninit;
use core::ptr;

use super::{
    COMPONENTS, EXTENDED, FXSAVE, FpuState, HEADER, LEGACY_SIZE, METHOD, MXCSR, MXCSR_MASK, Ordering, SSE, X87, size,
};
use crate::OutOfMemory;
use crate::usercopy::{self, UserFault};

/// Bytes of the legacy region that software may use; Linux tells signal handlers about the rest there.
const SOFTWARE: usize = 464;
/// Where the registers of the legacy region end.
const LEGACY_END: usize = 416;

/// Linux's `FP_XSTATE_MAGIC1` and `FP_XSTATE_MAGIC2`.
const MAGIC_1: u32 = 0x4650_5853;
const MAGIC_2: u32 = 0x4650_5845;
const MAGIC_SIZE: usize = size_of::<u32>();

/// Images up to this size need no memory from the heap: x87, SSE and AVX.
const ROOM: usize = 896;

/// Why a signal frame's state cannot be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadImage {
    /// It cannot be read.
    Unreadable,
    /// It asks for what does not exist.
    Invalid,
    /// There is no memory to look at it.
    OutOfMemory,
}

/// The vector state as signal frames have it. Large: it is made where it stays, and then filled.
pub struct SignalImage {
    room: Room,
    /// In place of `room`, where that is too small.
    heap: Option<FpuState>,
    is_filled: bool,
}

#[repr(C, align(64))]
struct Room([MaybeUninit<u8>; ROOM]);

impl SignalImage {
    /// An image without bytes.
    #[inline(always)]
    pub const fn new() -> Self {
        Self { room: Room([const { MaybeUninit::uninit() }; ROOM]), heap: None, is_filled: false }
    }

    /// Bytes that an image has; it wants 64-byte alignment.
    #[inline]
    pub fn size() -> usize {
        match COMPONENTS.load(Ordering::Relaxed) {
            0 => LEGACY_SIZE,
            _ => size() + MAGIC_SIZE,
        }
    }

    /// Takes the state in the registers. Those of the calling thread: it must be one that runs user code.
    #[inline]
    pub fn capture(&mut self) -> Result<(), OutOfMemory> {
        self.make_room()?;
        self.save();
        self.is_filled = true;
        Ok(())
    }

    /// Takes an image from user memory. One that ends early has legacy state only.
    #[inline]
    pub fn read_from(&mut self, address: u64) -> Result<(), BadImage> {
        self.make_room().map_err(|OutOfMemory| BadImage::OutOfMemory)?;
        let size = Self::size();
        // SAFETY: the place has room for `size` bytes.
        let left = unsafe { usercopy::copy_in(self.start(), address, size) };
        let found = size - left;
        if found < LEGACY_SIZE {
            return Err(BadImage::Unreadable);
        }
        if left > 0 {
            // SAFETY: inside the place.
            let rest = unsafe { self.start().add(found) };
            // SAFETY: the rest of the `size` bytes.
            unsafe { ptr::write_bytes(rest, 0, left) };
        }
        self.is_filled = true;
        Ok(())
    }

    /// Writes the image to user memory.
    #[inline]
    pub fn write_to(&self, address: u64) -> Result<(), UserFault> {
        // SAFETY: the bytes are there.
        match unsafe { usercopy::copy_out(address, self.bytes().as_ptr(), self.filled()) } {
            0 => Ok(()),
            _ => Err(UserFault),
        }
    }

    /// Checks the image, which a program may have changed, and loads it into the registers; nothing in it can make that fault.
    #[inline]
    pub fn load(&mut self) -> Result<(), BadImage> {
        self.check()?;
        let start = self.start();
        match METHOD.load(Ordering::Relaxed) {
            // SAFETY: `check` has made the image one that loads without fault.
            FXSAVE => unsafe { asm!("fxrstor64 [{}]", in(reg) start, options(nostack, preserves_flags, readonly)) },
            // SAFETY: as above.
            _ => unsafe {
                asm!("xrstor64 [{}]", in(reg) start, in("eax") -1, in("edx") -1, options(nostack, preserves_flags, readonly))
            },
        }
        Ok(())
    }

    /// The image's bytes; none before it is filled.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        let start = match &self.heap {
            None => self.room.0.as_ptr().cast::<u8>(),
            Some(area) => area.area.as_ptr().cast_const(),
        };
        // SAFETY: a filled image has this many bytes.
        unsafe { core::slice::from_raw_parts(start, self.filled()) }
    }

    /// The image's bytes, to be changed.
    #[inline]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`, and borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.start(), self.filled()) }
    }

    #[inline]
    fn filled(&self) -> usize {
        if self.is_filled { Self::size() } else { 0 }
    }

    #[inline]
    fn make_room(&mut self) -> Result<(), OutOfMemory> {
        if Self::size() > ROOM && self.heap.is_none() {
            self.heap = Some(FpuState::new()?);
        }
        Ok(())
    }

    #[inline]
    fn start(&mut self) -> *mut u8 {
        match &mut self.heap {
            None => self.room.0.as_mut_ptr().cast(),
            Some(area) => area.area.as_ptr(),
        }
    }

    /// Stores the registers. Not by `xsaveopt`: every component is to be written, in its initial state too.
    #[inline]
    fn save(&mut self) {
        let start = self.start();
        // What the instruction leaves alone: the end of the legacy region, and all of the header but its first word.
        // SAFETY: inside the place.
        let untouched = unsafe { start.add(LEGACY_END) }.cast::<u64>();
        // SAFETY: the place has more than the legacy region and the header.
        unsafe { ptr::write_bytes(untouched, 0, (EXTENDED - LEGACY_END) / 8) };
        let components = COMPONENTS.load(Ordering::Relaxed);
        if components == 0 {
            // SAFETY: the place has the size and alignment of the legacy region.
            unsafe { asm!("fxsave64 [{}]", in(reg) start, options(nostack, preserves_flags)) };
            return;
        }
        // SAFETY: inside the place.
        let end = unsafe { start.add(size()) };
        // SAFETY: the place has room for the number after the area.
        unsafe { ptr::write_bytes(end, 0, MAGIC_SIZE) };
        // SAFETY: the place has the size and alignment that the enabled components need; a larger image's gaps are zeroed memory.
        unsafe { asm!("xsave64 [{}]", in(reg) start, in("eax") -1, in("edx") -1, options(nostack, preserves_flags)) };
        let image_size = Self::size();
        let area_size = size();
        // SAFETY: all of the image has just been written.
        let bytes = unsafe { core::slice::from_raw_parts_mut(start, image_size) };
        // A reader who knows nothing of the header expects x87 and SSE values.
        bytes[HEADER] |= X87 | SSE;
        // struct _fpx_sw_bytes: magic1, extended_size, xfeatures, xstate_size.
        put(bytes, SOFTWARE, MAGIC_1);
        put(bytes, SOFTWARE + 4, image_size as u32);
        put(bytes, SOFTWARE + 8, components as u32);
        put(bytes, SOFTWARE + 12, (components >> 32) as u32);
        put(bytes, SOFTWARE + 16, area_size as u32);
        put(bytes, area_size, MAGIC_2);
    }

    /// Makes sure that loading the image cannot fault.
    #[inline]
    fn check(&mut self) -> Result<(), BadImage> {
        let components = COMPONENTS.load(Ordering::Relaxed);
        let area_size = size();
        let bytes = self.bytes_mut();
        if bytes.len() < LEGACY_SIZE {
            return Err(BadImage::Invalid);
        }
        put(bytes, MXCSR, get(bytes, MXCSR) & MXCSR_MASK);
        if components == 0 {
            return Ok(());
        }
        let is_extended = get(bytes, SOFTWARE) == MAGIC_1 && get(bytes, area_size) == MAGIC_2;
        let header = &mut bytes[HEADER..EXTENDED];
        if !is_extended {
            header.fill(0);
            header[0] = X87 | SSE;
            return Ok(());
        }
        let (present, rest) = header.split_at(8);
        let present = present.first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let is_plain = rest.chunks_exact(8).all(|word| word == [0; 8]);
        if present & !components == 0 && is_plain { Ok(()) } else { Err(BadImage::Invalid) }
    }
}

#[inline]
fn put(bytes: &mut [u8], at: usize, word: u32) {
    bytes[at..][..4].copy_from_slice(&word.to_le_bytes());
}

#[inline]
fn get(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

impl Default for SignalImage {
    fn default() -> Self {
        Self::new()
    }
}
