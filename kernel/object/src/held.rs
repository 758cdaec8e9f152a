//! Held capabilities: the proof that a slot was looked up with rights.

use crate::Object;
use alloc::sync::Arc;
use caps::Rights;
use core::ops::Deref;

/// An object taken from a slot after its rights were checked.
///
/// It can only come out of [`crate::Table`]: a handler that has one cannot have forgotten the check. The object and the
/// rights are one snapshot; closing or narrowing the slot meanwhile does not change them.
pub struct Held {
    object: Arc<dyn Object>,
    rights: Rights,
    slot: i32,
}

impl Held {
    pub(crate) fn new(object: Arc<dyn Object>, rights: Rights, slot: i32) -> Self {
        Self { object, rights, slot }
    }

    /// The object.
    pub fn object(&self) -> &Arc<dyn Object> {
        &self.object
    }

    /// The object, kept.
    pub fn into_object(self) -> Arc<dyn Object> {
        self.object
    }

    /// All rights that the slot had.
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// The slot.
    pub fn slot(&self) -> i32 {
        self.slot
    }
}

impl Deref for Held {
    type Target = dyn Object;

    fn deref(&self) -> &Self::Target {
        self.object.as_ref()
    }
}

