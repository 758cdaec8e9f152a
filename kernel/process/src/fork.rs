//! New processes and threads.
//!
//! Everything that can fail is made first; a child becomes visible in one step, under the process list's lock, and a
//! signal that arrived before that step is taken before the child is made, so no child escapes it.

use crate::completion::Completion;
use crate::context::Context;
use crate::exit;
use crate::grace::{self, Rest};
use crate::limits::Resource;
use crate::pidfd::{AtClose, NewDescriptor, ProcessDescriptor};
use crate::process::Flag;
use crate::registry::{self, ReservedId};
use crate::resources::Resources;
use crate::signal::SignalState;
use crate::task::STACK_DISABLED;
use crate::tracing::stop::Event;
use crate::tracing::{self, tracee::Mode};
use crate::{Process, Task, hooks};
use abi::types::Sigaltstack;
use abi::{CloneFlags, Errno, Result, Signal};
use alloc::sync::Arc;
use arch::user::{Stepping, UserContext};
use caps::SlotFlags;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use mm::alloc::try_arc;
use mm::user::UserPtr;
use object::Reservation;
use sched::{Prepared, Thread, Wait, attention};

/// What `clone` asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloneRequest {
    /// CLONE_* flags.
    pub flags: CloneFlags,
    /// What the parent is signalled when the child ends; 0 for nothing.
    pub exit_signal: i32,
    /// The child's stack pointer; 0 for the caller's.
    pub stack_pointer: u64,
    /// The child's thread pointer, with [`CloneFlags::SET_TLS`].
    pub tls: u64,
    /// Where the child's id is stored in the caller's memory, with [`CloneFlags::PARENT_SET_TID`].
    pub parent_tid: u64,
    /// Where the child's id is stored, or cleared at its end, in the child's memory.
    pub child_tid: u64,
    /// Where the process descriptor is stored, with [`CloneFlags::PIDFD`].
    pub pidfd: u64,
    /// How that descriptor is made.
    pub descriptor: NewDescriptor,
}

const NAMESPACES: CloneFlags = CloneFlags::NEW_MOUNTS
    .union(CloneFlags::NEW_CGROUP)
    .union(CloneFlags::NEW_UTS)
    .union(CloneFlags::NEW_IPC)
    .union(CloneFlags::NEW_USER)
    .union(CloneFlags::NEW_PID)
    .union(CloneFlags::NEW_NET)
    .union(CloneFlags::INTO_CGROUP);

/// `fork`, `vfork`, `clone`, `clone3`: makes a thread or a process and returns its id.
pub fn clone(cx: &mut Context, request: &CloneRequest) -> Result<i32> {
    check(cx, request)?;
    check_limit(cx)?;
    if is_signalled() {
        return Err(Errno::ERESTARTNOINTR);
    }
    let id = ReservedId::take()?;
    if request.flags.contains(CloneFlags::THREAD) {
        return clone_thread(cx, request, id);
    }
    clone_process(cx, request, id)
}

fn check(cx: &Context, request: &CloneRequest) -> Result<()> {
    let flags = request.flags;
    let thread = flags.contains(CloneFlags::THREAD);
    let sharing = CloneFlags::VM | CloneFlags::SIGHAND;
    let invalid = flags.intersects(NAMESPACES)
        || thread && !flags.contains(sharing | CloneFlags::FILES)
        // Dispositions belong to a process: they are shared by its threads and by nobody else.
        || !thread && flags.contains(CloneFlags::SIGHAND)
        || thread && flags.intersects(CloneFlags::PIDFD | CloneFlags::CLEAR_SIGHAND)
        || flags.contains(CloneFlags::PIDFD | CloneFlags::PARENT_SET_TID) && request.pidfd == request.parent_tid
        || flags.contains(CloneFlags::PARENT) && cx.process().id() == 1
        || request.exit_signal != 0 && Signal::new(request.exit_signal).is_none();
    if invalid { Err(Errno::EINVAL) } else { Ok(()) }
}

/// EAGAIN when the caller's user has all the threads that RLIMIT_NPROC allows. The privileged are not bounded.
///
/// They are counted here and not as they come and go, and only where there are so many threads at all.
pub(crate) fn check_limit(cx: &Context) -> Result<()> {
    let process = cx.process();
    let (limit, credentials) = (process.limit(Resource::Processes), process.credentials());
    if credentials.is_privileged() || (registry::counts().tasks as u64) < limit {
        return Ok(());
    }
    let (mut threads, mut last) = (0, 0);
    while let Some(other) = registry::next_process(last) {
        last = other.id();
        if other.uid() == credentials.uid {
            threads += other.signals.lock().tasks.len() as u64;
        }
    }
    if threads < limit { Ok(()) } else { Err(Errno::EAGAIN) }
}

