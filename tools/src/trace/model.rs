//! A trace: what each CPU did, in the order of time.

use std::collections::HashMap;

pub use abi::trace::{Class, Kind, Leaving};

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in nanoseconds since the guest's boot.
    pub time: u64,
    /// On which CPU.
    pub cpu: u32,
    /// What.
    pub kind: Kind,
    /// See [`Kind`].
    pub detail: u8,
    /// The thread it is about; 0 for none.
    pub thread: u32,
    /// See [`Kind`].
    pub data: u64,
}

impl Event {
    /// For [`Kind::Switch`]: who came, and its class.
    pub fn next(&self) -> (u32, Class) {
        (self.data as u32, Class::from_raw((self.data >> 32) as u8))
    }

    /// For [`Kind::Migrate`] and [`Kind::Steal`]: to which CPU.
    pub fn target(&self) -> u32 {
        (self.data >> 32) as u32
    }
}

/// How a thread is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// The id of its process; 0 for a thread of the kernel.
    pub process: u32,
    /// Its own id for programs.
    pub id: u32,
}

/// What was off in a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Off {
    /// Interrupts.
    Interrupts,
    /// Preemption.
    Preemption,
}

impl Off {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupts => "interrupts off",
            Self::Preemption => "preemption off",
        }
    }
}

/// A region of kernel code that ran with something off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// What was off.
    pub off: Off,
    /// On which CPU.
    pub cpu: u32,
    /// When it began, in nanoseconds since boot.
    pub time: u64,
    /// How long it took, in nanoseconds.
    pub ns: u64,
    /// Where it began: functions and source lines, the innermost first.
    pub place: Vec<String>,
}

/// How the locks of a class were used, by all CPUs together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LockUse {
    /// The class.
    pub class: String,
    /// How often one was taken.
    pub taken: u64,
    /// How often it was not free.
    pub waited: u64,
    /// How long that took, in nanoseconds: together.
    pub wait_ns: u64,
    /// And at most.
    pub longest_ns: u64,
}

/// Everything that was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// How many CPUs there are.
    pub cpus: u32,
    /// Records that were overwritten, by CPU.
    pub lost: Vec<u64>,
    /// What happened, in the order of time.
    pub events: Vec<Event>,
    /// The threads whose names are known.
    pub threads: HashMap<u32, Thread>,
    /// The names of the lock classes, by number.
    pub classes: Vec<String>,
    /// The longest regions, the longest first.
    pub regions: Vec<Region>,
    /// How locks were used.
    pub locks: Vec<LockUse>,
}

impl Trace {
    /// From when on every CPU's records are complete.
    pub fn complete_from(&self) -> u64 {
        let mut first = vec![None; self.cpus as usize];
        for event in &self.events {
            if let Some(place) = first.get_mut(event.cpu as usize) {
                place.get_or_insert(event.time);
            }
        }
        let of_those_that_lost = first.iter().zip(&self.lost).filter(|(_, lost)| **lost > 0);
        of_those_that_lost.filter_map(|(first, _)| *first).max().unwrap_or(0)
    }

    /// When the last thing happened.
    pub fn end(&self) -> u64 {
        self.events.last().map_or(0, |event| event.time)
    }

    /// A thread's name for people.
    pub fn name(&self, thread: u32) -> String {
        match self.threads.get(&thread) {
            Some(thread) if !thread.name.is_empty() => thread.name.clone(),
            _ => format!("thread {thread}"),
        }
    }
}
