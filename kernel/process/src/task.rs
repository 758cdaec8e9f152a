//! Tasks: the threads of processes.

use crate::Process;
use crate::audit::record::Record;
use crate::completion::Completion;
use crate::core_dump::ThreadImage;
use crate::signal::queue::SignalQueue;
use crate::tracing::tracee::Tracee;
use abi::types::Sigaltstack;
use abi::{Signal, SignalSet};
use alloc::sync::Arc;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64};
use sched::{Thread, attention};
use sync::{IrqLock, Once, SpinLock, ranks};

/// The longest name of a task, with its NUL.
pub const NAME_SIZE: usize = 16;

/// The name of a task, padded with NULs.
pub type TaskName = [u8; NAME_SIZE];

/// A thread of a process, as signals, ids and /proc know it. The scheduler's side of it is a [`Thread`].
pub struct Task {
    /// Changed only by exec, under the process list's lock.
    pub(crate) id: AtomicI32,
    process: Arc<Process>,
    thread: Once<Arc<Thread>>,

    /// Signals that it blocks. Written by the task itself alone.
    pub(crate) blocked: AtomicU64,
    /// Signals that `sigtimedwait` waits for: not blocked while it sleeps, and not ignored either.
    pub(crate) awaited: AtomicU64,
    /// The set of `private`, to be read without its lock.
    pub(crate) pending: AtomicU64,
    pub(crate) private: IrqLock<SignalQueue, ranks::Task>,
    /// Whether it sleeps because its process is stopped.
    pub(crate) is_parked: AtomicBool,

    /// The last epoch of narrowings that it has noted between two calls; see [`crate::grace`].
    pub(crate) passed_epoch: AtomicU64,
    /// Whether it is where it uses nothing of its table.
    pub(crate) is_at_rest: AtomicBool,
    /// The number of the call that it runs or ran last.
    call: AtomicU64,
    /// Which allocation of its next call is to fail; 0 for none.
    fail_nth: AtomicU32,
    /// How many allocations were left until then when that call was over.
    failure_left: AtomicU32,

    /// Where to store 0 and wake a futex at the end; 0 for nowhere.
    pub clear_child_tid: AtomicU64,
    /// Where its list of robust futexes starts; 0 for none.
    pub robust_list: AtomicU64,
    /// By how much its timers may be late, nanoseconds: now, and after a reset.
    timer_slack_ns: [AtomicU64; 2],
    pub(crate) own: SpinLock<Own, ranks::ProcessState>,
    /// What a tracer deals with.
    pub(crate) trace: Tracee,
}

/// Linux's slack of ordinary threads.
const TIMER_SLACK_NS: u64 = 50_000;

/// What mostly concerns the task itself.
pub(crate) struct Own {
    pub name: TaskName,
    pub alternate_stack: Sigaltstack,
    /// The mask to return to when a call that set one for its own time is over.
    pub saved_mask: Option<SignalSet>,
    /// What the last exception said, for signal frames.
    pub trap: Trap,
    /// The deadline of a call that was interrupted and will be started again.
    pub restart_deadline: Option<u64>,
    /// Who waits until this task has left its parent's memory.
    pub vfork: Option<Arc<Completion>>,
    /// What the thread passed to `exit`.
    pub exit_code: u8,
    /// The record of its last denial.
    pub denial: Option<Record>,
    /// What it laid out for a core.
    pub image: Option<ThreadImage>,
}

/// What an exception said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trap {
    /// The vector.
    pub vector: u64,
    /// The error code.
    pub error_code: u64,
    /// The address of a page fault.
    pub address: u64,
}

/// No system call has this number.
const NO_CALL: u64 = u64::MAX;

/// SS_DISABLE.
pub(crate) const STACK_DISABLED: i32 = 2;

impl Task {
    /// A task without a thread yet.
    pub(crate) fn new(id: i32, process: Arc<Process>, name: TaskName, blocked: SignalSet) -> Self {
        let own = Own {
            name,
            alternate_stack: Sigaltstack { flags: STACK_DISABLED, ..Sigaltstack::default() },
            saved_mask: None,
            trap: Trap::default(),
            restart_deadline: None,
            vfork: None,
            exit_code: 0,
            denial: None,
            image: None,
        };
        Self {
            id: AtomicI32::new(id),
            process,
            thread: Once::new(),
            blocked: AtomicU64::new(blocked.bits()),
            awaited: AtomicU64::new(0),
            pending: AtomicU64::new(0),
            private: IrqLock::new(SignalQueue::new()),
            is_parked: AtomicBool::new(false),
            passed_epoch: AtomicU64::new(0),
            is_at_rest: AtomicBool::new(true),
            call: AtomicU64::new(NO_CALL),
            fail_nth: AtomicU32::new(0),
            failure_left: AtomicU32::new(0),
            clear_child_tid: AtomicU64::new(0),
            robust_list: AtomicU64::new(0),
            timer_slack_ns: [const { AtomicU64::new(TIMER_SLACK_NS) }; 2],
            own: SpinLock::new(own),
            trace: Tracee::new(),
        }
    }

    /// The thread id.
    #[inline]
    pub fn id(&self) -> i32 {
        self.id.load(Relaxed)
    }

    /// The process.
    #[inline]
    pub const fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// The scheduler's side; `None` while the task is being made.
    pub fn thread(&self) -> Option<&Arc<Thread>> {
        self.thread.get()
    }

