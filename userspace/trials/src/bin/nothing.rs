//! The least program: returns from its C `main` at once.
#![no_main]
#![allow(unsafe_code, reason = "the C library's entry point has a name of its own")]

/// Where the C library's start goes.
// SAFETY: this is the one `main` of the program.
#[unsafe(no_mangle)]
pub extern "C" fn main() -> i32 {
    0
}
