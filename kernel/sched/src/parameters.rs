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

/// What a thread asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) policy: Policy,
    pub(crate) nice: Nice,
}

impl Parameters {
    pub(crate) const DEFAULT: Self = Self { policy: Policy::Normal, nice: Nice::DEFAULT };

    /// As one word, so that it can be read and written without a lock.
    pub(crate) const fn pack(self) -> u32 {
        let (policy, priority) = match self.policy {
            Policy::Normal => (0, 0),
            Policy::Batch => (1, 0),
            Policy::Idle => (2, 0),
            Policy::Fifo(priority) => (3, priority.0),
            Policy::RoundRobin(priority) => (4, priority.0),
        };
        policy << 16 | (priority as u32) << 8 | self.nice.0 as u8 as u32
    }

    /// From the word that [`pack`](Self::pack) made.
    pub(crate) const fn unpack(word: u32) -> Self {
        let priority = RealTimePriority((word >> 8) as u8);
        let policy = match word >> 16 {
            0 => Policy::Normal,
            1 => Policy::Batch,
            2 => Policy::Idle,
            3 => Policy::Fifo(priority),
            _ => Policy::RoundRobin(priority),
        };
        Self { policy, nice: Nice(word as u8 as i8) }
    }

    /// As the run queue sees it.
    pub(crate) const fn class(self) -> Class {
        let weight = match self.policy {
            Policy::Idle => Weight::of_idle_policy(),
            _ => Weight::of_nice(self.nice.get()),
        };
        match self.policy {
            Policy::Normal => Class::Fair { weight, slice_ns: DEFAULT_SLICE_NS, wakes: Wakes::Preempting },
            Policy::Batch | Policy::Idle => Class::Fair { weight, slice_ns: DEFAULT_SLICE_NS, wakes: Wakes::Quietly },
            Policy::Fifo(RealTimePriority(priority)) => Class::RealTime { priority, turn: Turn::Unlimited },
            Policy::RoundRobin(RealTimePriority(priority)) => Class::RealTime { priority, turn: Turn::Sliced },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Nice, Parameters, Policy, RealTimePriority};

    #[test]
    fn parameters_survive_packing() {
        let priority = RealTimePriority::new(99).unwrap();
        for policy in
            [Policy::Normal, Policy::Batch, Policy::Idle, Policy::Fifo(priority), Policy::RoundRobin(priority)]
        {
            for nice in -20..20 {
                let parameters = Parameters { policy, nice: Nice::clamped(nice) };
                assert_eq!(Parameters::unpack(parameters.pack()), parameters);
            }
        }
    }
}
