//! Terminals.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A terminal's modes as the kernel's calls take them: `struct termios`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Termios {
    /// Input flags.
    pub input: u32,
    /// Output flags.
    pub output: u32,
    /// Control flags.
    pub control: u32,
    /// Local flags.
    pub local: u32,
    /// Line discipline.
    pub line: u8,
    /// Control characters.
    pub characters: [u8; 19],
}

/// The same with speeds: `struct termios2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Termios2 {
    /// Input flags.
    pub input: u32,
    /// Output flags.
    pub output: u32,
    /// Control flags.
    pub control: u32,
    /// Local flags.
    pub local: u32,
    /// Line discipline.
    pub line: u8,
    /// Control characters.
    pub characters: [u8; 19],
    /// Input speed.
    pub input_speed: u32,
    /// Output speed.
    pub output_speed: u32,
}

/// The same as System V had it: `struct termio`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Termio {
    /// The low half of the input flags.
    pub input: u16,
    /// The low half of the output flags.
    pub output: u16,
    /// The low half of the control flags.
    pub control: u16,
    /// The low half of the local flags.
    pub local: u16,
    /// Line discipline.
    pub line: u8,
    /// The first of the control characters.
    pub characters: [u8; 8],
    /// Nothing.
    pub padding: u8,
}

/// The size of a terminal: `struct winsize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Winsize {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
    /// Unused.
    pub x_pixels: u16,
    /// Unused.
    pub y_pixels: u16,
}
