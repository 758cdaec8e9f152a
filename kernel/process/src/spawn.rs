//! Spawning: a new process with a new program and exactly the capabilities that it is given.
//!
//! Unlike a fork that executes, nothing goes over by itself: the child's table has the slots of the request and the root
//! capabilities named there, and no others. What binds the parent binds the child all the same: its table starts as the
//! parent's would be after exec, and only then loses the rest. Ids, limits, group and session are the parent's; signals
//! are as a first program finds them.

use crate::context::Context;
use crate::exec::load::{Loaded, Request, SetId, load};
use crate::exec::stack::Strings;
use crate::exec::{Executable, check_start};
use crate::fork::{self, CloneRequest};
use crate::limits::Resource;
use crate::pidfd::{AtClose, NewDescriptor, ProcessDescriptor};
use crate::process::{Flag, Origin};
use crate::registry::ReservedId;
use crate::resources::Resources;
use crate::signal::SignalState;
use crate::signal::actions::Actions;
use crate::{Process, Task, task, tracing};
use abi::{Errno, Result, SignalSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::fpu::FpuState;
use caps::{Item, Rights, Root, RootSet, SlotFlags, Spelling, When};
use mm::alloc::try_arc;
use object::narrow::next_cause;
use object::{ObjectCapability, Table};
use sched::{Prepared, Thread};

/// What is to be spawned.
pub struct Spawn {
    /// The program.
    pub executable: Executable,
    /// Its arguments.
    pub arguments: Strings,
    /// Its environment.
    pub environment: Strings,
    /// The child's slots, by rising number, and what is in them.
    pub slots: Vec<(u32, ObjectCapability)>,
    /// The root capabilities that it gets, as far as the caller has them.
    pub roots: RootSet,
    /// How the descriptor is made.
    pub descriptor: NewDescriptor,
}

/// Makes the process and returns the slot of its descriptor. Whatever fails leaves nothing behind.
pub fn spawn(cx: &mut Context, request: Spawn) -> Result<i32> {
    if fork::is_signalled() {
        return Err(Errno::ERESTARTNOINTR);
    }
    fork::check_limit(cx)?;
    let Spawn { executable, arguments, environment, slots, roots, descriptor } = request;
    let NewDescriptor { at_close, flags } = descriptor;
    let parent = cx.process();
    let names = cx.table.roots();
    let table = try_arc(table_for(cx, slots, roots)?)?;
    let loaded = load(Request {
        location: executable.location,
        path: &executable.path,
        arguments,
        environment: &environment,
        roots: &names,
        check_start: &|path| check_start(cx, &names, path),
        credentials: &parent.credentials(),
        limits: &parent.limits(),
        // What it may do is in its table: ids of the file's owner would be more than the caller can give.
        set_id: SetId::Ignored,
    })?;
    let Loaded { space, entry, stack_pointer, program, .. } = loaded;
    let name = task::short_name(&executable.name);
    let resources = Resources { table, space };
    let queue_limit = parent.limit(Resource::PendingSignals) as usize;
    let id = ReservedId::take()?;
    let origin = Origin {
        program: Some(try_arc(program)?),
        ..parent.origin(resources.clone(), SignalState::new(Actions::new(), queue_limit))
    };
    let process = try_arc(Process::new(id.number(), origin))?;
    process.mark(Flag::Executed);
    process.mark(Flag::Dumpable);
    if at_close == AtClose::Kill {
        process.mark(Flag::HeldByDescriptor);
    }
    let task = try_arc(Task::new(id.number(), Arc::clone(&process), name, SignalSet::EMPTY))?;
    let prepared = prepare(&task, resources, entry, stack_pointer)?;
    let reservation = cx.table.reserve()?;
    let descriptor = try_arc(ProcessDescriptor::new(Arc::clone(&process), at_close))?;
    process.signals.lock().tasks.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    process.itimers().prepare_limit(&process)?;
    let event = fork::publish(cx, &CloneRequest::default(), &task, &prepared)?;
    process.itimers().follow_limit(&process)?;
    let number = id.keep();
    let slot = ProcessDescriptor::commit(descriptor, reservation, flags);
    prepared.start();
    if let Some(event) = event {
        tracing::stop::report(cx, event, number as u64);
    }
    Ok(slot)
}

/// The child's table: what the caller's would be after exec, without any slot but these and any root capability but these.
fn table_for(cx: &Context, slots: Vec<(u32, ObjectCapability)>, roots: RootSet) -> Result<Table> {
    let table = cx.table.fork()?;
    table.clear();
    table.exec()?;
    table.execute_view()?;
    let mut dropped = Vec::new();
    dropped.try_reserve(Root::COUNT).map_err(|_| Errno::ENOMEM)?;
    let unnamed = Root::ALL.iter().filter(|root| !roots.has(**root));
    dropped.extend(unnamed.map(|root| Item::Root { root: *root, rights: Rights::NONE, when: When::Both }));
    table.narrow(&dropped, next_cause(Spelling::Spawn))?;
    for (number, capability) in slots {
        let reservation = table.reserve_from(number)?;
        if reservation.slot() != number as i32 {
            return Err(Errno::EINVAL);
        }
        reservation.commit_capability(capability, SlotFlags::empty());
    }
    Ok(table)
}

/// The scheduler's side of the child, which does not run yet.
fn prepare(task: &Arc<Task>, resources: Resources, entry: u64, stack_pointer: u64) -> Result<Prepared> {
    let Resources { table, space } = resources;
    let user = fork::fresh_registers(entry, stack_pointer);
    let current = sched::current();
    let (name, length) = task.name();
    let builder = Thread::builder(core::str::from_utf8(&name[..length]).unwrap_or("?"))
        .address_space(Arc::clone(&space))
        .parameters(current.parameters().of_heirs())
        .fpu(FpuState::new().map_err(|_| Errno::ENOMEM)?)
        .local(task.clone());
    let task = Arc::clone(task);
    Ok(builder.prepare(move || fork::run(Context { task, user, table, space }, None))?)
}
