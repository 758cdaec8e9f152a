//! The capability algebra: what a process may do, as a table that can be read.
//!
//! # The model, for someone who has met no capability system
//! In most systems a program may do whatever its *user* may do: it names things (paths, process numbers), and the system asks
//! who is asking. Here authority is a thing that one *holds*, like a key. A **capability** is a reference to an object (a
//! file, a process, a piece of memory) together with the **rights** to do certain things with it. A process keeps its
//! capabilities in a **table**; the place of one in the table is its **slot**, and the slot's number is what Unix calls a file
//! descriptor. A call names a slot, never an object; if no slot has the object, there is no name for it and nothing to
//! ask permission for.
//!
//! What Unix leaves ambient is in the table as well, as **root capabilities**: the file tree that absolute paths start
//! from, the working directory, the making of processes, signalling, networks, clocks. `open("/etc/motd")` is sugar for a
//! look-up on the file-tree capability; take that away and the call is denied.
//!
//! Four things bound a use, and all four only ever shrink:
//! * the slot's own [`Rights`], and its [`Bounds`] (which control requests, and what children opened beneath a directory may have);
//! * the [`Grant`] through which a capability was lent: whoever lent it may narrow it, or take it back, later;
//! * the table's [`Ceilings`]: the most that any capability of a [`Kind`] may do in this process, with a second set that comes
//!   into force at the next exec;
//! * the number of slots.
//!
//! **Narrowing** is the one operation on authority: closing a slot, taking rights from one, lowering a ceiling, lowering a
//! limit are all spellings of it.
//!
//! # The laws
//! 1. **Mediation.** An object is reached only through [`Table::get`], which checks slot, kind, rights, grant and ceiling together.
//! 2. **Monotonicity.** No sequence of a process's own operations widens its authority: everything here that changes a right is
//!    an intersection. It grows only by receiving a capability from one who held it.
//! 3. **Revocation.** When a grant has been narrowed, no capability on it, in any table, does more than what was left. A
//!    use looks at one grant whatever the depth of the derivation.
//! 4. **Attribution.** A denial ([`Denied`]) says what was missing and where it went missing.
//! 5. **Least surprise.** Bad slot, wrong kind, missing right: found in this order, always.
//!
//! # What this crate is not
//! It knows no kernel, no lock and no file: the object is a type parameter. Whoever embeds a table wraps it in a lock and drops
//! what [`Table::remove`] and [`Table::replace`] return after releasing it.
//!
//! ```
//! use caps::{Capability, Cause, Denied, HostGround, Item, Kind, Need, Place, Rights, SlotFlags, SlotNarrowing, Spelling, Table};
//!
//! let mut table = Table::new(1024);
//! let reservation = table.reserve(0).unwrap();
//! let slot = table.commit(reservation, Capability::new("a file", Kind::File, Rights::READER), SlotFlags::empty());
//! assert!(table.get(slot as i32, &Need::rights(Rights::READ)).is_ok());
//!
//! let cause = Cause { sequence: 1, process: 7, spelling: Spelling::Limit, time_ns: 0 };
//! let less = SlotNarrowing { rights: Some(Rights::FSTAT), ..SlotNarrowing::of(slot as i32) };
//! table.narrow(&[Item::Slot(less)], cause, &HostGround).unwrap();
//! let denied = table.get(slot as i32, &Need::rights(Rights::READ)).unwrap_err();
//! assert_eq!(denied, Denied::Missing { rights: Rights::READ, at: Place::Slot, cause: Some(cause) });
//! ```
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

mod authority;
mod bounds;
mod capability;
mod cause;
mod ceiling;
mod grant;
mod ground;
mod history;
mod host;
mod kind;
mod memory;
mod narrowing;
mod path_permissions;
mod promise;
mod rights;
mod root;
mod shim;
mod slot_set;
mod table;
mod text;

pub use authority::Authority;
pub use bounds::{Bounds, FcntlSet, IoctlSet};
pub use capability::{Capability, Denied, DeniedCall, Lacking, Need, Place};
pub use cause::{Cause, Spelling};
pub use ceiling::{Ceilings, Half, When};
pub use grant::{Grant, Links, TreeLock, Walk};
pub use ground::Ground;
pub use history::{History, Taken};
pub use host::HostGround;
pub use kind::{Kind, KindSet};
pub use memory::OutOfMemory;
pub use narrowing::{Item, NarrowError, SlotNarrowing};
pub use path_permissions::PathPermissions;
pub use promise::{Promises, word as promise_words};
pub use rights::Rights;
pub use root::{Root, RootSet, word as root_words};
pub use table::{Reservation, SlotFlags, Table, TableError};
pub use text::{PromisesText, Quoted, RightsText};
