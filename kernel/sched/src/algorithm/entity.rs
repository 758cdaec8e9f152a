//! What the run queue knows of a thread.

use core::cell::Cell;
use core::ptr::NonNull;

use super::load::Load;
use super::tree::{Links, TreeNode};
use super::weight::Weight;

/// The slice of a fair thread that asked for none, nanoseconds.
pub const DEFAULT_SLICE_NS: u64 = 3_000_000;
/// For how long a fair thread that has just begun to run is not preempted by one that wakes up and asks for as long a
/// slice, nanoseconds. Long enough for what hands work to each other to finish its own part; short enough for a pointer
/// to move smoothly.
pub const UNDISTURBED_NS: u64 = 750_000;
/// The slice of a round-robin thread, nanoseconds.
pub const ROUND_ROBIN_SLICE_NS: u64 = 100_000_000;

/// How a thread is scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// By weight: `Normal`, `Batch` and `Idle` policies.
    Fair {
        /// The share.
        weight: Weight,
        /// The slice, nanoseconds.
        slice_ns: u64,
        /// What its wake-up does to the running thread.
        wakes: Wakes,
    },
    /// By priority, 1 to 99; runs before every fair thread.
    RealTime {
        /// The priority.
        priority: u8,
        /// What ends its turn among equals.
        turn: Turn,
    },
}

/// Whether waking up can preempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakes {
    /// If the deadlines say so.
    Preempting,
    /// Never (`Batch`, `Idle`).
    Quietly,
}

/// How long a real-time thread's turn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Until it sleeps or yields.
    Unlimited,
    /// A round-robin slice.
    Sliced,
}

/// The part of a thread that a run queue works with. All cells belong to the queue's lock.
pub struct Entity {
    /// Tree links of a fair thread.
    pub(super) links: Links<Entity>,
    /// List links of a real-time thread.
    pub(super) previous: Cell<Option<NonNull<Entity>>>,
    pub(super) next: Cell<Option<NonNull<Entity>>>,
    /// How it is scheduled.
    pub(super) class: Cell<Class>,
    /// Virtual time used, on the scale of the queue it is in.
    pub(super) vruntime: Cell<u64>,
    /// The virtual time by which it shall have had its slice.
    pub(super) deadline: Cell<u64>,
    /// While in no queue: how much service it is owed, in virtual time.
    pub(super) lag: Cell<i64>,
    /// How long it has run since it was picked, nanoseconds.
    pub(super) stint_ns: Cell<u64>,
    /// What is left of a round-robin turn, nanoseconds.
    pub(super) turn_left_ns: Cell<u64>,
    /// Whether it has been in a queue before.
    pub(super) is_new: Cell<bool>,
}

impl Entity {
    /// An entity in no queue.
    pub const fn new(class: Class) -> Self {
        Self {
            links: Links::new(),
            previous: Cell::new(None),
            next: Cell::new(None),
            class: Cell::new(class),
            vruntime: Cell::new(0),
            deadline: Cell::new(0),
            lag: Cell::new(0),
            stint_ns: Cell::new(0),
            turn_left_ns: Cell::new(ROUND_ROBIN_SLICE_NS),
            is_new: Cell::new(true),
        }
    }

    /// How it is scheduled.
    #[inline]
    pub fn class(&self) -> Class {
        self.class.get()
    }

    /// Changes how it is scheduled. Only while it is in no queue and not running.
    pub fn set_class(&self, class: Class) {
        self.class.set(class);
        self.turn_left_ns.set(ROUND_ROBIN_SLICE_NS);
    }

    /// Its part of its CPU's load.
    #[inline]
    pub fn load(&self) -> Load {
        Load::of(self.share().0.get())
    }

    /// Its weight and slice in the fair class; real-time threads have those of nice 0 there.
    #[inline]
    pub(super) fn share(&self) -> (Weight, u64) {
        match self.class.get() {
            Class::Fair { weight, slice_ns, .. } => (weight, slice_ns),
            Class::RealTime { .. } => (Weight::of_nice(0), DEFAULT_SLICE_NS),
        }
    }
}

impl TreeNode for Entity {
    fn links(&self) -> &Links<Self> {
        &self.links
    }

    fn key(&self) -> u64 {
        self.deadline.get()
    }

    fn value(&self) -> u64 {
        self.vruntime.get()
    }
}
