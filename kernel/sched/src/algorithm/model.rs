//! Properties of the run queue as a whole, on the very code that the kernel runs.

use core::ptr::NonNull;
use std::boxed::Box;
use std::vec::Vec;

use proptest::prelude::*;

use super::entity::{Class, DEFAULT_SLICE_NS, Entity, Turn, Wakes};
use super::run_queue::{Pick, RunQueue, Verdict};
use super::weight::Weight;

/// A CPU with its threads: what the kernel does around a run queue, without the kernel.
pub(super) struct Machine {
    #[expect(clippy::vec_box, reason = "the queue links them where they lie")]
    pub(super) threads: Vec<Box<Entity>>,
    pub(super) queue: RunQueue,
    ran_ns: Vec<u64>,
    pub(super) runnable: Vec<bool>,
}

fn nice(nice: i32) -> Class {
    Class::Fair { weight: Weight::of_nice(nice), slice_ns: DEFAULT_SLICE_NS, wakes: Wakes::Preempting }
}

fn real_time(priority: u8, turn: Turn) -> Class {
    Class::RealTime { priority, turn }
}

impl Machine {
    pub(super) fn new(classes: impl IntoIterator<Item = Class>) -> Self {
        let threads: Vec<_> = classes.into_iter().map(|class| Box::new(Entity::new(class))).collect();
        let count = threads.len();
        Self { threads, queue: RunQueue::new(), ran_ns: vec![0; count], runnable: vec![false; count] }
    }

    pub(super) fn all_awake(classes: impl IntoIterator<Item = Class>) -> Self {
        let mut machine = Self::new(classes);
        for index in 0..machine.threads.len() {
            machine.wake(index);
        }
        machine
    }

    pub(super) fn wake(&mut self, index: usize) {
        if !std::mem::replace(&mut self.runnable[index], true) {
            // SAFETY: boxed, and it sleeps, so it is in no queue; the queue goes with the machine.
            unsafe { self.queue.enqueue(&self.threads[index]) };
            if self.queue.preempts(&self.threads[index]) {
                self.queue.pick(Pick::Best);
            }
        }
    }

    pub(super) fn sleep_current(&mut self) {
        if let Some(index) = self.current() {
            self.runnable[index] = false;
            self.queue.stop_current();
        }
        self.queue.pick(Pick::Best);
    }

    pub(super) fn current(&self) -> Option<usize> {
        let current = self.queue.current()?;
        self.threads.iter().position(|thread| NonNull::from(&**thread) == current)
    }

    /// Runs the current thread for at most `ns`, or until the queue wants another look.
    pub(super) fn run(&mut self, ns: u64) -> u64 {
        let Some(index) = self.current() else { return ns };
        let ran = self.queue.time_left_ns().map_or(ns, |left| left.clamp(1, ns));
        self.ran_ns[index] += ran;
        if self.queue.charge(ran) == Verdict::Reschedule {
            self.queue.pick(Pick::Best);
        }
        ran
    }

    fn run_for(&mut self, ns: u64) {
        let mut left = ns;
        while left > 0 {
            left -= self.run(left);
        }
    }
}

#[test]
fn equal_weights_get_equal_shares() {
    let mut machine = Machine::all_awake([nice(0); 7]);
    machine.run_for(2_000_000_000);
    let fair = 2_000_000_000 / 7;
    for ran in &machine.ran_ns {
        assert!(ran.abs_diff(fair) <= fair / 100, "{ran} is not within 1 % of {fair}");
    }
}

#[test]
fn shares_follow_the_weights() {
    let values = [-20, -5, 0, 0, 5, 19];
    let mut machine = Machine::all_awake(values.map(nice));
    machine.run_for(60_000_000_000);
    let total: u64 = values.iter().map(|value| u64::from(Weight::of_nice(*value).get())).sum();
    for (value, ran) in values.iter().zip(&machine.ran_ns) {
        let fair = 60_000_000_000_u64 / total * u64::from(Weight::of_nice(*value).get());
        assert!(ran.abs_diff(fair) <= fair / 20 + DEFAULT_SLICE_NS, "nice {value}: {ran} is not within 5 % of {fair}");
    }
}

#[test]
fn a_sleeper_is_not_starved_and_gains_nothing() {
    let mut machine = Machine::all_awake([nice(0), nice(0), nice(0)]);
    let mut woken_at = None;
    let (mut elapsed, mut worst_wait) = (0, 0);
    while elapsed < 3_000_000_000_u64 {
        // Thread 0 runs 1 ms at a time, then sleeps 2 ms: less than its third.
        if machine.current() == Some(0) {
            if let Some(at) = woken_at.take() {
                worst_wait = worst_wait.max(elapsed - at);
            }
            elapsed += machine.run(1_000_000);
            if machine.current() == Some(0) {
                machine.sleep_current();
            } else {
                continue;
            }
            let until = elapsed + 2_000_000;
            while elapsed < until {
                elapsed += machine.run(until - elapsed);
            }
            machine.wake(0);
            woken_at = Some(elapsed);
        } else {
            elapsed += machine.run(500_000);
        }
    }
    let share = machine.ran_ns[0];
    assert!(worst_wait <= 3 * DEFAULT_SLICE_NS, "waited {worst_wait} ns");
    assert!(share <= 1_010_000_000, "{share} ns is more than a third");
    assert!(share >= 600_000_000, "{share} ns is starved");
}

