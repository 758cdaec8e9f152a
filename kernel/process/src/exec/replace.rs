//! The replacement of one program by another.

use super::load::{Loaded, Request, SetId, load};
use super::stack::Strings;
use crate::context::Context;
use crate::process::Flag;
use crate::resources::Resources;
use crate::signal::SignalState;
use crate::task::{STACK_DISABLED, Task};
use crate::{exit, fork, gate, registry, tracing};
use abi::types::Sigaltstack;
use abi::{Errno, Result, Signal};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::fpu::FpuState;
use caps::{Rights, Root};
use core::sync::atomic::Ordering::SeqCst;
use mm::AddressSpace;
use mm::alloc::{try_arc, try_to_vec};
use object::denial::{Denial, Had, Needed, Verdict, deny};
use object::{Location, Roots, Table};
use sched::{Wait, attention};

/// A file to execute.
pub struct Executable {
    /// Where it is.
    pub(crate) location: Location,
    /// The path by which it was named: AT_EXECFN, and what a script's interpreter is given.
    pub(crate) path: Vec<u8>,
    /// What the thread that executes it is called.
    pub(crate) name: Vec<u8>,
}

impl Executable {
    /// The file that a path led to, called as the path ends.
    pub fn at(location: Location, path: Vec<u8>) -> Result<Self> {
        let name = try_to_vec(base_name(&path))?;
        Ok(Self { location, path, name })
    }

    /// The file in a slot, called by its own name: the path that stands for the slot ends in a number, which tells nobody
    /// anything.
    pub fn held(location: Location, path: Vec<u8>) -> Result<Self> {
        match location.entry().map(|entry| try_to_vec(&entry.name)).transpose()? {
            Some(name) => Ok(Self { location, path, name }),
            None => Self::at(location, path),
        }
    }
}

/// `execve`: the calling thread goes on in another program. On success the registers are the new program's.
pub fn execute(cx: &mut Context, file: Executable, arguments: Strings, environment: &Strings) -> Result<()> {
    let process = Arc::clone(cx.process());
    let before = process.credentials();
    let roots = cx.table.roots();
    let (former_id, call) = (cx.task.id(), cx.user.syscall_number());
    let loaded = load(Request {
        location: file.location,
        path: &file.path,
        arguments,
        environment,
        roots: &roots,
        check_start: &|path| check_start(cx, &roots, path),
        credentials: &before,
        limits: &process.limits(),
        set_id: set_id(cx),
    })?;
    let Loaded { space, entry, stack_pointer, program, credentials } = loaded;
    let program = try_arc(program)?;
    become_only_thread(&cx.task)?;
    // What another thread narrowed before it left counts: so the table is copied, and the ids are looked at, only now.
    if set_id(cx) == SetId::Refused && !Arc::ptr_eq(&before, &credentials) {
        return Err(Errno::EACCES);
    }
    let table = match process.has(Flag::SharesTable) {
        true => try_arc(cx.table.fork()?)?,
        false => Arc::clone(&cx.table),
    };
    table.execute_view()?;
    table.execute_learning()?;

    // The point of no return: what follows cannot fail.
    let resources = Resources { table, space };
    let old = take_over(cx, resources);
    let gains_no_ids = credentials.uid == credentials.euid && credentials.gid == credentials.egid;
    process.set_credentials(credentials);
    cx.task.set_name(&file.name);
    drop(process.replace_program(Some(program)));
    process.mark(Flag::Executed);
    process.unmark(Flag::SharesTable);
    match gains_no_ids {
        true => process.mark(Flag::Dumpable),
        false => process.unmark(Flag::Dumpable),
    }
    cx.table.close_on_exec();
    if cx.table.exec().is_err() {
        // The program must not run with more than was meant for it.
        log::warn!("out of memory: ending process {}", process.id());
        process.signals.lock().begin_kill(Signal::KILL);
    }
    process.posix_timers().clear();
    reset_signals(&cx.task, &mut process.signals.lock());
    cx.user = fork::fresh_registers(entry, stack_pointer);
    cx.user.regs_mut().error_code = call;
    let _ = sched::current().change_fpu(FpuState::reset);
    drop(old);
    tracing::stop::report_exec(cx, former_id);
    Ok(())
}