    pub(crate) fn set_thread(&self, thread: &Arc<Thread>) {
        thread.set_ids(self.process().id(), self.id());
        self.thread.call_once(|| Arc::clone(thread));
    }

    /// Sets attention bits of its thread, which wakes it if need be.
    pub(crate) fn alert(&self, bits: u32) {
        if let Some(thread) = self.thread.get() {
            thread.set_attention(bits);
        }
    }

    /// Whether a process traces it.
    #[inline]
    pub(crate) fn is_traced(&self) -> bool {
        self.trace.tracer() != 0
    }

    /// The process that traces it; 0 for none.
    pub fn tracer_id(&self) -> i32 {
        self.trace.tracer()
    }

    /// Whether its thread is to end.
    pub fn must_end(&self) -> bool {
        self.thread.get().is_some_and(|thread| thread.attention().load(SeqCst) & attention::KILL != 0)
    }

    /// Notes which system call the calling thread begins: for whoever tells of its denials.
    #[inline(always)]
    pub fn note_call(&self, number: u64) {
        self.call.store(number, Relaxed);
    }

    /// Asks that the `n`-th allocation of its next call fail; 0 takes it back.
    pub fn fail_nth(&self, n: u32) {
        self.fail_nth.store(n, Relaxed);
        self.failure_left.store(n, Relaxed);
    }

    /// Which allocation of the call that begins is to fail, if one is. Asked once a call.
    pub fn take_failure(&self) -> Option<u32> {
        Some(self.fail_nth.swap(0, Relaxed)).filter(|n| *n != 0)
    }

    /// Notes how many allocations were left to go when that call was over.
    pub fn note_failure_left(&self, left: u32) {
        self.failure_left.store(left, Relaxed);
    }

    /// How many allocations are to go until the one that was asked to fail: 0 when it has failed.
    pub fn failure_left(&self) -> u32 {
        self.failure_left.load(Relaxed)
    }

    /// The number of the call that it runs, or ran last; `None` before the first.
    pub fn current_call(&self) -> Option<u64> {
        Some(self.call.load(Relaxed)).filter(|number| *number != NO_CALL)
    }

    /// The signals that it blocks.
    pub fn blocked(&self) -> SignalSet {
        SignalSet::from_bits(self.blocked.load(SeqCst))
    }

    /// The signals that it sleeps for in `sigtimedwait`.
    pub(crate) fn awaited(&self) -> SignalSet {
        SignalSet::from_bits(self.awaited.load(SeqCst))
    }

    /// The signals pending for it alone.
    pub fn pending(&self) -> SignalSet {
        SignalSet::from_bits(self.pending.load(SeqCst))
    }

    /// Whether it would take this signal now.
    pub(crate) fn wants(&self, signal: Signal) -> bool {
        !self.blocked().contains(signal)
    }

    /// The name, without trailing NULs.
    pub fn name(&self) -> (TaskName, usize) {
        let name = self.own.lock().name;
        (name, name.iter().position(|&byte| byte == 0).unwrap_or(NAME_SIZE))
    }

    /// Sets the name, cut to 15 bytes.
    pub fn set_name(&self, name: &[u8]) {
        let name = short_name(name);
        self.own.lock().name = name;
        if let (Some(thread), Ok(text)) = (self.thread.get(), core::str::from_utf8(&name)) {
            thread.set_name(text.trim_end_matches('\0'));
        }
    }

    /// By how much its timers may be late, nanoseconds. They are exact all the same: each CPU's interrupt is set for the first
    /// that is due, so being late would save nothing but the interrupts of timers that happen to be near each other.
    pub fn timer_slack_ns(&self) -> u64 {
        self.timer_slack_ns[0].load(Relaxed)
    }

    /// Sets that; 0 resets it to what the thread began with.
    pub fn set_timer_slack_ns(&self, slack_ns: u64) {
        let [now, first] = &self.timer_slack_ns;
        now.store(if slack_ns == 0 { first.load(Relaxed) } else { slack_ns }, Relaxed);
    }

    /// Begins with the slack that its maker has now.
    pub(crate) fn inherit_timer_slack(&self, maker: &Self) {
        self.timer_slack_ns.iter().for_each(|slack| slack.store(maker.timer_slack_ns(), Relaxed));
    }

    /// The deadline that an interrupted call had and that its new start is to keep; taken.
    pub fn restart_deadline(&self) -> Option<u64> {
        self.own.lock().restart_deadline.take()
    }

    /// Keeps the deadline of a call that returns `ERESTART_RESTARTBLOCK`.
    pub fn keep_restart_deadline(&self, deadline_ns: u64) {
        self.own.lock().restart_deadline = Some(deadline_ns);
    }

    /// The state letter of `/proc/PID/stat`.
    pub fn state_char(&self) -> char {
        if self.is_traced() && self.trace.state.lock().stop.is_some() {
            return 't';
        }
        if self.is_parked.load(Relaxed) {
            return 'T';
        }
        self.thread.get().map_or('D', |thread| thread.state_char())
    }
}

/// A name cut to fit, closed by a NUL.
pub(crate) fn short_name(name: &[u8]) -> TaskName {
    let mut short = [0; NAME_SIZE];
    let length = name.len().min(NAME_SIZE - 1);
    short[..length].copy_from_slice(&name[..length]);
    short
}
