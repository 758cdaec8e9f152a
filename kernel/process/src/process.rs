//! Processes.

mod bounds;

use crate::audit::record::Record;
use crate::itimer::IntervalTimers;
use crate::limits::ResourceLimits;
use crate::posix_timer::PosixTimers;
use crate::program::Program;
use crate::registry;
use crate::resources::Resources;
use crate::signal::state::SignalState;
use crate::task::{NAME_SIZE, TaskName};
use crate::usage::ResourceUse;
use crate::{ProcessGroup, Session, Task};
use abi::{ExitStatus, Result, Signal, SignalSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::CpuSet;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};
use mm::AddressSpace;
use object::{Credentials, Table};
use sched::WaitQueue;
use sync::{IrqLock, ranks};

/// A process: what its threads share, and what its parent can learn of it.
pub struct Process {
    id: i32,
    start_ns: u64,

    // Written under the process list's lock; read anywhere.
    pub(crate) parent: AtomicI32,
    pub(crate) group: AtomicI32,
    pub(crate) session: AtomicI32,
    /// When it joined its group, in the order of all such joinings.
    pub(crate) joined: AtomicU64,

    pub(crate) signals: IrqLock<SignalState, ranks::Signals>,
    /// The set of the shared queue, to be read without the lock.
    pub(crate) shared_pending: AtomicU64,

    /// Woken when a child changes state.
    pub(crate) children: WaitQueue,
    /// Woken when it ends.
    pub(crate) ended: WaitQueue,
    /// Woken when it continues.
    pub(crate) resumed: WaitQueue,
    /// Woken when one of its threads has left.
    pub(crate) thinned: WaitQueue,

    state: IrqLock<State, ranks::ProcessRecord>,
    itimers: IntervalTimers,
    posix_timers: PosixTimers,
    /// The signal that it gets when its parent ends; 0 for none.
    parent_death_signal: AtomicI32,
    umask: AtomicU32,
    flags: AtomicU32,
    /// How many denials it had.
    denials: AtomicU64,
    /// The last of them.
    denial: IrqLock<Option<Record>, ranks::ProcessRecord>,
}

/// What changes rarely. Interrupt handlers read it when they send signals.
struct State {
    resources: Option<Resources>,
    credentials: Arc<Credentials>,
    program: Option<Arc<Program>>,
    limits: ResourceLimits,
    /// The CPUs that its threads may be put on.
    cpus: CpuSet,
    /// The name of the thread that left last, for the zombie.
    last_name: TaskName,
    /// Used by threads that have ended.
    used: ResourceUse,
    /// Used by children that were waited for.
    children_used: ResourceUse,
}

/// Yes-or-no facts of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Flag {
    /// It has executed a program since it was forked.
    Executed = 1,
    /// Orphaned descendants become its children.
    Subreaper = 2,
    /// exec gives no privileges.
    NoNewPrivileges = 4,
    /// It may be looked into by its own user.
    Dumpable = 8,
    /// It shares its table with another process.
    SharesTable = 16,
    /// It has ended.
    Ended = 32,
    /// It was made by `pdfork`: its parent is not told of its end, and waits for it by name alone.
    HeldByDescriptor = 64,
    /// It has left what it traced, and traces nothing any more.
    TracesNoMore = 128,
    /// SIGKILL was sent to it.
    Killed = 256,
}

/// What a new process starts from.
pub(crate) struct Origin {
    pub resources: Resources,
    pub credentials: Arc<Credentials>,
    pub program: Option<Arc<Program>>,
    pub limits: ResourceLimits,
    pub cpus: CpuSet,
    pub signals: SignalState,
    pub umask: u32,
    pub flags: u32,
    pub group: i32,
    pub session: i32,
}

impl Process {
    pub(crate) fn new(id: i32, origin: Origin) -> Self {
        let state = State {
            resources: Some(origin.resources),
            credentials: origin.credentials,
            program: origin.program,
            limits: origin.limits,
            cpus: origin.cpus,
            last_name: [0; NAME_SIZE],
            used: ResourceUse::default(),
            children_used: ResourceUse::default(),
        };
        Self {
            id,
            start_ns: arch::clock::now_ns(),
            parent: AtomicI32::new(0),
            group: AtomicI32::new(origin.group),
            session: AtomicI32::new(origin.session),
            joined: AtomicU64::new(0),
            signals: IrqLock::new(origin.signals),
            shared_pending: AtomicU64::new(0),
            children: WaitQueue::new(),
            ended: WaitQueue::new(),
            resumed: WaitQueue::new(),
            thinned: WaitQueue::new(),
            state: IrqLock::new(state),
            itimers: IntervalTimers::new(),
            posix_timers: PosixTimers::new(),
            parent_death_signal: AtomicI32::new(0),
            umask: AtomicU32::new(origin.umask),
            flags: AtomicU32::new(origin.flags),
            denials: AtomicU64::new(0),
            denial: IrqLock::new(None),
        }
    }

