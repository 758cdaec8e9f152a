//! Pending signals: which, and what is known about each.
//!
//! A standard signal that is pending already is not queued again; real-time signals queue in the order of
//! arrival. The set and the queue may differ in one way: where there was no memory (or no room) for the details of
//! a signal that must not be lost, the set has it and the queue does not, and the taker gets bare details.

use super::details::Details;
use abi::{Signal, SignalSet};
use alloc::collections::VecDeque;

/// Why a signal's details could not be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueFull;

/// The signals pending for a thread or for a process.
#[derive(Default)]
pub struct SignalQueue {
    set: SignalSet,
    details: VecDeque<Details>,
}

impl SignalQueue {
    /// A queue with nothing pending.
    pub const fn new() -> Self {
        Self { set: SignalSet::EMPTY, details: VecDeque::new() }
    }

    /// Which signals are pending.
    pub const fn set(&self) -> SignalSet {
        self.set
    }

    /// Makes a signal pending. With `limit` details queued already, or without memory, the signal becomes pending
    /// all the same and the error says that its details are lost.
    pub fn push(&mut self, signal: Signal, details: Details, limit: usize) -> Result<(), QueueFull> {
        // Each timer has its own place in the queue: it waits for its signal to be taken.
        if !signal.is_real_time() && self.set.contains(signal) && details.timer_setting.is_none() {
            return Ok(());
        }
        self.set.insert(signal);
        if self.details.len() >= limit || self.details.try_reserve(1).is_err() {
            return Err(QueueFull);
        }
        self.details.push_back(details);
        Ok(())
    }

    /// As [`push`](Self::push), but a signal whose details cannot be kept is not made pending.
    pub fn push_whole(&mut self, signal: Signal, details: Details, limit: usize) -> Result<(), QueueFull> {
        let before = self.set;
        self.push(signal, details, limit).inspect_err(|_| self.set = before)
    }

    /// Takes the next signal that is in `wanted`: one that a fault raised before all others, then the lowest.
    pub fn take(&mut self, wanted: SignalSet) -> Option<(Signal, Details)> {
        let ready = self.set.intersection(wanted);
        let signal = ready.intersection(SignalSet::SYNCHRONOUS).first().or(ready.first())?;
        let number = signal.number();
        let details = match self.details.front() {
            Some(first) if first.signal == number => self.details.pop_front(),
            _ => self.details.iter().position(|kept| kept.signal == number).and_then(|at| self.details.remove(at)),
        };
        if !self.details.iter().any(|kept| kept.signal == number) {
            self.set.remove(signal);
        }
        Some((signal, details.unwrap_or_else(|| Details::bare(signal))))
    }

    /// What is known about the pending signal with this index, in the order of arrival.
    pub fn peek(&self, index: usize) -> Option<Details> {
        self.details.get(index).copied()
    }

    /// Forgets these signals.
    pub fn discard(&mut self, signals: SignalSet) {
        if self.set.intersection(signals).is_empty() {
            return;
        }
        self.set = self.set.difference(signals);
        let kept = self.set;
        self.details.retain(|details| Signal::new(details.signal).is_some_and(|signal| kept.contains(signal)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(signal: Signal, code: i32) -> Details {
        Details { signal: signal.number(), code, ..Details::default() }
    }

    fn real_time(offset: i32) -> Signal {
        Signal::new(34 + offset).unwrap()
    }

    #[test]
    fn standard_signals_do_not_queue_twice_and_keep_the_first_details() {
        let mut queue = SignalQueue::new();
        queue.push(Signal::USR1, details(Signal::USR1, 1), 8).unwrap();
        queue.push(Signal::USR1, details(Signal::USR1, 2), 8).unwrap();
        assert_eq!(queue.take(SignalSet::ALL).map(|(_, found)| found.code), Some(1));
        assert_eq!(queue.take(SignalSet::ALL), None);
    }

    #[test]
    fn real_time_signals_queue_in_order_and_lowest_comes_first() {
        let mut queue = SignalQueue::new();
        for (signal, code) in [(real_time(1), 1), (real_time(0), 2), (real_time(1), 3)] {
            queue.push(signal, details(signal, code), 8).unwrap();
        }
        let order = core::iter::from_fn(|| queue.take(SignalSet::ALL).map(|(_, found)| found.code));
        assert_eq!(order.collect::<Vec<_>>(), [2, 1, 3]);
    }

    #[test]
    fn each_timer_has_its_own_place() {
        let mut queue = SignalQueue::new();
        for timer in [1, 2] {
            let setting = core::num::NonZeroU32::new(timer);
            queue.push(Signal::ALRM, Details { timer_setting: setting, ..details(Signal::ALRM, -2) }, 8).unwrap();
        }
        queue.push(Signal::ALRM, details(Signal::ALRM, 0), 8).unwrap();
        let order =
            core::iter::from_fn(|| queue.take(SignalSet::ALL).map(|(_, found)| found.timer_setting?.get().into()));
        assert_eq!(order.collect::<Vec<Option<u32>>>(), [Some(1), Some(2)]);
        assert!(queue.set().is_empty());
    }

    #[test]
    fn faults_come_before_lower_signals_and_blocked_ones_stay() {
        let mut queue = SignalQueue::new();
        for signal in [Signal::HUP, Signal::SEGV, Signal::TERM] {
            queue.push(signal, details(signal, 0), 8).unwrap();
        }
        let unblocked = SignalSet::ALL.difference(SignalSet::of(&[Signal::HUP]));
        assert_eq!(queue.take(unblocked).map(|(signal, _)| signal), Some(Signal::SEGV));
        assert_eq!(queue.take(unblocked).map(|(signal, _)| signal), Some(Signal::TERM));
        assert_eq!(queue.take(unblocked), None);
        assert!(queue.set().contains(Signal::HUP));
    }

    #[test]
    fn a_full_queue_loses_details_but_not_the_signal_unless_asked_to() {
        let mut queue = SignalQueue::new();
        queue.push(real_time(0), details(real_time(0), 1), 1).unwrap();
        assert_eq!(queue.push(Signal::TERM, details(Signal::TERM, 7), 1), Err(QueueFull));
        assert_eq!(queue.take(SignalSet::ALL), Some((Signal::TERM, details(Signal::TERM, 0))));
        assert_eq!(queue.push_whole(Signal::TERM, details(Signal::TERM, 7), 1), Err(QueueFull));
        assert!(!queue.set().contains(Signal::TERM));
        assert_eq!(queue.push_whole(real_time(0), details(real_time(0), 2), 1), Err(QueueFull));
        assert!(queue.set().contains(real_time(0)));
    }

    #[test]
    fn discarded_signals_leave_nothing_behind() {
        let mut queue = SignalQueue::new();
        queue.push(Signal::CONT, details(Signal::CONT, 1), 8).unwrap();
        queue.push(Signal::USR2, details(Signal::USR2, 2), 8).unwrap();
        queue.discard(SignalSet::of(&[Signal::CONT]));
        assert_eq!(queue.take(SignalSet::ALL), Some((Signal::USR2, details(Signal::USR2, 2))));
        assert_eq!(queue.take(SignalSet::ALL), None);
    }
}
