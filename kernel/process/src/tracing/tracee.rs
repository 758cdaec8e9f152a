//! What a thread has because it may be traced.

use crate::signal::details::Details;
use abi::{ExitStatus, Signal, SignalSet, TraceOptions};
use alloc::boxed::Box;
use arch::fpu::SignalImage;
use arch::user::Registers;
use core::sync::atomic::Ordering::{Relaxed, SeqCst};
use core::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};
use sched::WaitQueue;
use sync::{IrqLock, ranks};

/// The side of a task that a tracer deals with.
pub(crate) struct Tracee {
    /// The id of the tracing process; 0 for none. Written under the process list's lock.
    tracer: AtomicI32,
    /// PTRACE_O_* options.
    options: AtomicU32,
    /// Bits of [`Mode`].
    mode: AtomicU32,
    /// The stop of its process that it has told its tracer of.
    pub seen_stop: AtomicU64,
    pub state: IrqLock<State, ranks::Task>,
    /// Woken when its tracer lets it go on.
    pub resumed: WaitQueue,
}

/// Yes-or-no facts of a traced thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Mode {
    /// Attached by PTRACE_SEIZE.
    Seized = 1,
    /// It stops at system calls.
    Calls = 2,
    /// It stops after one instruction.
    Step = 4,
    /// Its trap flag was set for that.
    Stepping = 8,
    /// Its tracer wants it to stop.
    Interrupt = 16,
    /// It has ended, and its tracer does not know yet.
    Ended = 32,
}

/// A stop, and what the tracer made of it.
pub(crate) struct State {
    /// Set while the thread is stopped.
    pub stop: Option<Stop>,
    /// How many stops there were.
    pub stops: u64,
    /// How it is to go on; set by the tracer, taken by the thread.
    pub resume: Option<Action>,
    /// What the tracer last said of the signal that it let through.
    pub details: Option<Details>,
    /// What the tracer has not asked for yet by `wait`.
    pub event: Option<ExitStatus>,
    /// PTRACE_GETEVENTMSG.
    pub message: u64,
    /// The registers; there while it is stopped, if there was memory.
    pub frozen: Option<Box<Frozen>>,
    /// The debug registers, as the tracer set them.
    pub debug: [u64; 8],
}

/// Why a thread is stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stop {
    /// At what.
    pub at: At,
    /// What `wait` tells.
    pub code: u32,
    /// What PTRACE_GETSIGINFO tells; nothing at the stop of the whole process.
    pub details: Option<Details>,
}

/// Where a thread can stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// Before a signal is delivered.
    Signal,
    /// Anything else that is not a call.
    Event,
    /// Before a system call.
    Entry,
    /// After one.
    Return,
}

/// How a thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// How far.
    pub how: How,
    /// With which signal, if it stopped at one.
    pub signal: Option<Signal>,
}

/// How far a thread goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To the next stop.
    Continue,
    /// To the next system call, or the end of this one.
    Call,
    /// By one instruction.
    Step,
    /// Not at all: it stays stopped until its process continues.
    Listen,
}

/// The copy of a stopped thread's state that its tracer works on.
pub(crate) struct Frozen {
    pub registers: Registers,
    pub vectors: SignalImage,
    pub blocked: SignalSet,
    pub has_new_registers: bool,
    pub has_new_vectors: bool,
    pub has_new_mask: bool,
}

impl State {
    /// Lets the thread go on, if it is stopped.
    pub fn let_go(&mut self, action: Action) {
        if let Some(stop) = self.stop.take() {
            self.details = stop.details;
            self.event = None;
            self.resume = Some(action);
        }
    }

    /// The stop, if it is the one with this number.
    pub fn stop_numbered(&self, number: u64) -> Option<&Stop> {
        self.stop.as_ref().filter(|_| self.stops == number)
    }
}

impl Frozen {
    pub fn new() -> Self {
        Self {
            registers: Registers::default(),
            vectors: SignalImage::new(),
            blocked: SignalSet::EMPTY,
            has_new_registers: false,
            has_new_vectors: false,
            has_new_mask: false,
        }
    }
}

impl Tracee {
    /// Of a thread that nobody traces.
    pub const fn new() -> Self {
        let state = State {
            stop: None,
            stops: 0,
            resume: None,
            details: None,
            event: None,
            message: 0,
            frozen: None,
            debug: [0; 8],
        };
        Self {
            tracer: AtomicI32::new(0),
            options: AtomicU32::new(0),
            mode: AtomicU32::new(0),
            seen_stop: AtomicU64::new(0),
            state: IrqLock::new(state),
            resumed: WaitQueue::new(),
        }
    }

    /// The id of the tracing process; 0 for none.
    pub fn tracer(&self) -> i32 {
        self.tracer.load(SeqCst)
    }

    /// Under the process list's lock.
    pub fn set_tracer(&self, tracer: i32, options: TraceOptions, mode: u32) {
        self.options.store(options.bits(), Relaxed);
        // A trap flag that is set stays known, whoever traces.
        let stepping = self.mode.load(SeqCst) & Mode::Stepping as u32;
        self.mode.store(mode | stepping, SeqCst);
        self.tracer.store(tracer, SeqCst);
    }

    /// Under the process list's lock: the tracer alone.
    pub fn move_to(&self, tracer: i32) {
        self.tracer.store(tracer, SeqCst);
    }

    pub fn options(&self) -> TraceOptions {
        TraceOptions::from_bits_truncate(self.options.load(Relaxed))
    }

    pub fn set_options(&self, options: TraceOptions) {
        self.options.store(options.bits(), Relaxed);
    }

    pub fn is(&self, mode: Mode) -> bool {
        self.mode.load(SeqCst) & mode as u32 != 0
    }

    pub fn set(&self, mode: Mode) {
        self.mode.fetch_or(mode as u32, SeqCst);
    }

    /// Makes a fact not hold; whether it did.
    pub fn clear(&self, mode: Mode) -> bool {
        self.mode.fetch_and(!(mode as u32), SeqCst) & mode as u32 != 0
    }
}
