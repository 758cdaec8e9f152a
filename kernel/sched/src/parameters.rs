//! Scheduling parameters as Linux names them.

use crate::algorithm::entity::{Class, DEFAULT_SLICE_NS, Turn, Wakes};
use crate::algorithm::weight::Weight;

/// A nice value, −20 (most) to 19 (least).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nice(i8);

impl Nice {
    /// Nice 0.
    pub const DEFAULT: Self = Self(0);

    /// The nearest valid value, as `setpriority` takes it.
    pub const fn clamped(value: i32) -> Self {
        Self(if value < -20 {
            -20
        } else if value > 19 {
            19
        } else {
            value as i8
        })
    }

    /// The value.
    pub const fn get(self) -> i32 {
        self.0 as i32
    }
}

/// A real-time priority, 1 (least) to 99 (most).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RealTimePriority(u8);

impl RealTimePriority {
    /// The priority, if it is in 1..=99.
    pub const fn new(value: i32) -> Option<Self> {
        if value >= 1 && value <= 99 { Some(Self(value as u8)) } else { None }
    }

    /// The value.
    pub const fn get(self) -> i32 {
        self.0 as i32
    }
}

/// A scheduling policy with its parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// SCHED_OTHER.
    Normal,
    /// SCHED_BATCH: as normal, but its waking preempts nobody.
    Batch,
    /// SCHED_IDLE: far less than nice 19.
    Idle,
    /// SCHED_FIFO: runs until it sleeps, yields or a higher priority comes.
    Fifo(RealTimePriority),
    /// SCHED_RR: as FIFO, and takes turns with its equals.
    RoundRobin(RealTimePriority),
}

/// The slice of a fair thread: for how long it wants to run at a time. Who asks for a shorter one is served sooner, not
/// more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice(u32);

impl Slice {
    /// That of a thread that asked for none.
    pub const DEFAULT: Self = Self(DEFAULT_SLICE_NS as u32);
    /// The least and the most, nanoseconds.
    const BOUNDS_NS: (u64, u64) = (100_000, 100_000_000);

    /// The nearest valid slice, as `sched_setattr` takes it; 0 asks for the default.
    pub const fn clamped(ns: u64) -> Self {
        let (least, most) = Self::BOUNDS_NS;
        Self(match ns {
            0 => return Self::DEFAULT,
            ns if ns < least => least as u32,
            ns if ns > most => most as u32,
            ns => ns as u32,
        })
    }

    /// Its length in nanoseconds.
    pub const fn ns(self) -> u64 {
        self.0 as u64
    }
}

/// How the threads and processes are scheduled that a thread makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heirs {
    /// As it is itself.
    Alike,
    /// As ordinary ones, at nice 0 if it was less (SCHED_RESET_ON_FORK).
    Ordinary,
}

/// How urgent a thread is, as one number: what is lent to whom it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency(u8);

impl Urgency {
    /// Less than any thread's.
    pub const NONE: Self = Self(0);
    /// That of the policy that runs when nobody else wants to; those of nice 19 to −20 follow.
    const IDLE: u8 = 1;
    const LEAST_NICE: u8 = 2;
    /// That of real-time priority 0, which does not exist.
    const REAL_TIME: u8 = 100;

    pub(crate) const fn from_raw(raw: u8) -> Self {
        Self(raw)
    }

    pub(crate) const fn raw(self) -> u8 {
        self.0
    }

    /// A number that is the smaller the more urgent.
    pub(crate) const fn inverted(self) -> u64 {
        (u8::MAX - self.0) as u64
    }
}

/// What a thread asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// The policy.
    pub policy: Policy,
    /// The nice value; kept while the policy has no use for it.
    pub nice: Nice,
    /// The slice; kept while the policy has no use for it.
    pub slice: Slice,
    /// What becomes of those that it makes.
    pub heirs: Heirs,
}

impl Parameters {
    /// Those of a thread that asks for nothing.
    pub const DEFAULT: Self =
        Self { policy: Policy::Normal, nice: Nice::DEFAULT, slice: Slice::DEFAULT, heirs: Heirs::Alike };

    /// Those of the threads and processes that a thread with these makes.
    pub fn of_heirs(self) -> Self {
        if self.heirs == Heirs::Alike {
            return self;
        }
        let is_ordinary = matches!(self.policy, Policy::Normal | Policy::Batch | Policy::Idle);
        let nice = if is_ordinary { self.nice.max(Nice::DEFAULT) } else { Nice::DEFAULT };
        let policy = if is_ordinary { self.policy } else { Policy::Normal };
        Self { policy, nice, slice: Slice::DEFAULT, heirs: Heirs::Alike }
    }

    /// As one word, so that it can be read and written without a lock. The lowest byte is the nice value.
    pub(crate) const fn pack(self) -> u64 {
        let (policy, priority) = match self.policy {
            Policy::Normal => (0, 0),
            Policy::Batch => (1, 0),
            Policy::Idle => (2, 0),
            Policy::Fifo(priority) => (3, priority.0),
            Policy::RoundRobin(priority) => (4, priority.0),
        };
        let heirs = match self.heirs {
            Heirs::Alike => 0,
            Heirs::Ordinary => 1,
        };
        (self.slice.0 as u64) << 32 | heirs << 24 | policy << 16 | (priority as u64) << 8 | self.nice.0 as u8 as u64
    }

