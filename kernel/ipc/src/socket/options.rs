//! What `setsockopt` sets.

use abi::consts::net::SO_PASSCRED;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use sched::{Interruptible, Wait};

/// What a new socket may send before it is received, with what messages cost: as on Linux.
const DEFAULT_LIMIT: usize = 212_992;
/// The most that a limit can be.
const MOST: usize = 2 * 212_992;
/// The least that a sending limit can be.
const LEAST_SENDING: usize = 4608;
/// The least that a receiving limit can be.
const LEAST_RECEIVING: usize = 2304;

/// Limits, timeouts and switches.
pub struct Options {
    send_limit: AtomicUsize,
    /// Told when asked for; what is received is charged to its sender.
    receive_limit: AtomicUsize,
    /// Nanoseconds; 0 for none.
    send_timeout: AtomicU64,
    receive_timeout: AtomicU64,
    /// A bit for each SO_* option below 32 that is on.
    switches: AtomicU32,
}

/// A direction of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Sending.
    Send,
    /// Receiving.
    Receive,
}

/// How an option is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            send_limit: AtomicUsize::new(DEFAULT_LIMIT),
            receive_limit: AtomicUsize::new(DEFAULT_LIMIT),
            send_timeout: AtomicU64::new(0),
            receive_timeout: AtomicU64::new(0),
            switches: AtomicU32::new(0),
        }
    }
}

impl Options {
    /// Bytes that may be sent before they are received, with what messages cost.
    pub fn send_limit(&self) -> usize {
        self.send_limit.load(Ordering::Relaxed)
    }

    /// The limit of a direction.
    pub fn limit(&self, direction: Direction) -> usize {
        match direction {
            Direction::Send => self.send_limit(),
            Direction::Receive => self.receive_limit.load(Ordering::Relaxed),
        }
    }

    /// Sets the limit of a direction to twice what is asked, within bounds, as Linux does to make up for what messages cost.
    pub fn set_limit(&self, direction: Direction, asked: usize) {
        let (limit, least) = match direction {
            Direction::Send => (&self.send_limit, LEAST_SENDING),
            Direction::Receive => (&self.receive_limit, LEAST_RECEIVING),
        };
        limit.store(asked.min(MOST / 2).saturating_mul(2).max(least), Ordering::Relaxed);
    }

    /// How long a direction waits, in nanoseconds; 0 for as long as it takes.
    pub fn timeout_ns(&self, direction: Direction) -> u64 {
        self.timeout(direction).load(Ordering::Relaxed)
    }

    /// Sets how long a direction waits.
    pub fn set_timeout_ns(&self, direction: Direction, timeout: u64) {
        self.timeout(direction).store(timeout, Ordering::Relaxed);
    }

    fn timeout(&self, direction: Direction) -> &AtomicU64 {
        match direction {
            Direction::Send => &self.send_timeout,
            Direction::Receive => &self.receive_timeout,
        }
    }

    /// How an operation that begins now waits.
    pub fn wait(&self, direction: Direction) -> Wait {
        match self.timeout_ns(direction) {
            0 => Wait::INTERRUPTIBLE,
            timeout => {
                let deadline = arch::clock::now_ns().saturating_add(timeout);
                Wait { interruptible: Interruptible::BySignal, deadline_ns: Some(deadline) }
            }
        }
    }

    /// Whether who sent a message is told with it: SO_PASSCRED.
    pub fn passes_credentials(&self) -> bool {
        self.is_on(SO_PASSCRED)
    }

    /// Whether the option with this number, below 32, is on.
    pub fn is_on(&self, option: u32) -> bool {
        self.switches.load(Ordering::Relaxed) & 1 << option != 0
    }

    /// Switches the option with this number, below 32.
    pub fn switch(&self, option: u32, to: Switch) {
        match to {
            Switch::On => self.switches.fetch_or(1 << option, Ordering::Relaxed),
            Switch::Off => self.switches.fetch_and(!(1 << option), Ordering::Relaxed),
        };
    }
}
