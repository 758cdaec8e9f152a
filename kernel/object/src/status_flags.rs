//! The flags that an open object keeps.

use abi::OpenFlags;
use core::sync::atomic::{AtomicU32, Ordering};

/// Access mode and status flags of one open object, shared by every slot that was duplicated from one open.
#[derive(Debug)]
pub struct StatusFlags(AtomicU32);

impl StatusFlags {
    /// These flags.
    pub const fn new(flags: OpenFlags) -> Self {
        Self(AtomicU32::new(flags.bits()))
    }

    /// The flags as they are now.
    #[inline]
    pub fn get(&self) -> OpenFlags {
        OpenFlags::from_bits_retain(self.0.load(Ordering::Relaxed))
    }

    /// Replaces those of [`OpenFlags::CHANGEABLE`] in one step, so that of two changes neither is lost in part.
    pub fn change(&self, flags: OpenFlags) {
        let changed = (flags & OpenFlags::CHANGEABLE).bits();
        let replace = |now| Some(now & !OpenFlags::CHANGEABLE.bits() | changed);
        // The closure always has a value, so the update never fails.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, replace);
    }
}
