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
//! ```
//! use caps::{Capability, Kind, Need, Rights, SlotFlags, Table};
//!
//! let mut table = Table::new(1024);
//! // Making something takes two steps, so that nobody sees a slot half made: set one aside, fill it.
//! let reservation = table.reserve(0).unwrap();
//! let file = Capability::new("motd", Kind::File, Rights::READER);
//! let slot = table.commit(reservation, file, SlotFlags::empty()) as i32;
//! // The one way from a slot to an object says what it needs.
//! assert!(table.get(slot, &Need::rights(Rights::READ)).is_ok());
//! assert!(table.get(slot, &Need::rights(Rights::WRITE)).is_err());
//! ```
//!
//! What Unix leaves ambient is in the table as well, as **root capabilities** ([`Root`]): the file tree that absolute paths
//! start from, the working directory, the making of processes, signalling, networks, clocks. `open("/etc/motd")` is sugar
//! for a look-up on the file-tree capability; take that away and the call is denied.
//!
//! Five things bound a use:
//! * the slot's own [`Rights`], and its [`Bounds`] (which control requests it allows, and what children opened beneath a
//!   directory may have);
//! * the [`Grant`] through which a capability was lent: whoever lent it may narrow it, or take it back, later;
//! * the table's [`Ceilings`]: the most that any capability of a [`Kind`] may do in this process;
//! * the [`Promises`] that the program made about itself, and the root capabilities that it kept, which the ceilings hold too;
//! * the number of slots.
//!
//! The ceilings have two halves: what is in force, and what the next exec puts in force. A program that gives up something for
//! itself alone gives up the first; one that confines what it is about to execute gives up the second.
//!
//! # Narrowing
//! One operation takes authority away: [`Table::narrow`], with a list of [`Item`]s, each saying what is *kept*. All of the list is
//! applied or none of it. Capsicum's `cap_rights_limit` and `cap_enter`, OpenBSD's `pledge`, and closing many slots at once are
//! spellings of it, and it leaves a [`Cause`] behind: who narrowed, when, and under which spelling.
//!
//! ```
//! use caps::{Capability, Cause, HostGround, Item, Kind, Need, Promises, Rights, SlotFlags, SlotNarrowing, Spelling, Table, When};
//! use caps::{Denied, Place, RootSet};
//! # let mut table = Table::new(16);
//! # let reservation = table.reserve(0).unwrap();
//! # let slot = table.commit(reservation, Capability::new("motd", Kind::File, Rights::READER), SlotFlags::empty()) as i32;
//! let cause = Cause { sequence: 1, process: 7, spelling: Spelling::Narrow, time_ns: 0 };
//! let list = [
//!     Item::Slot(SlotNarrowing { rights: Some(Rights::READ), ..SlotNarrowing::of(slot) }),
//!     Item::Promises { promises: Promises::STDIO | Promises::RPATH, when: When::Now },
//! ];
//! table.narrow(&list, cause, &HostGround).unwrap();
//!
//! // A refusal says what was missing, where, and which narrowing took it.
//! let denied = table.get(slot, &Need::rights(Rights::FSTAT)).unwrap_err();
//! assert_eq!(denied, Denied::Missing { rights: Rights::FSTAT, at: Place::Slot, cause: Some(cause) });
//! let denied = table.explain_call(Promises::INET, RootSet::NETWORK).unwrap();
//! assert_eq!(denied.cause, Some(cause));
//!
//! // There is no way back.
//! let wider = Item::Slot(SlotNarrowing { rights: Some(Rights::READER), ..SlotNarrowing::of(slot) });
//! assert!(table.narrow(&[wider], cause, &HostGround).is_err());
//! ```
//!
//! # Lending and taking back
//! A capability can be **derived**: the copy hangs on a [`Grant`] of its own, beneath the grant of the one it came from, and may be
//! handed to other processes. Whoever holds the original revokes what was derived from it, wherever that has gone.
//! A duplicate is something else: another slot with the same capability on the same grant. *Narrowing a slot leaves its
//! duplicates as they are; narrowing a grant narrows all that hang on it and all that derive from it.*
//!
//! ```
//! use caps::{Capability, Cause, HostGround, Kind, Need, Rights, SlotFlags, Spelling, Table};
//! # let mut host = Table::new(16);
//! # let mut plug_in = Table::new(16);
//! # let reservation = host.reserve(0).unwrap();
//! # let file = host.commit(reservation, Capability::new("file", Kind::File, Rights::ALL), SlotFlags::empty()) as i32;
//! # let cause = Cause { sequence: 1, process: 7, spelling: Spelling::Derive, time_ns: 0 };
//! let lent = host.derive(file, Rights::READER, cause, &HostGround).unwrap();
//! let reservation = plug_in.reserve(0).unwrap();
//! let slot = plug_in.commit(reservation, lent, SlotFlags::empty()) as i32;
//! assert!(plug_in.get(slot, &Need::rights(Rights::READ)).is_ok());
//!
//! let grant = host.grant_of(file, cause, &HostGround).unwrap();
//! assert_eq!(grant.revoke_descendants(cause).count(), 1);
//! assert!(plug_in.get(slot, &Need::rights(Rights::READ)).is_err());
//! assert!(host.get(file, &Need::rights(Rights::READ)).is_ok());
//! ```
//!
//! # The laws
//! Each is a property test against a reference model (`tests/laws`), with random operations on several processes.
//! 1. **Mediation.** An object is reached only through [`Table::get`], which checks slot, kind, rights, grant and ceiling together.
//! 2. **Monotonicity.** No sequence of a process's own operations widens what it reaches, now or after its next exec: everything
//!    here that changes a right is an intersection, and exec puts in force what was set before. Authority grows only by
//!    receiving a capability from one who held it, or by opening something beneath a directory, within what that passes on.
//! 3. **Revocation.** When a revocation has returned, no capability derived from what was revoked, in any table, may do anything; when
//!    a grant was narrowed, none does more than what was left. A use looks at one grant, whatever the depth of its derivation; a
//!    revocation costs time in proportion to the descendants, in pieces between which others get on, without recursion.
//! 4. **Attribution.** A denial ([`Denied`], [`DeniedCall`]) says what was missing, where it went missing, and which narrowing took it.
//!    A [`History`] keeps an entry only for what was there to take, so nobody makes one grow without bound.
//! 5. **Least surprise.** Bad slot, wrong kind, missing right: found in this order, always; of a missing right first the slot, then
//!    the grant, then the ceiling; of a call first the promises, then the root capabilities.
//!
//! # Sharing
//! A [`Table`] is plain data: whoever embeds it wraps it in a lock, and drops what [`Table::remove`], [`Table::replace`] and
//! [`Table::narrow`] return after releasing it. Two things are read without that lock, and have models under loom
//! (`tests/loom.rs`): the limit of a [`Grant`], since tables of several processes share it, and the [`Authority`] word, which is how a
//! gate in front of every call checks promises and root capabilities with one load. The links of a derivation tree lie behind a
//! lock of their own, the last one taken.
//!
//! # What this crate is not
//! It knows no kernel, no lock and no file: the object is a type parameter, and fallible memory and the lock of the derivation
//! trees come from the embedder's [`Ground`]. It has no unsafe code.
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
pub use ceiling::{Ceilings, Half, Limits, When};
pub use grant::{Grant, Links, TreeLock, Walk};
pub use ground::Ground;
pub use history::{History, Taken};
pub use host::HostGround;
pub use kind::{Kind, KindSet};
pub use memory::OutOfMemory;
pub use narrowing::{Gaps, Item, NarrowError, SlotNarrowing};
pub use path_permissions::PathPermissions;
pub use promise::{Promises, word as promise_words};
pub use rights::Rights;
pub use root::{Root, RootSet, word as root_words};
pub use table::{Reservation, SlotFlags, Table, TableError};
pub use text::{PromisesText, Quoted, RightsText};