fn clone_thread(cx: &mut Context, request: &CloneRequest, id: ReservedId) -> Result<i32> {
    let process = Arc::clone(cx.process());
    let task = make_task(cx, request, &process, id.number())?;
    let prepared = prepare(cx, request, &task, Resources { table: cx.table.clone(), space: cx.space.clone() })?;
    {
        let mut state = process.signals.lock();
        if state.exit.is_some() || state.exec.is_some() {
            return Err(Errno::ERESTARTNOINTR);
        }
        state.tasks.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        task.set_thread(prepared.thread());
        state.tasks.push(Arc::clone(&task));
        if state.stop.is_some() {
            task.alert(attention::SIGNAL);
        }
    }
    let event = {
        let mut registry = registry::lock();
        registry.add_task(&task);
        tracing::inherit(&mut registry, cx, &task, request)
    };
    let number = id.keep();
    store_parent_tid(request, number);
    prepared.start();
    if let Some(event) = event {
        tracing::stop::report(cx, event, number as u64);
    }
    Ok(number)
}

fn clone_process(cx: &mut Context, request: &CloneRequest, id: ReservedId) -> Result<i32> {
    let flags = request.flags;
    let parent = Arc::clone(cx.process());
    let resources = share_or_copy(cx, flags)?;
    let mut signals: SignalState = parent.signals.lock().for_child()?;
    if flags.contains(CloneFlags::CLEAR_SIGHAND) {
        signals.actions.reset_caught();
    }
    let process = try_arc(Process::new(id.number(), parent.origin(resources.clone(), signals)))?;
    if flags.contains(CloneFlags::FILES) {
        process.mark(Flag::SharesTable);
    }
    let task = make_task(cx, request, &process, id.number())?;
    let prepared = prepare(cx, request, &task, resources)?;
    let vfork = match flags.contains(CloneFlags::VFORK) {
        true => Some(try_arc(Completion::new())?),
        false => None,
    };
    task.own.lock().vfork = vfork.clone();
    let NewDescriptor { at_close, flags: slot_flags } = request.descriptor;
    if at_close == AtClose::Kill {
        process.mark(Flag::HeldByDescriptor);
    }
    let descriptor = match flags.contains(CloneFlags::PIDFD) {
        true => Some((cx.table.reserve()?, try_arc(ProcessDescriptor::new(Arc::clone(&process), at_close))?)),
        false => None,
    };
    process.signals.lock().tasks.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    process.itimers().prepare_limit(&process)?;
    let event = publish(cx, request, &task, &prepared)?;
    process.itimers().follow_limit(&process)?;
    let number = id.keep();
    store_parent_tid(request, number);
    store_descriptor(request, descriptor, slot_flags);
    prepared.start();
    if let Some(event) = event {
        tracing::stop::report(cx, event, number as u64);
    }
    if let Some(vfork) = vfork {
        // Ends early only if this thread is to end; the child goes on alone then.
        {
            let _rest = Rest::begin(&cx.task);
            let _ = vfork.wait(Wait::KILLABLE);
        }
        tracing::stop::report(cx, Event::VforkDone, number as u64);
    }
    Ok(number)
}

fn share_or_copy(cx: &Context, flags: CloneFlags) -> Result<Resources> {
    let table = match flags.contains(CloneFlags::FILES) {
        true => {
            cx.process().mark(Flag::SharesTable);
            Arc::clone(&cx.table)
        }
        false => try_arc(cx.table.fork()?)?,
    };
    let space = match flags.contains(CloneFlags::VM) {
        true => Arc::clone(&cx.space),
        false => cx.space.fork()?,
    };
    Ok(Resources { table, space })
}

fn make_task(cx: &Context, request: &CloneRequest, process: &Arc<Process>, id: i32) -> Result<Arc<Task>> {
    let caller = &cx.task;
    let (name, mut stack) = {
        let own = caller.own.lock();
        (own.name, own.alternate_stack)
    };
    // A signal stack belongs to one thread of a space; a vfork child borrows it while its parent waits.
    if request.flags.contains(CloneFlags::VM) && !request.flags.contains(CloneFlags::VFORK) {
        stack = Sigaltstack { flags: STACK_DISABLED, ..Sigaltstack::default() };
    }
    let task = Task::new(id, Arc::clone(process), name, caller.blocked());
    if request.flags.contains(CloneFlags::CHILD_CLEAR_TID) {
        task.clear_child_tid.store(request.child_tid, Relaxed);
    }
    task.inherit_timer_slack(caller);
    task.own.lock().alternate_stack = stack;
    Ok(try_arc(task)?)
}

