//! The process file system.
//!
//! Its fixed names are tables ([`tree`], [`system`], [`process`]); a node is a place in them, made anew
//! by each look-up, and its inode number is computed from the place. Texts are made whole at a read from
//! the start of the file and kept until the next, so a reader who goes on sees one moment.
//!
//! What processes are it does not know: it asks the [`ProcessSource`] given to it.

#[cfg(target_os = "none")]
mod capabilities;
pub mod cpu_list;
#[cfg(target_os = "none")]
mod file;
#[cfg(target_os = "none")]
mod interrupts;
#[cfg(target_os = "none")]
mod machine;
#[cfg(target_os = "none")]
mod maps;
#[cfg(target_os = "none")]
mod mounts;
#[cfg(target_os = "none")]
mod node;
#[cfg(target_os = "none")]
mod numbers;
#[cfg(target_os = "none")]
mod object_node;
#[cfg(target_os = "none")]
mod process;
#[cfg(target_os = "none")]
mod schedstat;
#[cfg(target_os = "none")]
mod slots;
#[cfg(target_os = "none")]
pub mod source;
pub mod status;
#[cfg(target_os = "none")]
mod system;
pub mod text;
#[cfg(target_os = "none")]
mod tree;

#[cfg(target_os = "none")]
pub use file_system::{ProcFs, make};
#[cfg(target_os = "none")]
pub use source::{ProcessSource, ProcessView};

#[cfg(target_os = "none")]
mod file_system;
