//! The one-shot timer of each CPU.

/// Has [`crate::Hooks::timer`] called on this CPU once [`crate::clock::now_ns`] has reached
/// `deadline_ns`, never earlier; a past deadline fires at once. Replaces an earlier deadline.
pub fn arm(_deadline_ns: u64) {
    todo!()
}

/// Forgets the deadline of this CPU.
pub fn disarm() {
    todo!()
}
