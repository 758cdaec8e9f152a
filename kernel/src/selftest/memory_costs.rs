//! What memory operations cost, in instructions. Exact under `-icount shift=0`, where a tick is an instruction (each
//! iteration
//! of a REP counts, so a zeroed page is 512 of them).
#![allow(clippy::expect_used)]

extern crate alloc as heap;

use abi::Protection;
use arch::clock;
use heap::vec::Vec;
use mm::Access;
use mm::frame::Frame;
use mm::space::{AddressSpace, Mapping};

use super::memory::{PAGE, map, new_space};
use super::{Verdict, check};

/// Ticks for one of `rounds` calls.
fn ticks(rounds: u64, mut body: impl FnMut(u64)) -> u64 {
    let start = clock::read_tsc();
    (0..rounds).for_each(&mut body);
    (clock::read_tsc() - start) / rounds
}

fn fault(space: &AddressSpace, address: u64, access: Access) {
    space.fault(arch::VirtAddr::new(address), access).expect("a page");
}

/// Measures, logs, and compares with bounds where the figures are exact.
pub fn costs() -> Verdict {
    let figures = [
        ("heap block of 64 bytes, taken and freed", heap_block(), 105),
        ("1000 heap blocks of 64 bytes taken, then freed; one", many_heap_blocks(), 215),
        ("frame taken and freed", ticks(1000, |_| drop(Frame::for_overwrite())), 120),
        ("fresh page touched", fresh_page(), 1000),
        ("copy-on-write fault", copy_on_write(), 1100),
        ("mmap and munmap of 1 MiB, untouched", map_and_unmap(), 1800),
        ("mprotect of 1 page of 16", protect(), 1000),
        ("fork of 60 pages, and the child's end", fork(), 7500),
    ];
    // Only under icount is the TSC 1 GHz.
    let is_exact = super::is_exact();
    let mut verdict = Ok(());
    for (name, ticks, most) in figures {
        log::info!("{name}: {ticks} ticks");
        if is_exact && ticks > most && !cfg!(debug_assertions) {
            log::error!("{name}: more than {most} ticks");
            verdict = check(false, "an operation has grown");
        }
    }
    verdict
}

#[inline(never)]
fn heap_block() -> u64 {
    let mut kept = Vec::new();
    ticks(1000, |turn| {
        let block = core::hint::black_box(mm::alloc::try_box([turn; 8]).expect("a block"));
        if turn == 0 {
            kept.push(block);
        }
    })
}

/// Through the depot, other than one block over and over.
#[inline(never)]
fn many_heap_blocks() -> u64 {
    const COUNT: u64 = 1000;
    let mut blocks: Vec<heap::boxed::Box<[u64; 8]>> = mm::alloc::try_vec(COUNT as usize).expect("room");
    let taken = ticks(COUNT, |turn| blocks.push(mm::alloc::try_box([turn; 8]).expect("a block")));
    let most = mm::heap::stats().slab_frames;
    let freed = ticks(COUNT, |_| drop(blocks.pop()));
    log::info!("slab frames: {most} at the most, {} afterwards", mm::heap::stats().slab_frames);
    taken + freed
}

#[inline(never)]
fn fresh_page() -> u64 {
    let space = new_space();
    let base = map(&space, 256);
    fault(&space, base, Access::Write);
    ticks(255, |page| fault(&space, base + (page + 1) * PAGE, Access::Write))
}

#[inline(never)]
fn copy_on_write() -> u64 {
    let space = new_space();
    let base = map(&space, 256);
    (0..256).for_each(|page| fault(&space, base + page * PAGE, Access::Write));
    let _child = space.fork().expect("a fork");
    ticks(256, |page| fault(&space, base + page * PAGE, Access::Write))
}

#[inline(never)]
fn map_and_unmap() -> u64 {
    let space = new_space();
    let neighbour = map(&space, 1);
    fault(&space, neighbour, Access::Write);
    ticks(100, |_| {
        let base = map(&space, 256);
        space.unmap(base, 1 << 20).expect("unmapped");
    })
}

#[inline(never)]
fn protect() -> u64 {
    let space = new_space();
    let base = map(&space, 16);
    (0..16).for_each(|page| fault(&space, base + page * PAGE, Access::Write));
    ticks(100, |turn| {
        let now = if turn % 2 == 0 { Protection::READ } else { Protection::READ | Protection::WRITE };
        space.protect(base + 8 * PAGE, PAGE as usize, now).expect("protected");
    })
}

/// A small static program: text and data low, a heap, and a stack.
#[inline(never)]
fn fork() -> u64 {
    let space = new_space();
    for (start, pages) in [(0x40_0000, 40), (0x50_0000, 10), (0x7000_0000_0000, 10)] {
        let place = mm::space::Place::Fixed(start);
        space.map(Mapping { place, ..Mapping::anonymous((pages * PAGE) as usize) }).expect("a mapping");
        (0..pages).for_each(|page| fault(&space, start + page * PAGE, Access::Write));
    }
    ticks(20, |_| drop(space.fork().expect("a fork")))
}