/// Refuses an interpreter's or a loader's path where the root capability that it starts from is gone, ECAPMODE, or does not
/// let programs be executed: in capability mode only what needs neither can be executed.
pub(crate) fn check_start(cx: &Context, roots: &Roots, path: &[u8]) -> Result<()> {
    let (root, own) = match path.first() {
        Some(b'/') => (Root::Namespace, roots.root_leave.rights()),
        _ => (Root::WorkingDirectory, roots.cwd_leave.rights()),
    };
    gate::demand_root(cx, root)?;
    let held = own & cx.table.root(root);
    let missing = Rights::LOOKUP.union(Rights::FEXECVE) - held;
    if missing.is_empty() {
        return Ok(());
    }
    let needed = Needed::RootRights(root, missing);
    match deny(&Denial::of(needed, Had::Rights(held), cx.table.root_cause(root, missing))) {
        Verdict::Allow => Ok(()),
        Verdict::Refuse => Err(Errno::ENOTCAPABLE),
    }
}

/// What set-id bits are to do in this process.
fn set_id(cx: &Context) -> SetId {
    let is_pledged = cx.table.inspect(|table| !table.ceilings().after_exec.promises().is_unpledged());
    match is_pledged {
        true => SetId::Refused,
        false if cx.process().has(Flag::NoNewPrivileges) => SetId::Ignored,
        false if tracing::is_unprivileged(&cx.task) => SetId::Ignored,
        false => SetId::Obeyed,
    }
}

/// Has all other threads of the process end and waits until they have. EAGAIN when another thread runs exec already;
/// when this thread is to end itself, it does so.
fn become_only_thread(task: &Arc<Task>) -> Result<()> {
    let process = task.process();
    {
        let mut state = process.signals.lock();
        if state.exit.is_some() || state.exec.is_some() {
            return Err(Errno::EAGAIN);
        }
        if state.tasks.len() > 1 {
            state.exec = Some(task.id());
            for other in state.tasks.iter().filter(|other| !Arc::ptr_eq(other, task)) {
                other.alert(attention::KILL);
            }
        }
    }
    let alone = process.thinned.wait_until(Wait::KILLABLE, || (process.signals.lock().tasks.len() == 1).then_some(()));
    process.signals.lock().exec = None;
    alone.map_err(|_| Errno::EINTR)?;
    if task.id() != process.id() {
        let removed = registry::lock().lead(task);
        drop(removed);
    }
    Ok(())
}

/// Leaves the old memory and enters the new; what was before is returned, to be dropped when nothing needs it.
fn take_over(cx: &mut Context, resources: Resources) -> Old {
    // The old space is still the one that addresses mean here.
    exit::leave_memory(cx);
    sched::current().set_address_space(Some(Arc::clone(&resources.space)));
    let table = core::mem::replace(&mut cx.table, Arc::clone(&resources.table));
    let space = core::mem::replace(&mut cx.space, Arc::clone(&resources.space));
    (table, space, cx.process().replace_resources(Some(resources)))
}

/// What the old program held.
type Old = (Arc<Table>, Arc<AddressSpace>, Option<Resources>);

/// Signals as a new program finds them: handlers gone, ignored ones ignored, the mask and what is pending kept.
fn reset_signals(task: &Task, state: &mut SignalState) {
    state.actions.reset_caught();
    state.leader_code = None;
    let mut own = task.own.lock();
    own.alternate_stack = Sigaltstack { flags: STACK_DISABLED, ..Sigaltstack::default() };
    own.restart_deadline = None;
    own.exit_code = 0;
    task.awaited.store(0, SeqCst);
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}
