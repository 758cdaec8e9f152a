//! The gate: whether a call may be made at all, before it is asked what it is made on.
//!
//! Dispatch asks [`may_call`] for what the row of a call says, with one load; handlers ask [`demand`] for what arguments
//! add to that (see [`crate::promise_rules`]), and [`demand_root`] for root capabilities that only some uses of a call need.
//! A refusal is noted like any other (`object::denial`), and whoever is learned from is refused nothing.
//!
//! A broken promise ends the process by SIGABRT, whatever it does about signals: nothing is sent that could be blocked,
//! ignored or handled; the process is told that it has ended, as by `exit_group`, and leaves a core. Who promised with `error` gets EPERM instead.

use crate::context::Context;
use crate::promise_rules::{self, Use};
use crate::{Process, core_dump, registry};
use abi::{Errno, Mode, Promises, Result, RootSet};
use alloc::sync::Arc;
use caps::{Lacking, Root};
use object::Table;

/// Whether a call may be made that needs one of `promises` and all of `roots`. Costs nothing where neither is needed.
#[inline(always)]
pub fn may_call(cx: &Context, promises: Promises, roots: RootSet) -> bool {
    let needs_nothing = promises.contains(Promises::ALL) && roots.is_empty();
    needs_nothing || cx.table.may_call(promises, roots)
}

/// The slow side of [`may_call`]: notes the refusal, and says what the call answers if it is one. ECAPMODE for a root
/// capability that is gone.
#[cold]
pub fn refuse(cx: &Context, promises: Promises, roots: RootSet) -> Result<()> {
    refuse_for(cx.process(), &cx.table, promises, roots)
}

/// Refuses unless all of these promises were kept.
#[inline]
pub fn demand(cx: &Context, promises: Promises) -> Result<()> {
    promises.iter().try_for_each(|one| demand_one(cx, one))
}

/// Refuses unless one of these promises was kept.
#[inline]
pub fn demand_one(cx: &Context, promises: Promises) -> Result<()> {
    demand_one_for(cx.process(), &cx.table, promises)
}

/// Refuses what may not be done with a path; see [`promise_rules::path`].
pub fn demand_path(cx: &Context, path: &[u8], how: Use) -> Result<()> {
    // Who never promised anything is not asked what the path is.
    if cx.table.may_call(Promises::empty(), RootSet::empty()) {
        return Ok(());
    }
    let held = cx.table.promises();
    demand(cx, promise_rules::path(path, how, held))?;
    match cx.table.is_learning() {
        // Who may do it at all is noted to need what a process needs that promised nothing else.
        true => demand(cx, promise_rules::path(path, how, Promises::STDIO) & held),
        false => Ok(()),
    }
}

/// The bits of a mode that the process may set; see [`promise_rules::mode`].
pub fn allowed_mode(cx: &Context, mode: Mode) -> Mode {
    if cx.table.may_call(Promises::empty(), RootSet::empty()) {
        mode
    } else {
        promise_rules::mode(mode, cx.table.promises())
    }
}

/// Refuses unless the root capability is there.
#[inline]
pub fn demand_root(cx: &Context, root: Root) -> Result<()> {
    if may_call(cx, Promises::ALL, root.set()) { Ok(()) } else { refuse(cx, Promises::ALL, root.set()) }
}

/// Refuses to name another process, or a thread of one, by its id, in order to do something to it: that needs `proc`, and
/// the root capability for naming processes. Oneself may always be named.
pub fn demand_naming(cx: &Context, id: i32) -> Result<()> {
    let is_own = id == cx.process().id()
        || registry::find_task(id).is_some_and(|task| Arc::ptr_eq(task.process(), cx.process()));
    if is_own { Ok(()) } else { demand_others(cx) }
}

/// Refuses to name other processes, by whatever means.
pub fn demand_others(cx: &Context) -> Result<()> {
    demand(cx, Promises::PROC)?;
    demand_root(cx, Root::Signal)
}

/// Without `chown`, `fattr` changes a file's owner only to what the process is itself, as on OpenBSD: else EPERM, and no more.
pub fn check_owner(cx: &Context, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
    if may_call(cx, Promises::CHOWN, RootSet::empty()) || cx.table.is_learning() {
        return demand_one(cx, Promises::CHOWN);
    }
    let own = cx.process().credentials();
    let is_own_user = uid.is_none_or(|uid| uid == own.euid);
    let is_own_group = gid.is_none_or(|gid| gid == own.egid || own.groups.contains(&gid));
    if is_own_user && is_own_group { Ok(()) } else { Err(Errno::EPERM) }
}

/// The same as [`demand_one`] for who has no context in hand.
#[inline]
pub(crate) fn demand_one_for(process: &Process, table: &Table, promises: Promises) -> Result<()> {
    let is_kept = promises.contains(Promises::ALL) || table.may_call(promises, RootSet::empty());
    if is_kept { Ok(()) } else { refuse_for(process, table, promises, RootSet::empty()) }
}

#[cold]
fn refuse_for(process: &Process, table: &Table, promises: Promises, roots: RootSet) -> Result<()> {
    match table.refuse_call(promises, roots) {
        Ok(()) => Ok(()),
        Err(denied) if matches!(denied.missing, Lacking::Roots(_)) => Err(Errno::ECAPMODE),
        Err(_) => Err(break_promise(process, table)),
    }
}

/// What becomes of a broken promise. The process does not see the answer unless it promised with `error`.
fn break_promise(process: &Process, table: &Table) -> Errno {
    if !table.promises().contains(Promises::ERROR) {
        core_dump::abort(process);
    }
    Errno::EPERM
}
