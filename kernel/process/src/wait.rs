//! Waiting for children, and what children tell their parents.

use crate::kin::{Chain, KinTable};
use crate::process::Flag;
use crate::registry::{self, Registry, Removed};
use crate::signal::details::{self, Sender};
use crate::signal::{Loss, Origin, send};
use crate::tracing::{self, relation::Released};
use crate::usage::ResourceUse;
use crate::{Process, Task};
use abi::{Errno, ExitStatus, Result, Signal, WaitFlags};
use alloc::sync::Arc;
use sched::{Wait, WaitError};

/// Which children to wait for.
#[derive(Clone)]
pub enum Which {
    /// Any.
    Any,
    /// The one with this id.
    Child(i32),
    /// Those in this group.
    Group(i32),
    /// This very process, if it is a child: by process descriptor.
    Exactly(Arc<Process>),
}

impl Which {
    /// The one id that can match.
    pub(crate) fn single(&self) -> Option<i32> {
        match self {
            Self::Child(id) => Some(*id),
            Self::Exactly(child) => Some(child.id()),
            Self::Any | Self::Group(_) => None,
        }
    }
}

/// What is reported of a child.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// The child's id.
    pub pid: i32,
    /// Its real user id.
    pub uid: u32,
    /// What happened.
    pub status: ExitStatus,
    /// What it used, and its own children.
    pub used: ResourceUse,
}

/// Waits until a child matches and has something to report: `wait4`, `waitid`. `None` with [`WaitFlags::NO_HANG`] when
/// there is nothing yet; ECHILD when no child matches.
pub fn wait(task: &Task, which: &Which, flags: WaitFlags) -> Result<Option<Report>> {
    let process = task.process();
    if let Some(report) = poll(process, which, flags)? {
        return Ok(Some(report));
    }
    if flags.contains(WaitFlags::NO_HANG) {
        return Ok(None);
    }
    let waited = process.children.wait_until(Wait::INTERRUPTIBLE, || poll(process, which, flags).transpose());
    match waited {
        Ok(report) => report.map(Some),
        Err(WaitError::Interrupted | WaitError::TimedOut) => Err(Errno::ERESTARTSYS),
    }
}

/// Waits until the process ends, whoever's child it is: `pdwait`. Its parent takes what is left of it; others, and
/// whoever asks again, are told how it ended. `None` with [`WaitFlags::NO_HANG`] when it has not yet; ECHILD for the
/// process that asks, which could wait for ever.
pub fn wait_for(task: &Task, target: &Arc<Process>, flags: WaitFlags) -> Result<Option<Report>> {
    let flags = flags | WaitFlags::EXITED | WaitFlags::ALL;
    if Arc::ptr_eq(target, task.process()) {
        return Err(Errno::ECHILD);
    }
    if target.parent_id() == task.process().id() {
        match wait(task, &Which::Exactly(Arc::clone(target)), flags) {
            Err(Errno::ECHILD) => {}
            reported => return reported,
        }
    }
    if !target.has_ended() {
        if flags.contains(WaitFlags::NO_HANG) {
            return Ok(None);
        }
        let ended = target.ended.wait_until(Wait::INTERRUPTIBLE, || target.has_ended().then_some(()));
        ended.map_err(|_| Errno::ERESTARTSYS)?;
    }
    let status = target.signals.lock().exit.ok_or(Errno::ECHILD)?;
    let mut used = target.used();
    used.add(&target.children_used());
    Ok(Some(Report { pid: target.id(), uid: target.uid(), status, used }))
}

/// What was found on a look at the children.
pub(crate) enum Found {
    /// A child with something to report.
    Child(Arc<Process>, ExitStatus, (Removed, Removed)),
    /// A thread that the process traces, and what is left to do about its end.
    Tracee(Arc<Task>, ExitStatus, Option<Released>),
    /// Children match, but have nothing to report.
    Nothing,
    /// No child matches.
    Nobody,
}

