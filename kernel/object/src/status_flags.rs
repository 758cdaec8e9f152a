//! The flags that an open object keeps.

use crate::input_owner::OwnerSlot;
use abi::OpenFlags;
use core::sync::atomic::{AtomicU32, Ordering};

/// Access mode and status flags of one open object, shared by every slot that was duplicated from one open; and who is told
/// when [`OpenFlags::ASYNC`] is among them.
pub struct StatusFlags {
    flags: AtomicU32,
    owner: OwnerSlot,
}

impl StatusFlags {
    /// These flags.
    pub const fn new(flags: OpenFlags) -> Self {
        Self { flags: AtomicU32::new(flags.bits()), owner: OwnerSlot::new() }
    }

    /// The flags as they are now.
    #[inline]
    pub fn get(&self) -> OpenFlags {
        OpenFlags::from_bits_retain(self.flags.load(Ordering::Relaxed))
    }

    /// Who is told.
    pub(crate) const fn owner(&self) -> &OwnerSlot {
        &self.owner
    }

    /// Replaces those of [`OpenFlags::CHANGEABLE`] in one step, so that of two changes neither is lost in part.
    pub fn change(&self, flags: OpenFlags) {
        let changed = (flags & OpenFlags::CHANGEABLE).bits();
        let replace = |now| Some(now & !OpenFlags::CHANGEABLE.bits() | changed);
        // The closure always has a value, so the update never fails.
        let _ = self.flags.fetch_update(Ordering::Relaxed, Ordering::Relaxed, replace);
    }
}
