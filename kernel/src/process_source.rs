//! What procfs shows of processes: `process` as `fs` asks for it. The two floors lie side by side.

use abi::types::{Rlimit, Utsname};
use abi::{Errno, Promises, Result, RootSet};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::cpu::CpuId;
use core::fmt::Write;
use fs::procfs::status::{MemoryUse, SignalSets, Status};
use fs::procfs::text::Text;
use fs::procfs::{ProcessSource, ProcessView};
use mm::AddressSpace;
use mm::alloc::{try_arc, try_to_vec, try_vec};
use object::{Location, Namespace, Owner, Roots, Table};
use process::core_dump::sink;
use process::limits::Resource;
use process::process::Flag;
use process::usage::ResourceUse;
use process::{Process, Task, registry};
use sched::Policy;
use sync::Once;
use syscall::names::{self, Name};

/// A page, in bytes.
const PAGE: u64 = arch::PAGE_SIZE as u64;

/// All processes of this kernel.
pub struct Processes;

/// What the namespace and the command line are, once boot knows.
static SYSTEM: Once<(Arc<Namespace>, &'static str)> = Once::new();

/// Tells what the system shows of itself. Once, at boot.
pub fn init(namespace: Arc<Namespace>, command_line: &'static str) {
    SYSTEM.call_once(|| (namespace, command_line));
}

impl ProcessSource for Processes {
    fn pids(&self) -> Result<Vec<i32>> {
        let mut pids = try_vec(registry::counts().processes + 8)?;
        let mut last = 0;
        while let Some(process) = registry::next_process(last) {
            last = process.id();
            mm::alloc::try_push(&mut pids, last)?;
        }
        Ok(pids)
    }

    fn find(&self, pid: i32) -> Option<Arc<dyn ProcessView>> {
        // A thread's id names its process too, though it is not listed.
        let process =
            registry::find_process(pid).or_else(|| registry::find_task(pid).map(|task| Arc::clone(task.process())))?;
        let view: Arc<View> = try_arc(View(process)).ok()?;
        Some(view)
    }

    fn current(&self) -> Option<(i32, i32)> {
        process::current().map(|task| (task.process().id(), task.id()))
    }

    fn last_pid(&self) -> i32 {
        registry::counts().last_id
    }

    fn namespace(&self) -> &Namespace {
        match SYSTEM.get() {
            Some((namespace, _)) => namespace,
            None => unreachable!("procfs is mounted into the namespace"),
        }
    }

    fn names(&self) -> Utsname {
        names::utsname()
    }

    fn set_host_name(&self, name: &[u8]) -> Result<()> {
        let caller = process::current().ok_or(Errno::EPERM)?;
        if !caller.process().credentials().is_privileged() {
            return Err(Errno::EPERM);
        }
        let mut new = Name::default();
        new.0[..names::NAME_MAX].get_mut(..name.len()).ok_or(Errno::EINVAL)?.copy_from_slice(name);
        names::set_host(new);
        Ok(())
    }

    fn core_pattern(&self) -> Result<Vec<u8>> {
        sink::pattern()
    }

    fn set_core_pattern(&self, pattern: &[u8]) -> Result<()> {
        let caller = process::current().ok_or(Errno::EPERM)?;
        let table = caller.process().table().ok_or(Errno::EPERM)?;
        // Where files come to be when anybody dies is for who may do everything to the system.
        let (promises, roots) = (Promises::empty(), RootSet::SYSTEM);
        let may = table.may_call(promises, roots) || table.refuse_call(promises, roots).is_ok();
        if !may || !caller.process().credentials().is_privileged() {
            return Err(Errno::EPERM);
        }
        sink::set_pattern(pattern)
    }

    fn sockets(&self) -> Result<Vec<u8>> {
        ipc::socket::text()
    }

    fn command_line(&self) -> &str {
        SYSTEM.get().map_or("", |(_, command_line)| command_line)
    }

    fn demand_watching(&self) -> Result<()> {
        let caller = process::current().ok_or(Errno::EPERM)?;
        if !caller.process().credentials().is_privileged() {
            return Err(Errno::EPERM);
        }
        process::audit::device::demand_right()
    }

    fn device_interrupts(&self, visit: &mut dyn FnMut(u8, CpuId, u64)) {
        // Every line is routed to the boot processor.
        drivers::irq::counts().for_each(|(line, count)| visit(line, CpuId::BOOT, count));
    }
}

/// One process, for procfs.
struct View(Arc<Process>);

impl ProcessView for View {
    fn pid(&self) -> i32 {
        self.0.id()
    }

    fn owner(&self) -> Owner {
        let credentials = self.0.credentials();
        Owner { uid: credentials.euid, gid: credentials.egid }
    }

    fn status(&self) -> Result<Status> {
        let mut status = status_of(&self.0, self.0.first_task().as_deref())?;
        set_times(&mut status, &self.0.used());
        Ok(status)
    }

    fn thread_ids(&self) -> Result<Vec<i32>> {
        let tasks = self.0.tasks()?;
        let mut ids = try_vec(tasks.len())?;
        ids.extend(tasks.iter().map(|task| task.id()));
        ids.sort_unstable();
        Ok(ids)
    }

    fn thread_status(&self, tid: i32) -> Result<Status> {
        let task = self.task(tid)?;
        let mut status = status_of(&self.0, Some(&task))?;
        status.id = tid;
        if let Some(thread) = task.thread() {
            set_times(&mut status, &ResourceUse::of_thread(thread));
        }
        Ok(status)
    }

    fn arguments(&self) -> Result<Vec<u8>> {
        self.strings(|program| program.arguments)
    }

    fn environment(&self) -> Result<Vec<u8>> {
        self.strings(|program| program.environment)
    }

    fn auxiliary_vector(&self) -> Result<Vec<u8>> {
        match self.0.program() {
            Some(program) => Ok(try_to_vec(&program.auxiliary)?),
            None => Ok(Vec::new()),
        }
    }

    fn executable(&self) -> Option<Location> {
        self.0.program()?.location.clone()
    }

    fn roots(&self) -> Option<Arc<Roots>> {
        Some(self.0.table()?.roots())
    }

    fn table(&self) -> Option<Arc<Table>> {
        self.0.table()
    }

    fn address_space(&self) -> Option<Arc<AddressSpace>> {
        self.0.space()
    }

    fn limits(&self) -> Result<Vec<Rlimit>> {
        let limits = self.0.limits();
        let mut all = try_vec(Resource::ALL.len())?;
        all.extend(Resource::ALL.iter().map(|resource| limits.get(*resource)));
        Ok(all)
    }

    fn denial(&self) -> Result<Vec<u8>> {
        match self.0.last_denial() {
            Some(record) => Text::build(|text| writeln!(text, "{record}")),
            None => Ok(Vec::new()),
        }
    }

    fn failure_left(&self, tid: i32) -> Result<u32> {
        Ok(self.task(tid)?.failure_left())
    }

    fn fail_nth(&self, tid: i32, n: u32) -> Result<()> {
        self.task(tid)?.fail_nth(n);
        Ok(())
    }

    fn set_thread_name(&self, tid: i32, name: &[u8]) -> Result<()> {
        self.task(tid)?.set_name(name);
        Ok(())
    }
}

impl View {
    /// The thread `tid` of this process.
    fn task(&self, tid: i32) -> Result<Arc<Task>> {
        registry::find_task(tid).filter(|task| task.process().id() == self.0.id()).ok_or(Errno::ESRCH)
    }

    /// Strings that lie on the stack of the process. What it unmapped meanwhile is left out.
    fn strings(&self, place: impl FnOnce(&process::program::Program) -> (u64, u64)) -> Result<Vec<u8>> {
        let (Some(program), Some(space)) = (self.0.program(), self.0.space()) else {
            return Ok(Vec::new());
        };
        let (address, length) = place(&program);
        let mut bytes = try_vec(length as usize)?;
        bytes.resize(length as usize, 0);
        match space.copy_from(address, &mut bytes) {
            Ok(()) => Ok(bytes),
            Err(_) => Ok(Vec::new()),
        }
    }
}

/// What a process shows, with the scheduling facts of one of its threads; times are left out.
fn status_of(process: &Process, task: Option<&Task>) -> Result<Status> {
    let mut status = Status { id: process.id(), pid: process.id(), state: 'Z', ..Status::default() };
    status.parent = process.parent_id();
    status.group = process.group_id();
    status.session = process.session_id();
    status.start_ns = process.start_ns();
    status.umask = process.umask();
    status.no_new_privileges = process.has(Flag::NoNewPrivileges);
    status.resident_limit = process.limit(Resource::Resident);
    status.queue_limit = process.limit(Resource::PendingSignals);
    status.exit_signal = abi::Signal::CHLD.number();
    status.exit_code = process.exit_status().map_or(0, |ended| ended.to_wait_status());
    status.foreground = -1;
    set_terminal(&mut status, process);
    set_credentials(&mut status, process)?;
    set_memory(&mut status, process);
    set_signals(&mut status, process, task);
    status.threads = process.tasks()?.len() as u32;
    status.slots = process.table().map_or(0, |table| table.count() as u32);
    let name = process.last_name();
    status.name = try_to_vec(name.split(|byte| *byte == 0).next().unwrap_or_default())?;
    let used = process.children_used();
    (status.children_user_ns, status.children_system_ns) = (used.user_ns, used.system_ns);
    status.minor_faults[1] = used.minor_faults;
    if let Some(task) = task {
        set_scheduling(&mut status, task)?;
    }
    Ok(status)
}

fn set_times(status: &mut Status, used: &ResourceUse) {
    (status.user_ns, status.system_ns) = (used.user_ns, used.system_ns);
    status.switches = [used.voluntary_switches, used.involuntary_switches];
    status.minor_faults[0] = used.minor_faults;
}

fn set_terminal(status: &mut Status, process: &Process) {
    let Some(object) = process.current_session().and_then(|session| session.terminal()) else { return };
    status.terminal = object.stat().map_or(0, |stat| stat.special_device as u32);
    status.foreground = object.terminal().and_then(|terminal| terminal.foreground()).map_or(-1, |group| group.id());
}

fn set_credentials(status: &mut Status, process: &Process) -> Result<()> {
    let held = process.credentials();
    status.uids = [held.uid, held.euid, held.suid, held.fsuid];
    status.gids = [held.gid, held.egid, held.sgid, held.fsgid];
    status.groups = try_to_vec(&held.groups)?;
    Ok(())
}

fn set_memory(status: &mut Status, process: &Process) {
    let Some(space) = process.space() else { return };
    let usage = space.usage();
    let bytes = |pages: usize| pages as u64 * PAGE;
    status.memory = MemoryUse {
        size: bytes(usage.virtual_pages),
        peak_size: bytes(usage.virtual_pages),
        resident: bytes(usage.resident),
        peak_resident: bytes(usage.peak_resident),
        shared: bytes(usage.shared),
        data: bytes(usage.data),
        stack: bytes(usage.stack),
        text: bytes(usage.text),
        tables: 0,
    };
}

fn set_signals(status: &mut Status, process: &Process, task: Option<&Task>) {
    let (ignored, caught) = process.dispositions();
    status.signals = SignalSets {
        pending: task.map_or(0, |task| task.pending().bits()),
        shared_pending: process.shared_pending().bits(),
        blocked: task.map_or(0, |task| task.blocked().bits()),
        ignored: ignored.bits(),
        caught: caught.bits(),
        queued: 0,
    };
}

fn set_scheduling(status: &mut Status, task: &Task) -> Result<()> {
    let (name, length) = task.name();
    status.name = try_to_vec(&name[..length])?;
    status.state = task.state_char();
    status.tracer = task.tracer_id();
    let Some(thread) = task.thread() else { return Ok(()) };
    status.nice = thread.nice().get();
    (status.wait_ns, status.turns) = thread.waits();
    status.cpu = thread.cpu().index() as u32;
    let cpus = thread.affinity();
    status.affinity = try_vec(cpus.count())?;
    status.affinity.extend(cpus.iter().map(|cpu| cpu.index() as u32));
    (status.policy, status.real_time_priority) = match thread.policy() {
        Policy::Normal => (0, 0),
        Policy::Fifo(priority) => (1, priority.get() as u32),
        Policy::RoundRobin(priority) => (2, priority.get() as u32),
        Policy::Batch => (3, 0),
        Policy::Idle => (5, 0),
    };
    Ok(())
}
