//! Denials: the one place through which every refusal for want of authority goes.

use crate::Object;
use crate::floor::Once;
use alloc::sync::Arc;
use caps::{Cause, Promises, Rights, Root, RootSet};

/// What was needed and was not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed<'a> {
    /// Rights of a capability.
    Rights(Rights),
    /// A control request that the slot's list does not have.
    Ioctl(u32),
    /// A `fcntl` command that the slot's list does not have.
    Fcntl(u32),
    /// One of these promises.
    Promises(Promises),
    /// These root capabilities.
    Roots(RootSet),
    /// Rights of a root capability that is there.
    RootRights(Root, Rights),
    /// A path in the view, with these permissions (the letters of `unveil`).
    Path {
        /// The letters.
        permissions: &'a str,
        /// The path, as far as it is known.
        path: &'a [u8],
    },
    /// Something else, in the words of the manifest line that would allow it.
    Other(&'a str),
}

/// What there was of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Had {
    /// Rights.
    Rights(Rights),
    /// Promises.
    Promises(Promises),
    /// Root capabilities.
    Roots(RootSet),
    /// Nothing that could be listed.
    Nothing,
}

/// One refusal.
#[derive(Clone, Copy)]
pub struct Denial<'a> {
    /// The system call; `None` for the one that the current thread is in.
    pub call: Option<u64>,
    /// The slot used, if one was.
    pub slot: Option<i32>,
    /// The object in it.
    pub object: Option<&'a Arc<dyn Object>>,
    /// What it needed.
    pub needed: Needed<'a>,
    /// What there was.
    pub held: Had,
    /// The narrowing that took what is missing; `None` if nobody had it.
    pub cause: Option<Cause>,
}

impl<'a> Denial<'a> {
    /// A refusal of the current call where no slot is concerned.
    pub const fn of(needed: Needed<'a>, held: Had, cause: Option<Cause>) -> Self {
        Self { call: None, slot: None, object: None, needed, held, cause }
    }

    /// The same for the use of a slot.
    pub const fn at(self, slot: i32, object: &'a Arc<dyn Object>) -> Self {
        Self { slot: Some(slot), object: Some(object), ..self }
    }
}

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// It is refused.
    Refuse,
    /// It goes on: whoever is learned from is denied nothing.
    Allow,
}

/// What records denials, and decides about those who are learned from.
pub type Hook = fn(&Denial<'_>) -> Verdict;

static HOOK: Once<Hook> = Once::new();

/// Installs what [`deny`] asks. Once, at boot.
pub fn install_hook(hook: Hook) {
    HOOK.call_once(|| hook);
}

/// Notes a refusal. No spinning lock is held.
#[cold]
pub fn deny(denial: &Denial<'_>) -> Verdict {
    match HOOK.get() {
        Some(hook) => hook(denial),
        None => Verdict::Refuse,
    }
}
