//! Poll sets with members that are taken back, and sets that are.

use abi::Result;
use abi::table::number;
use caps::Rights;
use trials::lend::{derive, revoke};
use trials::raw::{call, pipe, read, works, write};
use trials::{Holds, equal};

use crate::asleep::interrupted_by;
use crate::lending::refused;

fn add(set: usize, slot: usize, events: i32) -> Result<usize> {
    let mut event = libc::epoll_event { events: events as u32, u64: slot as u64 };
    call(number::epoll_ctl, &[set, libc::EPOLL_CTL_ADD as usize, slot, &raw mut event as usize])
}

/// The slots that a set tells of.
fn collect(set: usize, timeout_ms: i32) -> Result<Vec<usize>> {
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; 4];
    let count = call(number::epoll_wait, &[set, events.as_mut_ptr() as usize, 4, timeout_ms as usize])?;
    Ok(events[..count].iter().map(|event| event.u64 as usize).collect())
}

pub(crate) fn members() -> Result<Vec<Holds>> {
    let [reader, writer] = pipe()?;
    let [other, other_writer] = pipe()?;
    let set = call(number::epoll_create1, &[0])?;
    let lent = derive(reader, Rights::ALL)?;
    add(set, lent, libc::EPOLLIN)?;
    add(set, other, libc::EPOLLIN)?;
    write(writer, b"x")?;
    let before = equal(collect(set, 0), Ok(vec![lent]));
    revoke(reader)?;
    let silent = equal(collect(set, 0), Ok(vec![]));
    let refused_again = refused(add(set, lent, libc::EPOLLIN));
    // A wait that is under way goes on, and tells of the others.
    let lent = derive(reader, Rights::ALL)?;
    read(reader, 1)?;
    add(set, lent, libc::EPOLLIN | libc::EPOLLET)?;
    let goes_on = interrupted_by(
        || collect(set, -1),
        || {
            revoke(reader)?;
            write(writer, b"x")?;
            write(other_writer, b"y")
        },
    );
    let placed = call(number::dup2, &[reader, lent])?;
    Ok(vec![
        before,
        silent,
        refused_again,
        equal(goes_on, Ok(vec![other])),
        works(add(set, placed, libc::EPOLLIN)),
        equal(collect(set, 0).map(|found| found.contains(&placed)), Ok(true)),
    ])
}

pub(crate) fn whole_set() -> Result<Vec<Holds>> {
    let [reader, writer] = pipe()?;
    let set = call(number::epoll_create1, &[0])?;
    add(set, reader, libc::EPOLLIN)?;
    let lent = derive(set, Rights::ALL)?;
    let ended = refused(interrupted_by(|| collect(lent, -1), || revoke(set)));
    write(writer, b"x")?;
    Ok(vec![ended, refused(collect(lent, 0)), equal(collect(set, 0), Ok(vec![reader]))])
}
