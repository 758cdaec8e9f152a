//! Scheduling parameters as Linux names them.

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
