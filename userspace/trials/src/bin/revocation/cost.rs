//! What a call costs through a lent slot.

use abi::Result;
use abi::table::number;
use caps::Rights;
use trials::lend::derive;
use trials::raw::{call, dup};
use trials::{Holds, number_argument};

use crate::lending::{now_ns, scratch};

const CALLS: u64 = 2000;

/// Nanoseconds of a call that looks its slot up and does next to nothing.
fn cost(slot: usize) -> Result<u64> {
    call(number::lseek, &[slot, 0, 1])?;
    let start = now_ns();
    for _ in 0..CALLS {
        call(number::lseek, &[slot, 0, 1])?;
    }
    Ok((now_ns() - start) / CALLS)
}

pub(crate) fn of_a_use() -> Result<Vec<Holds>> {
    let bound_ns = number_argument("bound-ns", u64::MAX);
    let slot = scratch()?;
    let plain = dup(slot)?;
    let mut deep = derive(slot, Rights::ALL)?;
    let lent = deep;
    for _ in 0..100 {
        deep = derive(deep, Rights::ALL)?;
    }
    let (plain_ns, lent_ns, deep_ns) = (cost(plain)?, cost(lent)?, cost(deep)?);
    println!("a call takes {plain_ns} ns, {lent_ns} ns through a loan, {deep_ns} ns at depth 101");
    let bounded = if lent_ns <= plain_ns + bound_ns { Ok(()) } else { Err(format!("{lent_ns} ns for {plain_ns} ns")) };
    let is_flat = if deep_ns <= lent_ns + 2 { Ok(()) } else { Err(format!("{deep_ns} ns for {lent_ns} ns")) };
    Ok(vec![bounded, if bound_ns == u64::MAX { Ok(()) } else { is_flat }])
}
