//! The first process.

use crate::context::Context;
use crate::exec::stack::Strings;
use crate::exec::{Executable, execute};
use crate::limits::{Resource, ResourceLimits};
use crate::process::Origin;
use crate::registry::{self, ReservedId};
use crate::resources::Resources;
use crate::signal::SignalState;
use crate::signal::actions::Actions;
use crate::{Process, ProcessGroup, Session, Task, fork, task};
use abi::{Errno, Result, SignalSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::fpu::FpuState;
use arch::user::UserContext;
use mm::AddressSpace;
use mm::alloc::try_arc;
use object::{Credentials, Lookup, LookupFlags, Table};
use sched::Thread;

/// Starts the program at `path` as the first process, with the authority that `table` holds.
pub fn start_init(table: Arc<Table>, path: &[u8], arguments: &[&[u8]], environment: &[&[u8]]) -> Result<()> {
    let id = ReservedId::take()?;
    if id.number() != 1 {
        return Err(Errno::EBUSY);
    }
    let resources = Resources { table, space: AddressSpace::new()? };
    let limits = ResourceLimits::initial();
    resources.enforce(&limits);
    let queue_limit = limits.soft(Resource::PendingSignals) as usize;
    let process = try_arc(Process::new(
        id.number(),
        Origin {
            resources: resources.clone(),
            credentials: try_arc(Credentials::root())?,
            program: None,
            limits,
            cpus: arch::CpuSet::full(),
            signals: SignalState::new(Actions::new(), queue_limit),
            umask: 0o022,
            flags: 0,
            group: id.number(),
            session: id.number(),
        },
    ))?;
    let task = try_arc(Task::new(id.number(), process, task::short_name(b"init"), SignalSet::EMPTY))?;
    let session = try_arc(Session::new(id.number()))?;
    let group = try_arc(ProcessGroup::new(id.number(), session))?;
    let start = Start { path: copy(path)?, arguments: collect(arguments)?, environment: collect(environment)? };
    let body = {
        let task = Arc::clone(&task);
        let space = Arc::clone(&resources.space);
        move || begin(Context { task, user: UserContext::new(), table: resources.table, space }, start)
    };
    let space = task.process().space().ok_or(Errno::ESRCH)?;
    let fpu = FpuState::new().map_err(|_| Errno::ENOMEM)?;
    let prepared = Thread::builder("init").address_space(space).fpu(fpu).local(task.clone()).prepare(body)?;
    {
        let mut state = task.process().signals.lock();
        state.tasks.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        task.set_thread(prepared.thread());
        state.tasks.push(Arc::clone(&task));
    }
    {
        let mut registry = registry::lock();
        registry.add_group(group);
        registry.add_process(&task, 0, 0);
    }
    id.keep();
    prepared.start();
    Ok(())
}

/// What the first process starts with.
struct Start {
    path: Vec<u8>,
    arguments: Strings,
    environment: Strings,
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>> {
    Ok(mm::alloc::try_to_vec(bytes)?)
}

fn collect(strings: &[&[u8]]) -> Result<Strings> {
    let mut all = Strings::new();
    strings.iter().try_for_each(|string| all.push(string))?;
    Ok(all)
}

/// The body of the first process's thread: loads its program, then runs it.
fn begin(mut cx: Context, start: Start) {
    let Start { path, arguments, environment } = start;
    let name = alloc::string::String::from_utf8_lossy(&path).into_owned();
    if let Err(error) = load(&mut cx, path, arguments, &environment) {
        // No user program has run yet: this is the end of boot, and whoever booted is told as for any kernel panic.
        panic!("cannot start the first program, {name}: {error}");
    }
    fork::run(cx, None);
}

fn load(cx: &mut Context, path: Vec<u8>, arguments: Strings, environment: &Strings) -> Result<()> {
    let roots = cx.table.roots();
    let credentials = cx.process().credentials();
    let location = Lookup::new(&roots, None, &credentials).with(LookupFlags::NAMED).find(&path)?;
    execute(cx, Executable::at(location, path)?, arguments, environment)
}