fn poll(process: &Arc<Process>, which: &Which, flags: WaitFlags) -> Result<Option<Report>> {
    let found = look(&mut registry::lock(), process, which, flags);
    match found {
        Found::Nobody => Err(Errno::ECHILD),
        Found::Nothing => Ok(None),
        Found::Child(child, status, removed) => {
            let mut used = child.used();
            used.add(&child.children_used());
            if is_end(status) && !flags.contains(WaitFlags::NO_REAP) {
                process.add_children_used(&used);
            }
            let report = Report { pid: child.id(), uid: child.uid(), status, used };
            drop(removed);
            Ok(Some(report))
        }
        Found::Tracee(task, status, released) => {
            let traced = task.process();
            let report = Report { pid: task.id(), uid: traced.uid(), status, used: traced.used() };
            if let Some(released) = released {
                released.finish();
            }
            Ok(Some(report))
        }
    }
}

pub(crate) const fn is_end(status: ExitStatus) -> bool {
    matches!(status, ExitStatus::Exited(_) | ExitStatus::Killed { .. })
}

fn look(registry: &mut Registry, process: &Process, which: &Which, flags: WaitFlags) -> Found {
    let mut found = tracing::wait::look(registry, process, which, flags);
    if matches!(found, Found::Tracee(..) | Found::Child(..)) {
        return found;
    }
    let single = which.single();
    let mut id = single.unwrap_or_else(|| registry.first(Chain::Children, process.id()));
    while let Some(child) = registry.entry(id).and_then(|entry| entry.process.clone()) {
        // What a tracer is told of its own child is looked at as of its tracee.
        let is_traced = registry.tracer_of(id) == process.id();
        if !is_traced && child.parent_id() == process.id() && matches(registry, &child, which, flags) {
            if let Some(status) = collect(registry, &child, flags) {
                let reaped = is_end(status) && !flags.contains(WaitFlags::NO_REAP);
                let removed = if reaped { registry.remove_process(&child) } else { Default::default() };
                return Found::Child(child, status, removed);
            }
            found = Found::Nothing;
            // Zombies stand first: when only ends matter, the first living child ends the search.
            if single.is_none() && matches!(which, Which::Any) && !wants_events(flags) && !has_ended(registry, id) {
                break;
            }
        }
        if single.is_some() {
            break;
        }
        id = registry.next(Chain::Children, id);
    }
    found
}

const fn wants_events(flags: WaitFlags) -> bool {
    flags.intersects(WaitFlags::STOPPED.union(WaitFlags::CONTINUED))
}

fn has_ended(registry: &Registry, id: i32) -> bool {
    registry.entry(id).is_some_and(|entry| entry.child.ended.is_some())
}

fn matches(registry: &Registry, child: &Arc<Process>, which: &Which, flags: WaitFlags) -> bool {
    if child.has(Flag::HeldByDescriptor) && matches!(which, Which::Any | Which::Group(_)) {
        return false;
    }
    let chosen = match which {
        Which::Any | Which::Child(_) => true,
        Which::Group(group) => child.group_id() == *group,
        Which::Exactly(exact) => Arc::ptr_eq(exact, child),
    };
    let exit_signal = registry.entry(child.id()).map_or(0, |entry| entry.child.exit_signal);
    let is_clone = exit_signal != Signal::CHLD.number();
    let is_wanted = flags.contains(WaitFlags::ALL) || child.has(Flag::HeldByDescriptor);
    chosen && (is_wanted || is_clone == flags.contains(WaitFlags::CLONE))
}

/// The status to report of a child, if it has one that is asked for; taken from it unless it is to stay.
fn collect(registry: &mut Registry, child: &Process, flags: WaitFlags) -> Option<ExitStatus> {
    let is_hidden = !matches!(registry.tracer_of(child.id()), 0) && registry.tracer_of(child.id()) != child.parent_id();
    let state = &mut registry.entry_mut(child.id())?.child;
    if is_hidden && state.ended.is_some() {
        // Its tracer is to know first.
        return None;
    }
    if let Some(status) = state.ended {
        return flags.contains(WaitFlags::EXITED).then_some(status);
    }
    let wanted = match state.event? {
        ExitStatus::Stopped(_) => flags.contains(WaitFlags::STOPPED),
        _ => flags.contains(WaitFlags::CONTINUED),
    };
    let event = state.event.filter(|_| wanted)?;
    if !flags.contains(WaitFlags::NO_REAP) {
        state.event = None;
    }
    Some(event)
}

