//! Ceilings: the most that any capability of a kind may do in one table.

use crate::{Kind, Rights};

/// A limit for each kind of object, now and after the next exec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceilings {
    now: [Rights; Kind::COUNT],
    after_exec: [Rights; Kind::COUNT],
}

impl Ceilings {
    /// No limits.
    pub const NONE: Self = Self { now: [Rights::ALL; Kind::COUNT], after_exec: [Rights::ALL; Kind::COUNT] };

    /// The limit for a kind.
    #[inline]
    pub const fn of(&self, kind: Kind) -> Rights {
        self.now[kind as usize]
    }

    /// The limit for a kind after the next exec.
    pub const fn after_exec(&self, kind: Kind) -> Rights {
        self.after_exec[kind as usize]
    }

    /// Takes from a kind what is not in `rights`.
    pub fn narrow(&mut self, kind: Kind, rights: Rights) {
        self.now[kind as usize] &= rights;
    }

    /// Takes from a kind what is not in `rights`, from the next exec on.
    pub fn narrow_after_exec(&mut self, kind: Kind, rights: Rights) {
        self.after_exec[kind as usize] &= rights;
    }

    /// Lets the exec half come into force. It may hold rights that the present half lacks: those were given up for this
    /// program only, when the exec half was set.
    pub fn exec(&mut self) {
        self.now = self.after_exec;
    }
}
