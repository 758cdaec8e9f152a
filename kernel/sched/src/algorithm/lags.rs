//! The fair class against its definition: the run queue as the kernel runs it, and beside it a reference that knows
//! nothing but every competitor's weight, virtual time and deadline, and computes what follows from them anew each time.

use proptest::prelude::*;
use std::vec::Vec;

use super::entity::{Class, DEFAULT_SLICE_NS, Entity, Wakes};
use super::model::Machine;
use super::run_queue::Pick;
use super::weight::Weight;

/// Virtual times are rounded to nanoseconds at each charge and at each join.
const ROUNDING: i128 = 4;

/// The competitors, from scratch.
struct Reference {
    /// Weight, virtual time, deadline, slice in nanoseconds.
    members: Vec<(i128, i128, i128, i128)>,
}

impl Reference {
    fn of(machine: &Machine) -> Self {
        let runnable = machine.threads.iter().zip(&machine.runnable).filter(|(_, runnable)| **runnable);
        Self { members: runnable.map(|(thread, _)| Self::member(thread)).collect() }
    }

    fn member(thread: &Entity) -> (i128, i128, i128, i128) {
        let (weight, slice_ns) = thread.share();
        (weight.get().into(), thread.vruntime.get().into(), thread.deadline.get().into(), slice_ns.into())
    }

    fn weight(&self) -> i128 {
        self.members.iter().map(|(weight, ..)| weight).sum()
    }

    /// The sum of weight times virtual time: the mean, times all weights.
    fn weighted(&self) -> i128 {
        self.members.iter().map(|(weight, vruntime, ..)| weight * vruntime).sum()
    }

    /// The mean virtual time, rounded down.
    fn mean(&self) -> i128 {
        self.weighted().div_euclid(self.weight())
    }

    /// The service, in nanoseconds times 1024 and times all weights, that somebody is owed.
    fn owed(&self, (weight, vruntime, ..): (i128, i128, i128, i128)) -> i128 {
        weight * (self.weighted() - vruntime * self.weight())
    }

    /// The deadline of who must run: the earliest among those who are owed service.
    fn earliest_eligible(&self) -> Option<i128> {
        let eligible = self.members.iter().filter(|(_, vruntime, ..)| vruntime * self.weight() <= self.weighted());
        eligible.map(|(_, _, deadline, _)| *deadline).min()
    }
}

fn fair(nice: i32, slice_ns: u64) -> Class {
    Class::Fair { weight: Weight::of_nice(nice), slice_ns, wakes: Wakes::Preempting }
}

#[derive(Clone, Debug)]
enum Step {
    Run(u64),
    Wake(usize),
    Sleep,
    /// Out of the queue and in again at once.
    Leave(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (1_u64..4_000_000).prop_map(Step::Run),
        3 => (0_usize..10).prop_map(Step::Wake),
        1 => Just(Step::Sleep),
        1 => (0_usize..10).prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 1..300)
}

/// Leaves and comes back with the lag that it had, whatever the others are.
fn keeps_its_lag(machine: &mut Machine, index: usize) -> Result<(), TestCaseError> {
    let lag = |machine: &Machine| Reference::of(machine).mean() - i128::from(machine.threads[index].vruntime.get());
    let before = lag(machine);
    machine.queue.dequeue(&machine.threads[index]);
    // SAFETY: it has just left.
    unsafe { machine.queue.enqueue(&machine.threads[index]) };
    let (weight, slice_ns) = machine.threads[index].share();
    let limit = i128::from(weight.to_virtual(2 * slice_ns));
    let (after, expected) = (lag(machine), before.clamp(-limit, limit));
    prop_assert!((after - expected).abs() <= ROUNDING, "lag {} became {}", before, after);
    Ok(())
}

proptest! {
    #[test]
    fn who_runs_is_who_must_by_the_definition(
        nices in prop::collection::vec(-20_i32..20, 10), slices in prop::collection::vec(100_000_u64..20_000_000, 10), steps in steps(),
    ) {
        let mut machine = Machine::new(nices.into_iter().zip(slices).map(|(nice, slice_ns)| fair(nice, slice_ns)));
        for step in steps {
            match step {
                Step::Run(ns) => { machine.run(ns); }
                Step::Wake(index) => machine.wake(index),
                Step::Sleep => machine.sleep_current(),
                Step::Leave(index) if machine.runnable[index] && machine.current() != Some(index) => {
                    keeps_its_lag(&mut machine, index)?;
                }
                Step::Leave(_) => {}
            }
            machine.queue.pick(Pick::Best);
            let reference = Reference::of(&machine);
            let Some(current) = machine.current() else { continue };
            // The queue's running sums say what adding up says.
            prop_assert_eq!(i128::from(machine.queue.fair_mean()), reference.mean());
            // What all are owed together is nothing.
            prop_assert_eq!(reference.members.iter().map(|member| reference.owed(*member)).sum::<i128>(), 0);
            // Who runs is owed service, or its virtual time is the mean's but for rounding; nobody's deadline is earlier
            // who is owed service.
            let (_, vruntime, deadline, _) = Reference::member(&machine.threads[current]);
            prop_assert!(vruntime <= reference.mean());
            prop_assert!(reference.earliest_eligible().is_none_or(|earliest| deadline <= earliest + ROUNDING));
        }
    }

    // With everybody present all the time, nobody is ever ahead or behind by more than the longest slice.
    #[test]
    fn lag_is_bounded_by_the_slice(
        nices in prop::collection::vec(-20_i32..20, 2..12), slice_ns in 100_000_u64..20_000_000, runs in prop::collection::vec(1_u64..4_000_000, 1..400),
    ) {
        let mut machine = Machine::all_awake(nices.into_iter().map(|nice| fair(nice, slice_ns)));
        for ns in runs {
            machine.run(ns);
            let reference = Reference::of(&machine);
            for member in &reference.members {
                let bound = (i128::from(slice_ns) + ROUNDING * member.0) * 1024 * reference.weight();
                let owed = reference.owed(*member);
                prop_assert!(owed.abs() <= bound, "{} of at most {}", owed / 1024 / reference.weight(), slice_ns);
            }
        }
    }
}

/// A tree of n threads is looked into O(log n) times, whatever is asked: a hundred times the threads, a small factor.
#[test]
fn ten_thousand_threads_are_picked_from_as_quickly_as_a_hundred() {
    let looks = |count: usize| {
        let mut machine = Machine::all_awake((0..count).map(|_| fair(0, DEFAULT_SLICE_NS)));
        super::tree::LOOKS.set(0);
        for _ in 0..200 {
            machine.run(DEFAULT_SLICE_NS);
            machine.queue.pick(Pick::Best);
        }
        super::tree::LOOKS.get()
    };
    let (few, many) = (looks(100), looks(10_000));
    assert!(many < few * 4, "{few} looks among 100 threads, {many} among 10,000");
}
