//! The signal frame: what a handler finds on its stack, byte for byte as Linux lays it out on x86-64.
//!
//! From low to high addresses: the restorer's address (the handler returns to it), `ucontext_t`, `siginfo_t`, and
//! above them, aligned to 64 bytes, the XSAVE image, closed by a magic word. Debuggers, unwinders and the libcs'
//! own `sigreturn` stubs read it.

use abi::types::{Siginfo, Ucontext};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The part of the frame below the XSAVE image.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct SignalFrame {
    /// Where the handler's `ret` goes.
    pub restorer: u64,
    /// The interrupted state.
    pub context: Ucontext,
    /// What is known about the signal.
    pub details: Siginfo,
}

/// `uc_flags`: the XSAVE image is extended (1), `ss` is saved (2) and to be restored strictly (4).
pub const CONTEXT_FLAGS: u64 = 1 | 2 | 4;

/// The area below the stack pointer that a leaf function may use without moving it.
const RED_ZONE: u64 = 128;

/// Where the parts of a frame go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The [`SignalFrame`]; also the handler's stack pointer.
    pub frame: u64,
    /// The XSAVE image.
    pub fp_state: u64,
}

/// Where a frame starts to grow down from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// The interrupted stack, at this stack pointer.
    Interrupted(u64),
    /// A signal stack that was not in use, with this top.
    Alternate(u64),
}

impl Placement {
    /// Places a frame with `fp_size` bytes of XSAVE image; `None` where there is no room below.
    pub fn new(stack: Stack, fp_size: usize) -> Option<Self> {
        let top = match stack {
            Stack::Interrupted(pointer) => pointer.checked_sub(RED_ZONE)?,
            Stack::Alternate(top) => top,
        };
        let fp_state = top.checked_sub(fp_size as u64)? & !63;
        // As after a call: the stack pointer is 8 short of a multiple of 16.
        let frame = (fp_state.checked_sub(size_of::<SignalFrame>() as u64)? & !15).checked_sub(8)?;
        Some(Self { frame, fp_state })
    }
}

/// The most that a frame with `fp_size` bytes of XSAVE image takes: AT_MINSIGSTKSZ.
pub const fn minimum_stack(fp_size: usize) -> usize {
    size_of::<SignalFrame>() + fp_size + RED_ZONE as usize + 64 + 16 + 8
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::offset_of;

    #[test]
    fn the_layout_is_that_of_linux() {
        assert_eq!(size_of::<SignalFrame>(), 440);
        assert_eq!(offset_of!(SignalFrame, context), 8);
        assert_eq!(offset_of!(SignalFrame, details), 312);
        assert_eq!(offset_of!(Ucontext, registers), 40);
        assert_eq!(offset_of!(Ucontext, mask), 296);
    }

    #[test]
    fn frames_are_aligned_and_leave_the_red_zone_alone() {
        for pointer in 0x7fff_0000..0x7fff_0100 {
            let place = Placement::new(Stack::Interrupted(pointer), 2700).unwrap();
            assert_eq!(place.fp_state % 64, 0);
            assert_eq!(place.frame % 16, 8);
            assert!(place.fp_state + 2700 <= pointer - 128);
            assert!(place.frame + 440 <= place.fp_state);
            assert!(pointer - place.frame <= minimum_stack(2700) as u64);
        }
    }

    #[test]
    fn a_stack_pointer_near_zero_has_no_room() {
        assert_eq!(Placement::new(Stack::Interrupted(0), 832), None);
        assert_eq!(Placement::new(Stack::Interrupted(900), 832), None);
        assert_eq!(Placement::new(Stack::Alternate(832), 832), None);
    }
}
