//! Slot numbers that a handler resolves itself.

use crate::Context;
use abi::{Errno, Result};
use caps::{KindSet, Rights};
use object::Held;

/// A slot's number, with nothing checked: for calls whose rights depend on other arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot(i32);

impl Slot {
    /// The slot with this number.
    pub const fn new(number: i32) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The object in it, if it has these rights.
    pub fn get(self, cx: &Context, rights: Rights) -> Result<Held> {
        cx.table.get(self.0, rights)
    }

    /// The object in it, if it is of one of these kinds (else `wrong_kind`) and has these rights.
    pub fn get_kind(self, cx: &Context, kinds: KindSet, rights: Rights, wrong_kind: Errno) -> Result<Held> {
        cx.table.get_kind(self.0, kinds, rights, wrong_kind)
    }
}
