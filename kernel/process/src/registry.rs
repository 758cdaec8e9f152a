//! The process list: who lives, under which number, and who is whose child and in whose group.
//!
//! One lock guards it all. Under it nothing is allocated, nothing is dropped that frees memory, and nobody else's
//! code is called: what leaves the list is handed out and dropped by the caller, what enters is made beforehand.
//! Every operation is O(1), or stops after a bounded number of steps and is called again.

use crate::id::ID_LIMIT;
use crate::id_table::{Chunk, IdTable};
use crate::kin::{Chain, Kin, KinTable};
use crate::tracing::tracee::Mode;
use crate::{Process, ProcessGroup, Session, Task};
use abi::{Errno, ExitStatus, Result};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::Relaxed;
use sync::{IrqGuard, IrqLock, ranks};

/// Ids that a search for a process looks through at a time.
const STEP: usize = 256;

static REGISTRY: IrqLock<Registry, ranks::ProcessList> = IrqLock::new(Registry::new());

/// Takes the process list's lock.
pub(crate) fn lock() -> IrqGuard<'static, Registry, ranks::ProcessList> {
    REGISTRY.lock()
}

/// The process with this id: alive, or a zombie that nobody has waited for.
pub fn find_process(id: i32) -> Option<Arc<Process>> {
    lock().entry(id)?.process.clone()
}

/// The thread with this id.
pub fn find_task(id: i32) -> Option<Arc<Task>> {
    lock().entry(id)?.task.clone()
}

/// The process group with this id.
pub fn find_group(id: i32) -> Option<Arc<ProcessGroup>> {
    lock().entry(id)?.group.clone()
}

/// The first process with an id greater than `after`.
pub fn next_process(after: i32) -> Option<Arc<Process>> {
    let mut from = after.checked_add(1)?.max(1) as usize;
    while from < ID_LIMIT {
        // A part at a time, so that the lock is never held for long.
        let end = from + STEP;
        let found = lock().first_process(from, end);
        if found.is_some() {
            return found;
        }
        from = end;
    }
    None
}

/// How many processes and threads there are, and the id given out last.
pub fn counts() -> Counts {
    let registry = lock();
    Counts { processes: registry.processes, tasks: registry.tasks, last_id: registry.table.ids().last() }
}

/// Figures of the process list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Processes, zombies included.
    pub processes: usize,
    /// Threads.
    pub tasks: usize,
    /// The id given out last.
    pub last_id: i32,
}

/// Makes the search for the next id go on after this one.
pub fn set_last_id(id: i32) {
    lock().table.set_last(id);
}

/// An id that is taken, but names nothing yet; given back when dropped.
pub(crate) struct ReservedId(i32);

impl ReservedId {
    /// Takes an id. EAGAIN when all are live.
    pub fn take() -> Result<Self> {
        let (id, has_place) = {
            let mut registry = lock();
            let id = registry.table.allocate().ok_or(Errno::EAGAIN)?;
            (Self(id), registry.table.has_place(id))
        };
        if !has_place {
            let chunk = mm::alloc::try_box(core::array::from_fn(|_| Entry::default()))?;
            // Whoever came second drops what it made, after the lock.
            let surplus = lock().table.provide(id.0, chunk);
            drop(surplus);
        }
        Ok(id)
    }

    /// The number.
    pub const fn number(&self) -> i32 {
        self.0
    }

    /// It now names something in the list, which gives it back.
    pub fn keep(self) -> i32 {
        let id = self.0;
        core::mem::forget(self);
        id
    }
}

impl Drop for ReservedId {
    fn drop(&mut self) {
        let surplus = lock().table.free(self.0);
        drop(surplus);
    }
}

/// What an id names; it is live as long as it names anything.
#[derive(Default)]
pub(crate) struct Entry {
    pub process: Option<Arc<Process>>,
    pub task: Option<Arc<Task>>,
    pub group: Option<Arc<ProcessGroup>>,
    pub session: Option<Arc<Session>>,
    /// How many groups the session with this id has.
    session_groups: usize,
    pub child: ChildState,
    kin: Kin,
}

/// A process as its parent sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChildState {
    /// How it ended; it is a zombie.
    pub ended: Option<ExitStatus>,
    /// A stop or continuation that the parent has not asked for yet.
    pub event: Option<ExitStatus>,
    /// What the parent is signalled when it ends; 0 for nothing.
    pub exit_signal: i32,
}

