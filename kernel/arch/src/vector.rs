//! Interrupt vectors.

use core::sync::atomic::{AtomicU8, Ordering};

/// First vector that devices may have; those below belong to exceptions and the masked legacy PIC.
pub const FIRST_DEVICE: u8 = 0x30;
/// Last vector that devices may have.
pub const LAST_DEVICE: u8 = 0xef;
pub(crate) const TIMER: u8 = 0xf0;
pub(crate) const RESCHEDULE: u8 = 0xf1;
pub(crate) const SHOOTDOWN: u8 = 0xf2;
pub(crate) const STOP: u8 = 0xf3;
pub(crate) const APIC_ERROR: u8 = 0xf4;
pub(crate) const SPURIOUS: u8 = 0xff;

static NEXT: AtomicU8 = AtomicU8::new(FIRST_DEVICE);

/// A vector that nothing else uses; `None` when all are taken. Vectors are never given back.
pub fn alloc() -> Option<u8> {
    NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| (next <= LAST_DEVICE).then_some(next + 1)).ok()
}
