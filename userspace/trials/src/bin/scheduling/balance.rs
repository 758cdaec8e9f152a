//! Where threads go.

use trials::Holds;

use super::Machine;
use super::crowd::{Crowd, above_all};
use super::thread_calls::{self as calls, processors};

const SETTLE_NS: u64 = 500_000_000;
const TIME_NS: u64 = 1_000_000_000;

/// One heavy thread and three light ones for two processors: by number they would be two and two; by weight the heavy
/// one is alone.
pub fn by_weight(machine: Machine) -> Holds {
    let all = processors();
    if all.len() < 2 {
        return Ok(());
    }
    let crowd = Crowd::busy(4, |number| {
        if number == 0 {
            calls::set_nice(calls::PROCESS, calls::own_tid(), -5).expect("the superuser may");
        }
        calls::bind(0, &processors()[..2]).expect("both are allowed");
    });
    let found = above_all(|| {
        crowd.watch(SETTLE_NS);
        crowd.watch(TIME_NS)
    });
    println!("   the heavy thread had {:.1} %", found.percent(0));
    if (found.ran_ns[0] + found.hidden_ns(machine)) * 100 < found.elapsed_ns * 95 {
        return Err(format!("the heavy thread shares its processor: {found:?}"));
    }
    Ok(())
}

/// As many threads as processors, bound to one and then let go: soon each has a processor of its own.
pub fn spread(machine: Machine) -> Holds {
    let all = processors();
    let crowd = Crowd::busy(all.len(), |_| calls::bind(0, &processors()[..1]).expect("the first is allowed"));
    let found = above_all(|| {
        for tid in crowd.tids() {
            calls::bind(tid, &all).expect("all are allowed");
        }
        crowd.watch(10_000_000);
        crowd.watch(TIME_NS / 2)
    });
    let worst = found.ran_ns.iter().min().copied().unwrap_or(0);
    println!("   the least had {:.1} %", worst as f64 * 100.0 / found.elapsed_ns as f64);
    if (worst + found.hidden_ns(machine)) * 100 < found.elapsed_ns * 98 {
        return Err(format!("threads share a processor: {found:?}"));
    }
    Ok(())
}