#[test]
fn yielding_threads_take_turns() {
    let mut machine = Machine::all_awake([nice(0), nice(0)]);
    let mut last = machine.current();
    for _ in 0..100 {
        machine.queue.charge(300);
        machine.queue.pick(Pick::Yielded);
        assert_ne!(machine.current(), last);
        last = machine.current();
    }
}

#[test]
fn real_time_comes_first_and_in_order() {
    let mut machine = Machine::all_awake([
        nice(-20),
        real_time(10, Turn::Unlimited),
        real_time(50, Turn::Unlimited),
        real_time(10, Turn::Unlimited),
    ]);
    assert_eq!(machine.current(), Some(2));
    machine.run_for(1_000_000_000);
    assert_eq!(machine.current(), Some(2));
    machine.sleep_current();
    assert_eq!(machine.current(), Some(1));
    machine.wake(2);
    assert_eq!(machine.current(), Some(2));
    machine.sleep_current();
    // Preempted, 1 kept its place before its equal 3.
    assert_eq!(machine.current(), Some(1));
    machine.queue.pick(Pick::Yielded);
    assert_eq!(machine.current(), Some(3));
    machine.sleep_current();
    machine.sleep_current();
    assert_eq!(machine.current(), Some(0));
}

#[test]
fn round_robin_takes_turns_among_equals() {
    let mut machine = Machine::all_awake([
        real_time(5, Turn::Sliced),
        real_time(5, Turn::Sliced),
        real_time(4, Turn::Sliced),
        nice(0),
    ]);
    machine.run_for(2_000_000_000);
    assert_eq!(machine.ran_ns, [1_000_000_000, 1_000_000_000, 0, 0]);
}

#[test]
fn one_thread_needs_no_tick() {
    let machine = Machine::all_awake([nice(0)]);
    assert_eq!(machine.queue.time_left_ns(), None);
    let machine = Machine::all_awake([real_time(3, Turn::Sliced), real_time(2, Turn::Sliced), nice(0)]);
    assert_eq!(machine.queue.time_left_ns(), None);
}

#[derive(Clone, Debug)]
enum Step {
    Run(u64),
    Wake(usize),
    Sleep,
    Yield,
    Move(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u64..10_000_000).prop_map(Step::Run),
        3 => (0_usize..12).prop_map(Step::Wake),
        2 => Just(Step::Sleep),
        1 => Just(Step::Yield),
        1 => (0_usize..12).prop_map(Step::Move),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    #[test]
    fn whatever_happens_the_queue_stays_sound(
        nices in prop::collection::vec(-20_i32..20, 12), fifo in prop::collection::vec(1_u8..100, 2), steps in steps(),
    ) {
        let classes = nices.into_iter().skip(2).map(nice).chain(fifo.into_iter().map(|priority| real_time(priority, Turn::Sliced)));
        let mut machine = Machine::new(classes);
        for step in steps {
            match step {
                Step::Run(ns) => { machine.run(ns); }
                Step::Wake(index) => machine.wake(index),
                Step::Sleep => machine.sleep_current(),
                Step::Yield => { machine.queue.pick(Pick::Yielded); }
                // Out of the queue and in again, as a change of weight or of CPU does.
                Step::Move(index) if machine.runnable[index] && machine.current() != Some(index) => {
                    machine.queue.dequeue(&machine.threads[index]);
                    // SAFETY: it has just left.
                    unsafe { machine.queue.enqueue(&machine.threads[index]) };
                }
                Step::Move(_) => {}
            }
            let runnable = machine.runnable.iter().filter(|runnable| **runnable).count();
            // Work conservation: somebody runs iff somebody can; nobody is lost or doubled.
            prop_assert_eq!(machine.queue.current().is_some(), runnable > 0);
            prop_assert_eq!(machine.queue.waiting() as usize, runnable.saturating_sub(1));
            prop_assert!(machine.current().is_none_or(|current| machine.runnable[current]));
            // A real-time thread never waits for a fair one.
            let waiting_real_time = (10..12).any(|index| machine.runnable[index] && machine.current() != Some(index));
            prop_assert!(!waiting_real_time || machine.current() >= Some(10));
            // Lag is bounded for everybody who is not in the competition.
            for (thread, _) in machine.threads.iter().zip(&machine.runnable).filter(|(_, runnable)| !**runnable) {
                let (weight, slice_ns) = thread.share();
                prop_assert!(thread.lag.get().unsigned_abs() <= weight.to_virtual(2 * slice_ns));
            }
        }
    }
}
