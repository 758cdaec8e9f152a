//! What objects may ask about whoever is calling them.

use crate::{Process, Task, gate, group, registry};
use abi::{Errno, Promises, Result, RootSet, Signal};
use alloc::sync::Arc;
use caps::Root;
use object::{Caller, Credentials, Object, ProcessGroup, Roots, Table};

/// The calling task; `None` for kernel threads.
pub fn current() -> Option<Arc<Task>> {
    sched::current().local::<Task>()
}

/// Answers for the current thread.
pub(crate) struct CurrentCaller;

fn process() -> Option<Arc<Process>> {
    current().map(|task| Arc::clone(task.process()))
}

impl Caller for CurrentCaller {
    fn process_id(&self) -> i32 {
        process().map_or(0, |process| process.id())
    }

    fn group(&self) -> Option<Arc<dyn ProcessGroup>> {
        Some(process()?.process_group()?)
    }

    fn is_session_leader(&self) -> bool {
        process().is_some_and(|process| process.id() == process.session_id())
    }

    fn find_group(&self, id: i32) -> Option<Arc<dyn ProcessGroup>> {
        Some(registry::find_group(id)?)
    }

    fn withstands(&self, signal: Signal) -> bool {
        current().is_none_or(|task| {
            task.blocked().contains(signal) || task.process().signals.lock().actions.ignored().contains(signal)
        })
    }

    fn credentials(&self) -> Arc<Credentials> {
        process().map_or_else(|| Arc::new(Credentials::root()), |process| process.credentials())
    }

    fn table(&self) -> Option<Arc<Table>> {
        process()?.table()
    }

    fn roots(&self) -> Option<Arc<Roots>> {
        Some(process()?.table()?.roots())
    }

    fn has_one(&self, promises: Promises) -> bool {
        process().and_then(|process| process.table()).is_none_or(|table| table.may_call(promises, RootSet::empty()))
    }

    fn demand_one(&self, promises: Promises) -> Result<()> {
        let Some(process) = process() else { return Ok(()) };
        process.table().map_or(Ok(()), |table| gate::demand_one_for(&process, &table, promises))
    }

    fn controlling_terminal(&self) -> Option<Arc<dyn Object>> {
        let process = process()?;
        let has_root = process.table()?.root_set().has(Root::Terminal);
        if has_root { process.current_session()?.terminal() } else { None }
    }

    fn set_controlling_terminal(&self, terminal: Option<Arc<dyn Object>>) -> Result<()> {
        let process = process().ok_or(Errno::EPERM)?;
        match terminal {
            Some(terminal) => take_terminal(&process, terminal),
            None => give_up_terminal(&process),
        }
    }
}

/// TIOCSCTTY: only a session leader without a terminal may take one.
fn take_terminal(process: &Arc<Process>, object: Arc<dyn Object>) -> Result<()> {
    let session = process.current_session().ok_or(Errno::EPERM)?;
    let group = process.process_group().ok_or(Errno::EPERM)?;
    let terminal = object.terminal().ok_or(Errno::ENOTTY)?;
    if process.id() != session.number() {
        return Err(Errno::EPERM);
    }
    let already = terminal.session_id() == Some(session.number());
    if session.terminal().is_some() {
        return if already { Ok(()) } else { Err(Errno::EPERM) };
    }
    terminal.set_session(session.number(), group::as_weak(&group));
    drop(session.set_terminal(Some(object)));
    Ok(())
}

/// TIOCNOTTY: the session loses its terminal when its leader gives it up.
fn give_up_terminal(process: &Arc<Process>) -> Result<()> {
    let session = process.current_session().ok_or(Errno::ENOTTY)?;
    if process.id() != session.number() {
        return if session.terminal().is_some() { Ok(()) } else { Err(Errno::ENOTTY) };
    }
    let object = session.set_terminal(None).ok_or(Errno::ENOTTY)?;
    if let Some(terminal) = object.terminal() {
        if let Some(foreground) = terminal.foreground() {
            foreground.signal(Signal::HUP);
            foreground.signal(Signal::CONT);
        }
        terminal.clear_session();
    }
    Ok(())
}