    /// What a child made by fork starts from; signals and resources are the caller's to make.
    pub(crate) fn origin(&self, resources: Resources, signals: SignalState) -> Origin {
        let state = self.state.lock();
        Origin {
            resources,
            credentials: Arc::clone(&state.credentials),
            program: state.program.clone(),
            limits: state.limits,
            cpus: state.cpus,
            signals,
            umask: self.umask(),
            flags: self.flags.load(Relaxed) & (Flag::NoNewPrivileges as u32 | Flag::Dumpable as u32),
            group: self.group_id(),
            session: self.session_id(),
        }
    }

    /// The process id.
    #[inline]
    pub const fn id(&self) -> i32 {
        self.id
    }

    /// The id of the parent; 0 for none.
    #[inline]
    pub fn parent_id(&self) -> i32 {
        self.parent.load(Relaxed)
    }

    /// The parent.
    pub fn parent(&self) -> Option<Arc<Self>> {
        registry::find_process(self.parent_id())
    }

    /// The id of the process group.
    #[inline]
    pub fn group_id(&self) -> i32 {
        self.group.load(Relaxed)
    }

    /// The process group; `None` once the process is gone.
    pub fn process_group(&self) -> Option<Arc<ProcessGroup>> {
        registry::find_group(self.group_id())
    }

    /// The id of the session.
    #[inline]
    pub fn session_id(&self) -> i32 {
        self.session.load(Relaxed)
    }

    /// The session; `None` once the process is gone.
    pub fn current_session(&self) -> Option<Arc<Session>> {
        registry::lock().entry(self.session_id())?.session.clone()
    }

    /// When it started, in nanoseconds since boot.
    pub const fn start_ns(&self) -> u64 {
        self.start_ns
    }

    /// The table; `None` once the process has ended.
    pub fn table(&self) -> Option<Arc<Table>> {
        self.state.lock().resources.as_ref().map(|resources| Arc::clone(&resources.table))
    }

    /// The address space; `None` once the process has ended.
    pub fn space(&self) -> Option<Arc<AddressSpace>> {
        self.state.lock().resources.as_ref().map(|resources| Arc::clone(&resources.space))
    }

    /// Replaces table and space; what was there is the caller's to drop.
    pub(crate) fn replace_resources(&self, resources: Option<Resources>) -> Option<Resources> {
        core::mem::replace(&mut self.state.lock().resources, resources)
    }

    /// The credentials.
    pub fn credentials(&self) -> Arc<Credentials> {
        Arc::clone(&self.state.lock().credentials)
    }

    /// The real user id.
    pub fn uid(&self) -> u32 {
        self.state.lock().credentials.uid
    }

    /// Replaces the credentials in one step. Who acts for somebody else than before has in its memory what is not for that
    /// somebody's other processes to see.
    pub fn set_credentials(&self, credentials: Arc<Credentials>) {
        let acts_for = |who: &Credentials| (who.euid, who.egid, who.fsuid, who.fsgid);
        let new = acts_for(&credentials);
        let old = core::mem::replace(&mut self.state.lock().credentials, credentials);
        if acts_for(&old) != new {
            self.unmark(Flag::Dumpable);
        }
    }

    /// What it runs; `None` before its first exec.
    pub fn program(&self) -> Option<Arc<Program>> {
        self.state.lock().program.clone()
    }

    pub(crate) fn replace_program(&self, program: Option<Arc<Program>>) -> Option<Arc<Program>> {
        core::mem::replace(&mut self.state.lock().program, program)
    }

    /// The interval timers.
    #[inline]
    pub const fn itimers(&self) -> &IntervalTimers {
        &self.itimers
    }

    /// The timers that it made by `timer_create`.
    #[inline]
    pub const fn posix_timers(&self) -> &PosixTimers {
        &self.posix_timers
    }

    /// The signal that it gets when its parent ends.
    pub fn parent_death_signal(&self) -> Option<Signal> {
        Signal::new(self.parent_death_signal.load(Relaxed))
    }

