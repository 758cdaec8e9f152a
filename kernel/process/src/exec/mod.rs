//! Program loading.
//!
//! exec has three parts. [`load`] builds the new program in an address space of its own and can fail without harm. Then
//! the other threads of the process end; nothing is given up before they are gone. Only then, in [`execute`]'s last
//! part, the old program goes, and nothing there can fail.

pub mod image;
#[cfg(target_os = "none")]
pub mod load;
pub mod script;
pub mod stack;

#[cfg(target_os = "none")]
mod replace;
#[cfg(target_os = "none")]
pub mod vdso;

#[cfg(target_os = "none")]
pub use load::{fix_layout, minimum_signal_stack};
#[cfg(target_os = "none")]
pub(crate) use replace::check_start;
#[cfg(target_os = "none")]
pub use replace::{Executable, execute};