impl Entry {
    fn is_empty(&self) -> bool {
        self.process.is_none() && self.task.is_none() && self.group.is_none() && self.session.is_none()
    }
}

/// What left the list and is to be dropped once the lock is open.
#[derive(Default)]
#[must_use = "drop it after the lock"]
pub(crate) struct Removed {
    _process: Option<Arc<Process>>,
    _task: Option<Arc<Task>>,
    _group: Option<Arc<ProcessGroup>>,
    _session: Option<Arc<Session>>,
    _places: [Option<Chunk<Entry>>; 2],
}

/// The list itself.
pub(crate) struct Registry {
    table: IdTable<Entry>,
    /// Stands in for entries of ids that are not live, so that links never lead to a panic.
    nobody: Kin,
    processes: usize,
    tasks: usize,
    /// How often a process joined a group.
    joinings: u64,
}

impl KinTable for Registry {
    fn kin(&self, id: i32) -> &Kin {
        self.entry(id).map_or(&self.nobody, |entry| &entry.kin)
    }

    fn kin_mut(&mut self, id: i32) -> &mut Kin {
        match self.table.get_mut(id) {
            Some(entry) => &mut entry.kin,
            None => &mut self.nobody,
        }
    }
}

impl Registry {
    const fn new() -> Self {
        Self { table: IdTable::new(), nobody: Kin::NONE, processes: 0, tasks: 0, joinings: 0 }
    }

    /// What an id names.
    pub fn entry(&self, id: i32) -> Option<&Entry> {
        self.table.get(id)
    }

    /// Whether the list has this very process.
    pub fn holds(&self, process: &Arc<Process>) -> bool {
        self.entry(process.id()).and_then(|entry| entry.process.as_ref()).is_some_and(|held| Arc::ptr_eq(held, process))
    }

    /// What an id names, to change.
    pub fn entry_mut(&mut self, id: i32) -> Option<&mut Entry> {
        self.table.get_mut(id)
    }

    fn first_process(&self, mut from: usize, end: usize) -> Option<Arc<Process>> {
        while let Some(id) = self.table.ids().next_live(from, end) {
            let process = self.entry(id as i32).and_then(|entry| entry.process.clone());
            if process.is_some() {
                return process;
            }
            from = id + 1;
        }
        None
    }

    /// Enters a new process with its first thread, as a child of `parent` (0 for nobody) and in its group.
    pub fn add_process(&mut self, task: &Arc<Task>, parent: i32, exit_signal: i32) {
        let process = task.process();
        let (id, group) = (process.id(), process.group_id());
        if let Some(entry) = self.entry_mut(id) {
            entry.process = Some(Arc::clone(process));
            entry.task = Some(Arc::clone(task));
            entry.child = ChildState { exit_signal, ..ChildState::default() };
        }
        process.parent.store(parent, Relaxed);
        if parent != 0 {
            self.push_back(Chain::Children, parent, id);
        }
        self.join(process, group);
        self.processes += 1;
        self.tasks += 1;
    }

    /// Enters a further thread of a process.
    pub fn add_task(&mut self, task: &Arc<Task>) {
        if let Some(entry) = self.entry_mut(task.id()) {
            entry.task = Some(Arc::clone(task));
        }
        self.tasks += 1;
    }

    /// Removes a thread that has ended, but one that is traced only when its tracer knows. Its id may have gone to the thread that
    /// runs exec already.
    pub fn remove_task(&mut self, task: &Arc<Task>) -> Removed {
        let id = task.id();
        if task.is_traced() {
            task.trace.set(Mode::Ended);
            return Removed::default();
        }
        let gone = self.entry_mut(id).and_then(|entry| entry.task.take_if(|held| Arc::ptr_eq(held, task)));
        self.tasks -= usize::from(gone.is_some());
        Removed { _task: gone, _places: [self.release(id), None], ..Removed::default() }
    }