/// Tells the parent that a process stopped or continues.
pub(crate) fn report_event(process: &Arc<Process>, event: ExitStatus) {
    let parent = {
        let mut registry = registry::lock();
        if let Some(entry) = registry.entry_mut(process.id()) {
            entry.child.event = Some(event);
        }
        registry.entry(process.parent_id()).and_then(|entry| entry.process.clone())
    };
    let Some(parent) = parent else { return };
    let wanted = parent.signals.lock().actions.reports_child_stops();
    if wanted {
        tell(&parent, process, Signal::CHLD, event);
    }
    parent.children.wake_all();
}

/// Tells a tracer that a thread stopped or ended.
pub(crate) fn tell_tracer(task: &Task, status: ExitStatus) {
    let Some(tracer) = registry::find_process(task.trace.tracer()) else { return };
    let wanted = is_end(status) || tracer.signals.lock().actions.reports_child_stops();
    if wanted {
        tell_of(&tracer, task.id(), task.process(), Signal::CHLD, status);
    }
    tracer.children.wake_all();
}

/// Tells a tracer of the end of a process.
pub(crate) fn tell_end(tracer: &Arc<Process>, process: &Process, status: ExitStatus) {
    tell(tracer, process, Signal::CHLD, status);
    tracer.children.wake_all();
}

/// Sends a parent the signal about a child.
fn tell(parent: &Arc<Process>, child: &Process, signal: Signal, status: ExitStatus) {
    tell_of(parent, child.id(), child, signal, status);
}

fn tell_of(parent: &Arc<Process>, id: i32, child: &Process, signal: Signal, status: ExitStatus) {
    const TICK_NS: u64 = 10_000_000;
    let used = child.used();
    let about = Sender { pid: id, uid: child.uid() };
    let details = details::from_child(signal, about, status, used.user_ns / TICK_NS, used.system_ns / TICK_NS);
    let _ = send(parent, signal, details, Origin::Kernel, Loss::Allowed);
}

/// What came of telling the end of a process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announcement {
    /// Who was to know has been told.
    Made,
    /// The parent has collected the process already.
    Overtaken,
}

/// Makes a process that has given back everything a zombie and tells its parent, or removes it at once where the
/// parent wants no zombies. One that has been collected already is told of by nobody.
pub(crate) fn announce_end(process: &Arc<Process>, status: ExitStatus) -> Announcement {
    let (parent, exit_signal, removed) = loop {
        let parent = process.parent();
        let reaps = parent.as_ref().is_none_or(|parent| parent.signals.lock().actions.reaps_children());
        let mut registry = registry::lock();
        if !registry.holds(process) {
            return Announcement::Overtaken;
        }
        if parent.as_ref().map_or(0, |parent| parent.id()) != process.parent_id() {
            // The parent has ended meanwhile and the process has another.
            continue;
        }
        let exit_signal = registry.entry(process.id()).map_or(0, |entry| entry.child.exit_signal);
        registry.end(process, status);
        process.mark(crate::process::Flag::Ended);
        let tracer = registry.tracer_of(process.id());
        if tracer != 0 && tracer != process.parent_id() {
            // Its parent is told when its tracer knows.
            drop(registry);
            process.ended.wake_all();
            tracing::wait::announce_end(process, tracer, status);
            return Announcement::Made;
        }
        let reaps = reaps && tracer == 0 && (exit_signal == Signal::CHLD.number() || parent.is_none());
        let removed = if reaps { registry.remove_process(process) } else { Default::default() };
        break (parent, exit_signal, removed);
    };
    drop(removed);
    process.ended.wake_all();
    if let Some(parent) = parent {
        tell_parent(&parent, process, exit_signal, status);
    }
    Announcement::Made
}

/// Sends a parent the signal that it wants at the end of a child.
pub(crate) fn tell_parent(parent: &Arc<Process>, child: &Process, exit_signal: i32, status: ExitStatus) {
    if let Some(signal) = Signal::new(exit_signal) {
        tell(parent, child, signal, status);
    }
    parent.children.wake_all();
}
