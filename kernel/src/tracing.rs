//! The trace's memory, and turning it on by the kernel's command line.

use abi::trace::{Block, NAME_BYTES, NAMES, Name, RECORD_BYTES};
use alloc::boxed::Box;
use mm::OutOfMemory;
use mm::alloc::{try_box, try_boxed_slice};
use sync::ranks::TABLE;
use sync::trace::{self, EVENTS, MEASURES, Memory};

/// Records that a CPU's ring has room for, unless memory is short.
const RECORDS: usize = 32768;
/// All rings together take at most one part in so many of the memory.
const SHARE: usize = 16;

/// A class's name in the form that the host reads.
type ClassName = [u8; 2 * NAME_BYTES];

/// Obeys `trace` (record from now on), `trace=ready` (record once told to) and `lockstat` (only measure). Where none is
/// given, no memory is spent.
pub fn start(command_line: &str) {
    let has = |word: &str| command_line.split_ascii_whitespace().any(|given| given == word);
    if !(has("trace") || has("trace=ready") || has("lockstat")) {
        return;
    }
    if install().is_err() {
        log::error!("no memory for the trace");
        return;
    }
    if has("trace") {
        trace::start(EVENTS | MEASURES);
    }
    if has("lockstat") {
        trace::start(MEASURES);
    }
}

/// Gives the trace its memory, which is never given back.
fn install() -> Result<(), OutOfMemory> {
    let count = arch::cpu::count();
    let bytes = mm::frame::stats().total * arch::PAGE_SIZE / SHARE / count;
    let most = (bytes / RECORD_BYTES).clamp(64, RECORDS);
    // The power of two at or below.
    let records = 1 << most.ilog2();
    let mut parts = mm::alloc::try_vec(count)?;
    for _ in 0..count {
        let block: &'static mut Block = Box::leak(try_box(Block::new())?);
        let ring: &'static mut [u64] = Box::leak(try_boxed_slice(records * RECORD_BYTES / 8, |_| 0)?);
        parts.push((block, ring));
    }
    let names = try_boxed_slice(NAMES, |_| Name::default())?;
    let classes: &'static mut [ClassName] = Box::leak(try_boxed_slice(TABLE.len(), class_name)?);
    let Ok(names) = Box::leak(names).try_into() else { return Ok(()) };
    trace::install(Memory { cpus: &mut parts.into_iter(), names, classes });
    log::info!("trace: {records} records a processor");
    Ok(())
}

fn class_name(index: usize) -> ClassName {
    let name = TABLE[index].0.as_bytes();
    let mut bytes = ClassName::default();
    let length = name.len().min(bytes.len());
    bytes[..length].copy_from_slice(&name[..length]);
    bytes
}
