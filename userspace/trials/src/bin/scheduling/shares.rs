//! How much each thread gets.

use trials::Holds;

use super::Machine;
use super::crowd::{Crowd, Use, above_all};
use super::thread_calls::{self as calls, processors};

/// How long is watched.
const TIME_NS: u64 = 2_000_000_000;
/// How long threads have to find their places.
const SETTLE_NS: u64 = 300_000_000;
/// A slice that nobody asked for.
const SLICE_NS: u64 = 3_000_000;

fn pin(_: usize) {
    calls::bind(0, &processors()[..1]).expect("the first processor is allowed");
}

fn watch(crowd: &Crowd) -> Use {
    above_all(|| {
        crowd.watch(SETTLE_NS);
        crowd.watch(TIME_NS)
    })
}

/// Whether each part is as expected, within `percent` and what the machine hides.
fn are_near(found: &Use, expected: impl Fn(usize) -> f64, percent: f64, machine: Machine) -> Holds {
    let hidden = found.hidden_ns(machine) as f64;
    for (number, &ran) in found.ran_ns.iter().enumerate() {
        let fair = expected(number);
        let error = (ran as f64 - fair).abs();
        if error > fair * percent / 100.0 + hidden {
            return Err(format!("thread {number} ran {ran} ns of its {fair:.0}, held up {hidden:.0}: {found:?}"));
        }
    }
    let worst =
        found.ran_ns.iter().enumerate().map(|(number, &ran)| (ran as f64 / expected(number) - 1.0).abs() * 100.0);
    println!("   worst error {:.3} %, longest gap {} ns", worst.fold(0.0, f64::max), found.longest_gap_ns);
    Ok(())
}

fn mean(found: &Use) -> f64 {
    found.ran_ns.iter().sum::<u64>() as f64 / found.ran_ns.len() as f64
}

/// Four equal threads bound to one processor.
pub fn equal_on_one(machine: Machine) -> Holds {
    let found = watch(&Crowd::busy(4, pin));
    are_near(&found, |_| mean(&found), 1.0, machine)
}

/// Four equal threads for each processor, free to go where they like.
pub fn equal_on_all(machine: Machine) -> Holds {
    let count = processors().len();
    let found = watch(&Crowd::busy(4 * count, |_| ()));
    are_near(&found, |_| found.elapsed_ns as f64 / 4.0, 1.0, machine)
}

/// Linux's weights of the nice values that are tried: such that a slice is little of what each gets.
const WEIGHTS: [(i32, f64); 4] = [(-5, 3121.0), (0, 1024.0), (2, 655.0), (5, 335.0)];

/// Threads of several nice values on one processor.
pub fn by_weight(machine: Machine) -> Holds {
    let crowd = Crowd::busy(WEIGHTS.len(), |number| {
        pin(number);
        calls::set_nice(calls::PROCESS, calls::own_tid(), WEIGHTS[number].0).expect("the superuser may");
    });
    let found = watch(&crowd);
    let sum: f64 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
    let total = found.ran_ns.iter().sum::<u64>() as f64;
    are_near(&found, |number| total * WEIGHTS[number].1 / sum, 5.0, machine)
}

/// One thread runs a millisecond and sleeps two, among two that always run: it wants less than its third.
pub fn sleeper(machine: Machine) -> Holds {
    let crowd = Crowd::new(3, pin, |number, member| {
        if number > 0 {
            return member.spin_while(|| true);
        }
        while !member.is_over() {
            let until = calls::clock_ns(libc::CLOCK_THREAD_CPUTIME_ID) + 1_000_000;
            member.spin_while(|| calls::clock_ns(libc::CLOCK_THREAD_CPUTIME_ID) < until);
            calls::sleep_until(calls::now_ns() + 2_000_000);
        }
    });
    let found = watch(&crowd);
    let (third, hidden) = (found.elapsed_ns / 3, found.hidden_ns(machine));
    println!("   the sleeper had {:.1} % of its third", found.ran_ns[0] as f64 * 100.0 / third as f64);
    if found.ran_ns[0] > third + third / 100 + hidden {
        return Err(format!("the sleeper gained: {found:?}"));
    }
    // A cycle is its millisecond, its sleep, and at most a slice of each other before it gets its turn.
    let cycle = 1_000_000 + 2_000_000 + 2 * SLICE_NS;
    if found.ran_ns[0] + hidden < found.elapsed_ns / cycle * 1_000_000 {
        return Err(format!("the sleeper is starved: {found:?}"));
    }
    are_equal(&found, &[1, 2], machine)
}

/// One thread naps for an instant whenever it has run for more than its slice, so as to come back as a newcomer.
pub fn napper(machine: Machine) -> Holds {
    let crowd = Crowd::new(3, pin, |number, member| {
        if number > 0 {
            return member.spin_while(|| true);
        }
        while !member.is_over() {
            let until = calls::clock_ns(libc::CLOCK_THREAD_CPUTIME_ID) + SLICE_NS + SLICE_NS / 4;
            member.spin_while(|| calls::clock_ns(libc::CLOCK_THREAD_CPUTIME_ID) < until);
            calls::sleep_until(calls::now_ns() + 1000);
        }
    });
    let found = watch(&crowd);
    let hidden = found.hidden_ns(machine);
    let third = found.elapsed_ns / 3;
    println!("   the napper had {:.1} % of its third", found.ran_ns[0] as f64 * 100.0 / third as f64);
    if found.ran_ns[0] > third + third / 100 + hidden {
        return Err(format!("the napper gained: {found:?}"));
    }
    Ok(())
}

fn are_equal(found: &Use, numbers: &[usize], machine: Machine) -> Holds {
    let ran_ns: Vec<u64> = numbers.iter().map(|&number| found.ran_ns[number]).collect();
    let part = Use { elapsed_ns: found.elapsed_ns, ran_ns, longest_gap_ns: found.longest_gap_ns };
    are_near(&part, |_| mean(&part), 1.0, machine)
}

/// A thread of the idle policy beside an ordinary one has 3 parts of 1027.
pub fn idle_policy(machine: Machine) -> Holds {
    let crowd = Crowd::busy(2, |number| {
        pin(number);
        if number == 0 {
            calls::set_policy(0, libc::SCHED_IDLE, 0).expect("anybody may");
        }
    });
    let found = watch(&crowd);
    let hidden = found.hidden_ns(machine);
    println!("   the idle thread had {:.3} %", found.percent(0));
    if found.ran_ns[0] > found.elapsed_ns / 100 + hidden {
        return Err(format!("too much for the idle policy: {found:?}"));
    }
    Ok(())
}
