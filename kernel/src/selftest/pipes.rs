//! Pipes, event counters and epoll, as far as one thread can try them.
#![allow(clippy::expect_used)]

use abi::types::EpollEvent;
use abi::{Errno, OpenFlags};
use alloc::sync::Arc;
use alloc::vec::Vec;
use ipc::epoll::{Change, EpollSet};
use ipc::eventfd::{EventCounter, Taking};
use ipc::pipe_end::{PipeEnd, make_pipe};
use mm::user::{Sink, Source};
use object::revocation::Waited;
use object::{Object, Ready};
use sched::Wait;

use super::{Verdict, check};

const IN: u32 = Ready::IN.bits();
const EDGE: u32 = abi::consts::general::EPOLLET;
const ONE_SHOT: u32 = abi::consts::general::EPOLLONESHOT;

fn pipe() -> (Arc<dyn Object>, Arc<dyn Object>) {
    make_pipe(OpenFlags::NONBLOCK).expect("a pipe")
}

fn write(object: &Arc<dyn Object>, bytes: &[u8]) -> Result<usize, Errno> {
    object.write(&mut Source::from_kernel(bytes))
}

fn read(object: &Arc<dyn Object>, len: usize) -> Result<Vec<u8>, Errno> {
    let mut bytes = alloc::vec![0; len];
    let count = object.read(&mut Sink::from_kernel(&mut bytes))?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Bytes come out as they went in; full, empty and abandoned pipes answer as they must.
pub fn pipes_carry_bytes() -> Verdict {
    let (reader, writer) = pipe();
    check(read(&reader, 1) == Err(Errno::EAGAIN), "empty")?;
    check(reader.poll() == Ready::empty() && writer.poll() == Ready::WRITABLE, "poll of an empty pipe")?;
    let bytes: Vec<u8> = (0..100_000u32).map(|index| (index / 7) as u8).collect();
    check(write(&writer, &bytes) == Ok(65536), "full")?;
    check(write(&writer, b"x") == Err(Errno::EAGAIN) && writer.poll() == Ready::empty(), "no room")?;
    check(read(&reader, 5000).is_ok_and(|got| got == bytes[..5000]), "first bytes")?;
    check(write(&writer, &bytes[65536..65536 + 4096]) == Ok(4096), "an atomic write")?;
    check(write(&writer, &[0; 1000]) == Err(Errno::EAGAIN), "no atomic write in parts")?;
    let end: &PipeEnd = reader.downcast_ref().expect("an end");
    check(end.pipe().set_capacity(4096) == Err(Errno::EBUSY), "too small for what it holds")?;
    check(end.pipe().set_capacity(100_000) == Ok(131_072), "larger")?;
    check(read(&reader, 100_000).is_ok_and(|got| got == bytes[5000..65536 + 4096]), "the rest")?;
    drop(writer);
    check(read(&reader, 1) == Ok(Vec::new()) && reader.poll() == Ready::HUP, "end")?;
    let (reader, writer) = pipe();
    drop(reader);
    check(write(&writer, b"x") == Err(Errno::EPIPE) && writer.poll().contains(Ready::ERR), "broken")
}

fn collect(set: &EpollSet) -> Vec<EpollEvent> {
    let mut events = Vec::new();
    let how = Wait { deadline_ns: Some(0), ..Wait::INTERRUPTIBLE };
    let collected = set.wait(16, how, |event| {
        events.push(event);
        Ok(())
    });
    collected.expect("collecting");
    events
}

/// Level, edge and one-shot members are told as they must be; closed ones drop out; circles are refused.
pub fn epoll_tells_what_is_ready() -> Verdict {
    let set = EpollSet::new().expect("a set");
    let (reader, writer) = pipe();
    let event = |events, data| EpollEvent { events, data };
    check(set.change(Change::Add, 3, &waited(&reader), event(IN, 30)) == Ok(()), "adding")?;
    check(set.change(Change::Add, 3, &waited(&reader), event(IN, 30)) == Err(Errno::EEXIST), "adding twice")?;
    check(collect(&set).is_empty(), "nothing ready")?;
    write(&writer, b"x").expect("writing");
    check(collect(&set) == [event(IN, 30)] && collect(&set) == [event(IN, 30)], "level")?;
    set.change(Change::Modify, 3, &waited(&reader), event(IN | EDGE, 31)).expect("changing");
    check(collect(&set) == [event(IN, 31)] && collect(&set).is_empty(), "edge")?;
    write(&writer, b"y").expect("writing");
    check(collect(&set) == [event(IN, 31)] && collect(&set).is_empty(), "the next edge")?;
    set.change(Change::Modify, 3, &waited(&reader), event(IN | ONE_SHOT, 32)).expect("changing");
    check(collect(&set) == [event(IN, 32)], "one shot")?;
    write(&writer, b"z").expect("writing");
    check(collect(&set).is_empty(), "only one")?;
    set.change(Change::Modify, 3, &waited(&reader), event(IN, 33)).expect("changing");
    let outer = EpollSet::new().expect("a set");
    let inner: Arc<dyn Object> = set.clone();
    check(outer.change(Change::Add, 4, &waited(&inner), event(IN, 40)) == Ok(()), "nesting")?;
    check(collect(&outer) == [event(IN, 40)], "nested readiness")?;
    let circle: Arc<dyn Object> = outer.clone();
    check(set.change(Change::Add, 5, &waited(&circle), event(IN, 50)) == Err(Errno::ELOOP), "a circle")?;
    check(set.change(Change::Add, 5, &waited(&inner), event(IN, 50)) == Err(Errno::EINVAL), "itself")?;
    drop((reader, writer));
    check(collect(&set).is_empty() && collect(&outer).is_empty(), "closed")
}

/// Event counters count, as a whole or one by one.
pub fn event_counters_count() -> Verdict {
    let word = |value: u64| value.to_ne_bytes();
    let counter: Arc<dyn Object> = EventCounter::new(2, Taking::All, OpenFlags::NONBLOCK).expect("a counter");
    check(write(&counter, &word(3)) == Ok(8) && read(&counter, 8).is_ok_and(|got| got == word(5)), "sum")?;
    check(read(&counter, 8) == Err(Errno::EAGAIN) && counter.poll() == Ready::WRITABLE, "taken")?;
    check(write(&counter, &word(u64::MAX)) == Err(Errno::EINVAL), "too much")?;
    check(write(&counter, &word(u64::MAX - 1)) == Ok(8) && counter.poll() == Ready::READABLE, "full")?;
    check(write(&counter, &word(1)) == Err(Errno::EAGAIN), "no room")?;
    let one: Arc<dyn Object> = EventCounter::new(2, Taking::One, OpenFlags::NONBLOCK).expect("a counter");
    check((0..2).all(|_| read(&one, 8).is_ok_and(|got| got == word(1))), "one by one")?;
    check(read(&one, 8) == Err(Errno::EAGAIN), "none left")
}

/// What a byte through a pipe costs, without the calls' own way in and out. Exact under `-icount shift=0`.
pub fn a_byte_through_a_pipe_costs_little() -> Verdict {
    const ROUNDS: u64 = 1000;
    let (reader, writer) = pipe();
    let mut byte = [0];
    let mut round = || {
        let _ = writer.write(&mut Source::from_kernel(b"x"));
        let _ = reader.read(&mut Sink::from_kernel(&mut byte));
    };
    round();
    let start = arch::clock::read_tsc();
    (0..ROUNDS).for_each(|_| round());
    let ticks = (arch::clock::read_tsc() - start) / ROUNDS;
    log::info!("{ticks} ticks a byte written and read");
    check(!super::is_exact() || cfg!(debug_assertions) || ticks <= 400, "the way through a pipe has grown")
}

/// An object as those wait for it who have it in a slot.
fn waited(object: &Arc<dyn Object>) -> Waited {
    Waited::unlent(object)
}