/// Makes the scheduler's side of a child, which does not run yet.
fn prepare(cx: &Context, request: &CloneRequest, task: &Arc<Task>, resources: Resources) -> Result<Prepared> {
    let mut user = cx.user.duplicate();
    user.set_result(0);
    if cx.task.trace.is(Mode::Stepping) {
        user.set_stepping(Stepping::Off);
    }
    if request.stack_pointer != 0 {
        user.regs_mut().rsp = request.stack_pointer;
    }
    if request.flags.contains(CloneFlags::SET_TLS) {
        user.set_fs_base(request.tls);
    }
    let store_at = request.flags.contains(CloneFlags::CHILD_SET_TID).then_some(request.child_tid);
    let current = sched::current();
    let fpu = current.with_fpu(|state| state.try_clone()).ok_or(Errno::EINVAL)?.map_err(|_| Errno::ENOMEM)?;
    let (name, length) = task.name();
    let builder = Thread::builder(core::str::from_utf8(&name[..length]).unwrap_or("?"))
        .address_space(Arc::clone(&resources.space))
        .parameters(current.parameters().of_heirs())
        .fpu(fpu)
        .local(task.clone());
    let task = Arc::clone(task);
    Ok(builder
        .prepare(move || run(Context { task, user, table: resources.table, space: resources.space }, store_at))?)
}

/// The body of every user thread.
pub(crate) fn run(mut cx: Context, store_at: Option<u64>) {
    // Until here it had not looked into its table.
    grace::end_rest(&cx.task);
    if let Some(address) = store_at {
        // As on Linux, a bad address is nobody's error.
        let _ = UserPtr::new(address).write(&cx.task.id());
    }
    if let Some(hooks) = hooks::get() {
        (hooks.user_main)(&mut cx);
    }
    exit::finish(cx);
}

/// Makes a new process visible, unless a signal must be taken first; what the caller's tracer is to be told.
pub(crate) fn publish(
    cx: &Context,
    request: &CloneRequest,
    task: &Arc<Task>,
    prepared: &Prepared,
) -> Result<Option<Event>> {
    let mut registry = registry::lock();
    // Looked at before, to spare work in vain; what counts is this look.
    if is_signalled() {
        return Err(Errno::ERESTARTNOINTR);
    }
    task.set_thread(prepared.thread());
    task.process().signals.lock().tasks.push(Arc::clone(task));
    let process = cx.process();
    let (parent, exit_signal) = match request.flags.contains(CloneFlags::PARENT) {
        true => (process.parent_id(), registry.entry(process.id()).map_or(0, |entry| entry.child.exit_signal)),
        false => (process.id(), request.exit_signal),
    };
    // Group and session as they are now: they may have changed since the child was begun.
    let child = task.process();
    child.group.store(process.group_id(), Relaxed);
    child.session.store(process.session_id(), Relaxed);
    registry.add_process(task, parent, exit_signal);
    Ok(tracing::inherit(&mut registry, cx, task, request))
}

/// Whether a signal is to be taken before anything else is begun.
pub(crate) fn is_signalled() -> bool {
    sched::current().attention().load(SeqCst) & (attention::SIGNAL | attention::KILL) != 0
}

fn store_descriptor(
    request: &CloneRequest,
    descriptor: Option<(Reservation<'_>, Arc<ProcessDescriptor>)>,
    flags: SlotFlags,
) {
    if let Some((reservation, descriptor)) = descriptor {
        let slot = ProcessDescriptor::commit(descriptor, reservation, flags);
        let _ = UserPtr::new(request.pidfd).write(&slot);
    }
}

fn store_parent_tid(request: &CloneRequest, number: i32) {
    if request.flags.contains(CloneFlags::PARENT_SET_TID) {
        let _ = UserPtr::new(request.parent_tid).write(&number);
    }
}

/// The registers of a new program: `entry` and `stack_pointer` set, all others zero.
pub(crate) fn fresh_registers(entry: u64, stack_pointer: u64) -> UserContext {
    let mut user = UserContext::new();
    let registers = user.regs_mut();
    registers.rip = entry;
    registers.rsp = stack_pointer;
    user
}
