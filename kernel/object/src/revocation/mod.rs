//! Taking back what was lent: what a narrowed grant means for what is under way and for what lasts.
//!
//! # Purpose
//! `caps` narrows the grants of a derivation tree, piece by piece; a use that begins afterwards looks at its grant and is
//! refused. This module sees to the rest of the law: that when [`revoke`] or [`narrow`] returns, nothing goes on that
//! began before.
//!
//! # What is under way
//! A call notes each grant that it uses with its thread ([`sched::Uses`]), and then looks whether the grant still allows
//! the use. Who narrows first narrows, then looks at the notes of every thread that ever used a grant. So either the
//! call sees the narrowing or its note is seen. Threads with barred notes are interrupted: a call that sleeps
//! returns to the border of user mode and is begun anew there, meets its slot without the right, and ends with
//! ENOTCAPABLE; what it has done so far counts, as for signals. A call that does not sleep is waited for. So nobody may sleep
//! uninterruptibly, with a note, for what another process decides: no lock is held over the sleep of a read or a write.
//!
//! Uses cost nothing where there is no grant.
//!
//! # What lasts
//! A mapping, a member of an epoll set, a thread that sleeps in `poll`: these observe their grant ([`watch`]) and are told when
//! it was narrowed. Registration is followed by another look at the grant, so either it sees the narrowing or it is told.
//! - Mappings lose their pages, and whoever touches one gets SIGBUS; threads that wait on a word in one get EFAULT.
//! - Members of epoll sets tell nothing any more; `poll` tells of an error and a hang-up.
//! - A capability on its way through a socket hangs on its grant like any other, and arrives without rights.
//!
//! A process image that was executed through a lent capability stays: the program began before.
//!
//! # Locks
//! The tree's lock (in `caps`), the list of users and the shards of observers are each held for a bounded piece, none
//! under another. Observers are told with no lock held, and may sleep.
//!
//! # What it must not do
//! Wait while it holds notes of its own: two that narrow each other's grants would wait for each other. Handlers let
//! go of what they looked up before they come here.

mod deadline;
mod lent_pages;
mod observers;
mod users;
mod waited;

pub use deadline::limit_time;
pub use lent_pages::LentPages;
pub use observers::{GrantObserver, Watch, watch};
pub use users::{Use, thread_is_at_border};
pub use waited::{Waited, poll_through};

use abi::Result;
use alloc::sync::Arc;
use caps::{Cause, Grant, Rights, Walk};
use mm::AddressSpace;
use sync::Once;

/// What knows of threads that wait on words of memory: called with the address space that lost pages, and the number of
/// the pager that they came from.
pub type Disturb = fn(&AddressSpace, u64);

static DISTURB: Once<Disturb> = Once::new();

/// Says how to reach threads that wait on words of memory, once.
pub fn install_disturb(hook: Disturb) {
    DISTURB.call_once(|| hook);
}

/// Has threads that wait on words of memory that may be gone look again.
fn disturb_waiters(space: &AddressSpace, pager: u64) {
    if let Some(disturb) = DISTURB.get() {
        disturb(space, pager);
    }
}

/// Takes everything from all that derives from `grant`, and returns how many grants that were. When it returns, no call
/// goes on through one of them. EINTR if the caller is to end first.
pub fn revoke(grant: &Arc<Grant>, cause: Cause) -> Result<usize> {
    let count = carry_out(grant.revoke_descendants(cause));
    users::settle()?;
    Ok(count)
}

/// Takes from `grant` and from all that derives from it what is not in `rights`. When it returns, no call goes on that
/// needs more. ENOMEM, EINTR if the caller is to end first.
pub fn narrow(grant: &Arc<Grant>, rights: Rights, cause: Cause) -> Result<()> {
    carry_out(grant.narrow(rights, cause).map_err(|_| abi::Errno::ENOMEM)?);
    users::settle()
}

/// Narrows every grant of the walk and tells what lasts; how many there were.
fn carry_out(walk: Walk) -> usize {
    let mut count = 0;
    for grant in walk {
        observers::tell(&grant);
        count += 1;
    }
    count
}