    /// Gives the thread that runs exec the id of its process, whose first thread has ended.
    pub fn lead(&mut self, task: &Arc<Task>) -> (Removed, Removed) {
        let leader = task.process().id();
        if let Some(first) = self.entry(leader).and_then(|entry| entry.task.clone()) {
            self.end_tracing(&first);
        }
        // The tracer knows it by its new id from now on.
        let traced = self.suspend_tracing(task);
        let moved = self.remove_task(task);
        task.id.store(leader, Relaxed);
        self.resume_tracing(task, traced);
        // The first thread may be on its way out and not have removed itself yet.
        let stale = self.entry_mut(leader).and_then(|entry| entry.task.replace(Arc::clone(task)));
        self.tasks += usize::from(stale.is_none());
        (moved, Removed { _task: stale, ..Removed::default() })
    }

    /// Removes a process for good: its status was collected, or nobody wants it.
    pub fn remove_process(&mut self, process: &Process) -> (Removed, Removed) {
        let id = process.id();
        let parent = process.parent.load(Relaxed);
        if parent != 0 {
            self.unlink(Chain::Children, parent, id);
        }
        let left = self.leave_group(process);
        let first = self.entry(id).and_then(|entry| entry.task.clone());
        if let Some(first) = &first {
            self.end_tracing(first);
        }
        let task = self.entry_mut(id).and_then(|entry| entry.task.take());
        self.tasks -= usize::from(task.is_some());
        let gone = self.entry_mut(id).and_then(|entry| entry.process.take());
        self.processes -= 1;
        drop(first);
        (Removed { _process: gone, _task: task, _places: [self.release(id), None], ..Removed::default() }, left)
    }

    /// Makes `child` a child of `parent`.
    pub fn adopt(&mut self, child: &Process, parent: i32) {
        let id = child.id();
        let old = child.parent.swap(parent, Relaxed);
        if old != 0 {
            self.unlink(Chain::Children, old, id);
        }
        // Zombies stand first, so that waiting for any child need not look further.
        match self.entry(id).is_some_and(|entry| entry.child.ended.is_some()) {
            true => self.push_front(Chain::Children, parent, id),
            false => self.push_back(Chain::Children, parent, id),
        }
    }

    /// Makes a process a zombie.
    pub fn end(&mut self, process: &Process, status: ExitStatus) {
        let (id, parent) = (process.id(), process.parent.load(Relaxed));
        if let Some(entry) = self.entry_mut(id) {
            entry.child.ended = Some(status);
            entry.child.event = None;
        }
        if parent != 0 {
            self.unlink(Chain::Children, parent, id);
            self.push_front(Chain::Children, parent, id);
        }
    }

    /// Moves a process into a group that is in the list.
    pub fn join_group(&mut self, process: &Process, group: &ProcessGroup) -> Removed {
        let removed = self.leave_group(process);
        process.group.store(group.number(), Relaxed);
        process.session.store(group.session().number(), Relaxed);
        self.join(process, group.number());
        removed
    }

    /// Enters a new group, and its session if that is new.
    pub fn add_group(&mut self, group: Arc<ProcessGroup>) {
        let session = Arc::clone(group.session());
        let (id, session_id) = (group.number(), session.number());
        if let Some(entry) = self.entry_mut(id) {
            entry.group = Some(group);
        }
        if let Some(entry) = self.entry_mut(session_id) {
            entry.session_groups += 1;
            entry.session.get_or_insert(session);
        }
    }

    fn join(&mut self, process: &Process, group: i32) {
        self.joinings += 1;
        process.joined.store(self.joinings, Relaxed);
        self.push_back(Chain::Members, group, process.id());
    }

    fn leave_group(&mut self, process: &Process) -> Removed {
        let id = process.group_id();
        self.unlink(Chain::Members, id, process.id());
        if self.first(Chain::Members, id) != 0 {
            return Removed::default();
        }
        let group = self.entry_mut(id).and_then(|entry| entry.group.take());
        let place = self.release(id);
        let session_id = process.session_id();
        let session = self.entry_mut(session_id).and_then(|entry| {
            entry.session_groups -= 1;
            if entry.session_groups == 0 { entry.session.take() } else { None }
        });
        let places = [place, self.release(session_id)];
        Removed { _group: group, _session: session, _places: places, ..Removed::default() }
    }

    /// Gives the id back if it names nothing any more.
    fn release(&mut self, id: i32) -> Option<Chunk<Entry>> {
        let is_over = self.table.ids().is_live(id) && self.entry(id).is_some_and(Entry::is_empty);
        if is_over { self.table.free(id) } else { None }
    }
}