    /// From the word that [`pack`](Self::pack) made.
    pub(crate) const fn unpack(word: u64) -> Self {
        let priority = RealTimePriority((word >> 8) as u8);
        let policy = match (word >> 16) as u8 {
            0 => Policy::Normal,
            1 => Policy::Batch,
            2 => Policy::Idle,
            3 => Policy::Fifo(priority),
            _ => Policy::RoundRobin(priority),
        };
        let heirs = if word >> 24 & 1 == 0 { Heirs::Alike } else { Heirs::Ordinary };
        Self { policy, nice: Nice(word as u8 as i8), slice: Slice((word >> 32) as u32), heirs }
    }

    /// How urgent that is.
    pub(crate) const fn urgency(self) -> Urgency {
        Urgency(match self.policy {
            Policy::Fifo(priority) | Policy::RoundRobin(priority) => Urgency::REAL_TIME + priority.0,
            Policy::Normal | Policy::Batch => Urgency::LEAST_NICE + (19 - self.nice.0) as u8,
            Policy::Idle => Urgency::IDLE,
        })
    }

    /// The same, lifted to an urgency if that is greater.
    pub(crate) fn lifted(self, to: Urgency) -> Self {
        if to <= self.urgency() {
            return self;
        }
        match to.0.checked_sub(Urgency::REAL_TIME) {
            Some(priority) => Self { policy: Policy::Fifo(RealTimePriority(priority)), ..self },
            None => Self {
                policy: Policy::Normal,
                nice: Nice::clamped(19 + i32::from(Urgency::LEAST_NICE) - i32::from(to.0)),
                ..self
            },
        }
    }

    /// As the run queue sees it.
    pub(crate) const fn class(self) -> Class {
        let weight = match self.policy {
            Policy::Idle => Weight::of_idle_policy(),
            _ => Weight::of_nice(self.nice.get()),
        };
        let slice_ns = self.slice.ns();
        match self.policy {
            Policy::Normal => Class::Fair { weight, slice_ns, wakes: Wakes::Preempting },
            Policy::Batch | Policy::Idle => Class::Fair { weight, slice_ns, wakes: Wakes::Quietly },
            Policy::Fifo(RealTimePriority(priority)) => Class::RealTime { priority, turn: Turn::Unlimited },
            Policy::RoundRobin(RealTimePriority(priority)) => Class::RealTime { priority, turn: Turn::Sliced },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Heirs, Nice, Parameters, Policy, RealTimePriority, Slice};

    const PRIORITY: RealTimePriority = RealTimePriority(99);

    #[test]
    fn lifting_gives_the_urgency_and_never_takes() {
        let real_time = |value| Policy::Fifo(RealTimePriority::new(value).unwrap());
        let with = |policy, nice| Parameters { policy, nice: Nice::clamped(nice), ..Parameters::DEFAULT };
        let ladder = [
            with(Policy::Idle, -20),
            with(Policy::Normal, 19),
            with(Policy::Normal, 0),
            with(Policy::Normal, -20),
            with(real_time(1), 0),
            with(real_time(99), 0),
        ];
        for (low, below) in ladder.iter().enumerate() {
            for above in &ladder[low + 1..] {
                assert!(below.urgency() < above.urgency());
                assert_eq!(below.lifted(above.urgency()).urgency(), above.urgency());
                assert_eq!(above.lifted(below.urgency()), *above);
            }
        }
    }

    #[test]
    fn parameters_survive_packing() {
        for policy in
            [Policy::Normal, Policy::Batch, Policy::Idle, Policy::Fifo(PRIORITY), Policy::RoundRobin(PRIORITY)]
        {
            for (nice, heirs) in (-20..20).flat_map(|nice| [(nice, Heirs::Alike), (nice, Heirs::Ordinary)]) {
                for slice in [0, 1, 250_000, u64::MAX].map(Slice::clamped) {
                    let parameters = Parameters { policy, nice: Nice::clamped(nice), slice, heirs };
                    assert_eq!(Parameters::unpack(parameters.pack()), parameters);
                }
            }
        }
    }

    #[test]
    fn slices_are_cut_to_what_makes_sense() {
        let cut = [0, 1, 250_000, u64::MAX].map(|ns| Slice::clamped(ns).ns());
        assert_eq!(cut, [Slice::DEFAULT.ns(), 100_000, 250_000, 100_000_000]);
    }

    #[test]
    fn heirs_are_alike_or_ordinary() {
        let parent = Parameters {
            policy: Policy::Fifo(PRIORITY),
            nice: Nice::clamped(-4),
            slice: Slice::clamped(200_000),
            heirs: Heirs::Alike,
        };
        assert_eq!(parent.of_heirs(), parent);
        assert_eq!(Parameters { heirs: Heirs::Ordinary, ..parent }.of_heirs(), Parameters::DEFAULT);
        let kind = Parameters { policy: Policy::Batch, nice: Nice::clamped(4), heirs: Heirs::Ordinary, ..parent };
        let heir = kind.of_heirs();
        assert_eq!((heir.policy, heir.nice, heir.heirs), (Policy::Batch, Nice::clamped(4), Heirs::Alike));
    }
}
