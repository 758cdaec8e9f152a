//! What a process runs: facts of its last exec.

use alloc::vec::Vec;
use object::Location;

/// A program as exec loaded it. Immutable; shared by a process and its children until they exec.
#[derive(Default)]
pub struct Program {
    /// The file, where there is one.
    pub location: Option<Location>,
    /// The path by which it was started.
    pub path: Vec<u8>,
    /// Where the argument strings lie in its memory: first address and length.
    pub arguments: (u64, u64),
    /// Where the environment strings lie.
    pub environment: (u64, u64),
    /// Where the stack began.
    pub stack_start: u64,
    /// The auxiliary vector, as bytes.
    pub auxiliary: Vec<u8>,
}
