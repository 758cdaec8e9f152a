//! Floor 5: kernel objects, capability tables and the namespace.
//!
//! # Purpose
//! What a system call may reach, and how. An [`Object`] is anything that a slot can name; a [`Node`] is a file as a file
//! system keeps it; a [`Location`] is a node with the mount through which it was found; [`Lookup`] walks paths.
//!
//! # Invariants
//! 1. A handler gets at an object only through a [`Held`], and only the table's accessor makes one, after checking
//!    rights: there is no other way from a slot number to an object.
//! 2. No walk leaves the root of its [`Roots`], through `..`, links or mounts, and every walk goes by their [`View`], wherever
//!    it starts. A walk that must stay beneath its start never asks a directory for its parent.
//! 3. What a grant has lost, nothing does through it: [`revocation`] ends or awaits what was under way when it was narrowed.
//! 4. An object is dropped, and so closed for good, with no lock held.
//! 5. A link that stands for a slot gives no more than the slot: its rights, bounds and grant.
//!
//! # Locks
//! The table's lock and the locks of mounts are spinning locks held for a few instructions, with nothing taken under them, but
//! for the lock of the table's [`Roots`] where a narrowing takes from both. The
//! offset of an [`OpenFile`] is a sleeping lock held over one read or write; locks of file systems come after it.
//!
//! # What it must not do
//! Know any particular kind of object or file system, or who the current process is: what an object must know of its caller it
//! asks [`caller`].
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod credentials;
pub mod denial;
pub mod directory;
mod file_system;
pub mod file_systems;
mod floor;
mod ground;
mod held;
pub mod input_owner;
pub mod learning;
pub mod locks;
#[cfg(target_os = "none")]
mod mapped_file;
pub mod namespace;
pub mod narrow;
mod node;
mod object;
mod open_file;
mod ready;
#[cfg(target_os = "none")]
pub mod revocation;
mod seals;
mod status_flags;
mod table;
mod terminal;
mod unveil;

pub use credentials::{Credentials, Permissions};
pub use directory::DirectoryEntry;
pub use file_system::FileSystem;
pub use ground::KernelGround;
pub use held::{Held, ObjectCapability};
#[cfg(target_os = "none")]
pub use mapped_file::pages_of;
pub use namespace::{Location, Lookup, LookupFlags, Namespace, Roots, View};
pub use node::{NewNode, Node, NodeKind, Owner, SetAttributes, SetTime};
pub use object::{Object, Seek};
pub use open_file::OpenFile;
pub use ready::Ready;
pub use seals::{SealSet, Seals};
pub use status_flags::StatusFlags;
pub use table::{Reservation, ShownSlot, Table, derive};
pub use terminal::{Caller, ProcessGroup, Terminal, caller, install_caller};
pub use unveil::ViewStep;