    /// Sets the signal that it gets when its parent ends.
    pub fn set_parent_death_signal(&self, signal: Option<Signal>) {
        self.parent_death_signal.store(signal.map_or(0, Signal::number), Relaxed);
    }

    /// The file mode creation mask.
    pub fn umask(&self) -> u32 {
        self.umask.load(Relaxed)
    }

    /// Sets the file mode creation mask and returns the one before.
    pub fn set_umask(&self, umask: u32) -> u32 {
        self.umask.swap(umask & 0o777, Relaxed)
    }

    /// Whether a fact holds.
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.load(SeqCst) & flag as u32 != 0
    }

    /// Makes a fact hold.
    pub fn mark(&self, flag: Flag) {
        self.flags.fetch_or(flag as u32, SeqCst);
    }

    /// Makes a fact not hold.
    pub fn unmark(&self, flag: Flag) {
        self.flags.fetch_and(!(flag as u32), SeqCst);
    }

    /// Whether it has executed a program since it was forked.
    pub fn has_executed(&self) -> bool {
        self.has(Flag::Executed)
    }

    /// Whether it has ended: a zombie, or gone.
    pub fn has_ended(&self) -> bool {
        self.has(Flag::Ended)
    }

    /// Whether it has begun to end.
    pub fn is_ending(&self) -> bool {
        self.signals.lock().exit.is_some()
    }

    /// Whether a signal has stopped it.
    pub fn is_stopped(&self) -> bool {
        self.signals.lock().stop.is_some()
    }

    /// The queue that is woken when it ends: for process descriptors.
    pub const fn end_queue(&self) -> &WaitQueue {
        &self.ended
    }

    /// The signals pending for the process as a whole.
    pub fn shared_pending(&self) -> SignalSet {
        SignalSet::from_bits(self.shared_pending.load(SeqCst))
    }

    /// How it ended, while it is a zombie.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        registry::lock().entry(self.id)?.child.ended
    }

    /// What a zombie is called: the name of the thread that left last, padded with NULs.
    pub fn last_name(&self) -> TaskName {
        self.state.lock().last_name
    }

    pub(crate) fn keep_last_name(&self, name: TaskName) {
        self.state.lock().last_name = name;
    }

    /// The signals that it ignores, and those that it handles.
    pub fn dispositions(&self) -> (SignalSet, SignalSet) {
        let state = self.signals.lock();
        (state.actions.ignored(), state.actions.caught())
    }

    /// Its first thread, or any that is left.
    pub fn first_task(&self) -> Option<Arc<Task>> {
        self.signals.lock().tasks.first().cloned()
    }

    /// Its threads. ENOMEM.
    pub fn tasks(&self) -> Result<Vec<Arc<Task>>> {
        let mut tasks = Vec::new();
        loop {
            let wanted = self.signals.lock().tasks.len();
            tasks.try_reserve(wanted).map_err(|_| abi::Errno::ENOMEM)?;
            let state = self.signals.lock();
            if state.tasks.len() <= tasks.capacity() {
                tasks.extend(state.tasks.iter().cloned());
                return Ok(tasks);
            }
        }
    }

    /// What its threads have used, those that ended included.
    pub fn used(&self) -> ResourceUse {
        let mut used = self.state.lock().used;
        for task in self.tasks().unwrap_or_default() {
            if let Some(thread) = task.thread() {
                used.add(&ResourceUse::of_thread(thread));
            }
        }
        used
    }

    /// The time that its threads have used, those that ended included: in user mode, and altogether. Any context.
    pub fn used_time_ns(&self) -> (u64, u64) {
        let ended = self.state.lock().used;
        let time_of =
            |task: &Arc<Task>| task.thread().map_or((0, 0), |thread| (thread.user_time_ns(), thread.cpu_time_ns()));
        let state = self.signals.lock();
        let running = state.tasks.iter().map(time_of);
        running.fold((ended.user_ns, ended.user_ns + ended.system_ns), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// How many of its threads can run at a time. Any context.
    pub(crate) fn parallelism(&self) -> u64 {
        self.signals.lock().tasks.len().clamp(1, arch::cpu::count()) as u64
    }

    /// What its children have used that were waited for, and their children.
    pub fn children_used(&self) -> ResourceUse {
        self.state.lock().children_used
    }

    pub(crate) fn add_used(&self, used: &ResourceUse) {
        self.state.lock().used.add(used);
    }

    pub(crate) fn add_children_used(&self, used: &ResourceUse) {
        self.state.lock().children_used.add(used);
    }
}
