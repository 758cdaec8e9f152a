//! Reading what the kernel recorded out of the guest's memory.

use std::collections::HashMap;
use std::mem::offset_of;
use std::path::Path;

use abi::trace::{
    Block, CALLERS, Head, Header, LONGEST, LockUse as RawLock, MAGIC, Measure, NAME_BYTES, NAMES, Name, RECORD_BYTES,
    Region as RawRegion, SYMBOL,
};

use super::memory::Memory;
use super::model::{Event, LockUse, Off, Region, Thread, Trace};
use crate::failure::{Failure, Result};
use crate::symbols::{Address, Symbols, address_of};

/// Where physical address 0 of the kernel's image lies.
const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;
/// A record in words.
const RECORD_WORDS: usize = RECORD_BYTES / 8;

/// Reads everything.
pub fn read(memory: &Memory, kernel: &Path, symbols: &mut Symbols) -> Result<Trace> {
    let header = address_of(kernel, SYMBOL).ok_or_else(|| Failure::machine("the kernel has no trace"))?;
    let words = memory.words(header.wrapping_sub(KERNEL_BASE), size_of::<Header>() / 8)?;
    let field = |offset: usize| words[offset / 8];
    if field(offset_of!(Header, magic)) != MAGIC {
        return Err(Failure::machine("the guest ended before it recorded a trace"));
    }
    let cpus = field(offset_of!(Header, cpus)).min(abi::trace::MAX_CPUS as u64) as usize;
    let clock = Clock { ns_per_tick: field(offset_of!(Header, ns_per_tick)) };
    let class_count = field(offset_of!(Header, classes)).min(abi::trace::MAX_CLASSES as u64) as usize;
    let mut trace = Trace {
        cpus: cpus as u32,
        threads: read_names(&memory.words(field(offset_of!(Header, names)), NAMES * size_of::<Name>() / 8)?),
        classes: read_classes(&memory.bytes(field(offset_of!(Header, class_names)), class_count * 2 * NAME_BYTES)?),
        ..Trace::default()
    };
    trace.locks = trace.classes.iter().map(|class| LockUse { class: class.clone(), ..LockUse::default() }).collect();
    for cpu in 0..cpus {
        let block = memory.words(field(offset_of!(Header, blocks) + cpu * 8), size_of::<Block>() / 8)?;
        read_block(memory, &block, cpu as u32, clock, symbols, &mut trace)?;
    }
    trace.events.sort_by_key(|event| event.time);
    trace.regions.sort_by_key(|region| std::cmp::Reverse(region.ns));
    Ok(trace)
}

/// Turns ticks into nanoseconds.
#[derive(Clone, Copy)]
struct Clock {
    ns_per_tick: u64,
}

impl Clock {
    fn ns(self, ticks: u64) -> u64 {
        ((u128::from(ticks) * u128::from(self.ns_per_tick)) >> 32) as u64
    }
}

fn read_names(words: &[u64]) -> HashMap<u32, Thread> {
    let mut threads = HashMap::new();
    for place in words.chunks_exact(size_of::<Name>() / 8) {
        let (thread, ids) = (place[0], place[1]);
        if thread == 0 {
            continue;
        }
        let bytes: Vec<u8> = place[2..].iter().flat_map(|word| word.to_le_bytes()).collect();
        let name = text(&bytes);
        threads.insert(thread as u32, Thread { name, process: (ids >> 32) as u32, id: ids as u32 });
    }
    threads
}

fn read_classes(bytes: &[u8]) -> Vec<String> {
    bytes.chunks_exact(2 * NAME_BYTES).map(text).collect()
}

/// Up to the first zero.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}

/// One CPU's part.
fn read_block(
    memory: &Memory,
    block: &[u64],
    cpu: u32,
    clock: Clock,
    symbols: &mut Symbols,
    trace: &mut Trace,
) -> Result<()> {
    let field = |offset: usize| block[offset / 8];
    let size = field(offset_of!(Block, mask)).wrapping_add(1);
    let written = field(offset_of!(Block, written));
    if !size.is_power_of_two() || size > memory.size() {
        return Err(Failure::machine("the trace in the guest's memory is damaged"));
    }
    let ring = memory.words(field(offset_of!(Block, ring_physical)), (size / 8) as usize)?;
    trace.lost.push(written.saturating_sub(size) / RECORD_BYTES as u64);
    let first = (written.saturating_sub(size) / 8) as usize;
    let offset = memory.words(field(offset_of!(Block, tsc_offset)), 1)?[0];
    let mut last = 0;
    for position in (first..(written / 8) as usize).step_by(RECORD_WORDS) {
        let at = position % ring.len();
        let [ticks, head, data, _] = ring[at..at + RECORD_WORDS] else { continue };
        let (ticks, head) = (ticks.wrapping_add(offset), Head(head));
        // A CPU that was stopped in the midst of writing leaves an old record in the place.
        if let Some(kind) = head.kind().filter(|_| ticks >= last) {
            last = ticks;
            let (detail, thread) = (head.detail(), head.thread());
            trace.events.push(Event { time: clock.ns(ticks), cpu, kind, detail, thread, data });
        }
    }
    for (off, offset) in
        [(Off::Interrupts, offset_of!(Block, irq_off)), (Off::Preemption, offset_of!(Block, preempt_off))]
    {
        let start = (offset + offset_of!(Measure, longest)) / 8;
        let regions = block[start..].chunks_exact(size_of::<RawRegion>() / 8).take(LONGEST);
        trace.regions.extend(regions.filter(|words| words[0] != 0).map(|words| Region {
            off,
            cpu,
            ns: clock.ns(words[0]),
            time: clock.ns(words[1]),
            place: describe(&words[2..2 + CALLERS], symbols),
        }));
    }
    let uses = block[offset_of!(Block, locks) / 8..].chunks_exact(size_of::<RawLock>() / 8);
    for (sum, words) in trace.locks.iter_mut().zip(uses) {
        sum.taken += words[0];
        sum.waited += words[1];
        sum.wait_ns += clock.ns(words[2]);
        sum.longest_ns = sum.longest_ns.max(clock.ns(words[3]));
    }
    Ok(())
}

/// Where the kernel's guards and their measuring are: every region begins there.
const PLUMBING: [&str; 2] = ["kernel/arch/src/trace/", "kernel/sync/src/"];

/// The functions in which a region began, from the one that wanted a guard on.
fn describe(callers: &[u64], symbols: &mut Symbols) -> Vec<String> {
    let known = callers.iter().filter(|address| **address != 0);
    let places = known.flat_map(|address| symbols.describe(Address::Return(*address)));
    places.skip_while(|place| PLUMBING.iter().any(|path| place.contains(path))).collect()
}
