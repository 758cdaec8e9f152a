//! Memory that several processors use at once: flushing, faulting, allocating here and freeing there.
#![allow(clippy::expect_used)]

extern crate alloc as heap;

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arch::CpuSet;
use arch::cpu::{self, CpuId};
use heap::boxed::Box;
use heap::sync::Arc;
use heap::vec::Vec;
use mm::space::AddressSpace;
use sched::Thread;

use super::memory::{PAGE, exercise, map, new_space, peek, poke, within, without_leak};
use super::{Verdict, check};

/// Runs `body` on `cpu`, in `space` if one is given.
fn spawn_on(cpu: CpuId, space: Option<&Arc<AddressSpace>>, body: impl FnOnce() + Send + 'static) -> Arc<Thread> {
    let builder = Thread::builder("test").affinity(CpuSet::of(cpu));
    let builder = match space {
        Some(space) => builder.address_space(Arc::clone(space)),
        None => builder,
    };
    builder.spawn(body).expect("a thread")
}

/// Every processor but the one that the calling thread is bound to from now on.
fn others() -> Vec<CpuId> {
    let all: Vec<CpuId> = cpu::online().iter().collect();
    sched::current().set_affinity(CpuSet::of(all[0])).expect("bound");
    all[1..].to_vec()
}

/// What a reader has seen.
#[derive(Default)]
struct Progress {
    reads: AtomicUsize,
    wrong: AtomicUsize,
}

/// Readers on `cpus`, which read `address` until `is_over`: once `has_changed`, they must see what `is_right` wants.
fn readers(
    space: &Arc<AddressSpace>,
    cpus: &[CpuId],
    address: u64,
    state: &Arc<(AtomicBool, AtomicBool)>,
    is_right: fn(abi::Result<u64>) -> bool,
) -> Vec<(Arc<Thread>, Arc<Progress>)> {
    let reader = |cpu: &CpuId| {
        let progress = Arc::new(Progress::default());
        let (state, seen) = (Arc::clone(state), Arc::clone(&progress));
        let thread = spawn_on(*cpu, Some(space), move || {
            while !state.1.load(Ordering::Acquire) {
                let has_changed = state.0.load(Ordering::Acquire);
                let value = peek(address);
                if has_changed && !is_right(value) {
                    seen.wrong.fetch_add(1, Ordering::Relaxed);
                }
                seen.reads.fetch_add(1, Ordering::Release);
            }
        });
        (thread, progress)
    };
    cpus.iter().map(reader).collect()
}

fn wait_for_reads(readers: &[(Arc<Thread>, Arc<Progress>)]) {
    let counts: Vec<usize> = readers.iter().map(|(_, progress)| progress.reads.load(Ordering::Acquire)).collect();
    for ((_, progress), before) in readers.iter().zip(counts) {
        while progress.reads.load(Ordering::Acquire) < before + 3 {
            sched::yield_now();
        }
    }
}

/// Runs `change` while all other processors read `address`, and lets them check what they see afterwards.
fn change_under_readers(
    space: &Arc<AddressSpace>,
    address: u64,
    change: impl FnOnce(),
    is_right: fn(abi::Result<u64>) -> bool,
) -> Verdict {
    let state = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
    let readers = readers(space, &others(), address, &state, is_right);
    wait_for_reads(&readers);
    within(space, change);
    state.0.store(true, Ordering::Release);
    wait_for_reads(&readers);
    state.1.store(true, Ordering::Release);
    readers.iter().for_each(|(thread, _)| thread.join());
    let wrong: usize = readers.iter().map(|(_, progress)| progress.wrong.load(Ordering::Relaxed)).sum();
    check(wrong == 0, "a processor used a stale translation")
}

/// Once `munmap` has returned, no processor reads the page.
pub fn unmapped_pages_are_gone_on_every_processor() -> Verdict {
    let space = new_space();
    let base = map(&space, 1);
    within(&space, || poke(base, 1)).expect("a write");
    change_under_readers(&space, base, || space.unmap(base, PAGE as usize).expect("unmapped"), |value| value.is_err())
}

/// Once a copied page has been written, every thread of the process sees the copy.
pub fn copied_pages_are_seen_on_every_processor() -> Verdict {
    let space = new_space();
    let base = map(&space, 1);
    within(&space, || poke(base, 1)).expect("a write");
    let child = space.fork().expect("a fork");
    change_under_readers(&space, base, || poke(base, 2).expect("a write"), |value| value == Ok(2))?;
    check(within(&child, || peek(base)) == Ok(1), "the child saw its parent's write")
}

/// A flush disturbs those processors that run the space and no other.
pub fn flushes_disturb_only_who_runs_the_space() -> Verdict {
    let space = new_space();
    let base = map(&space, 64);
    within(&space, || (0..64).for_each(|page| poke(base + page * PAGE, 1).expect("a write")));
    let state = Arc::new((AtomicBool::new(false), AtomicBool::new(false)));
    let cpus: Vec<CpuId> = others().into_iter().take(2).collect();
    let readers = readers(&space, &cpus, base, &state, |value| value == Ok(1));
    wait_for_reads(&readers);
    let (_, before) = mm::shootdown::counters();
    const FLUSHES: u64 = 50;
    (1..=FLUSHES).for_each(|page| space.unmap(base + page * PAGE, PAGE as usize).expect("unmapped"));
    let (_, after) = mm::shootdown::counters();
    state.1.store(true, Ordering::Release);
    readers.iter().for_each(|(thread, _)| thread.join());
    // A processor that still has the space loaded since it last ran it is disturbed once, and leaves.
    let most = FLUSHES * cpus.len() as u64 + cpu::online().count() as u64;
    log::info!("{FLUSHES} flushes took {} interrupts", after - before);
    check(after - before <= most, "processors were disturbed that do not run the space")
}

/// Two processors that flush each other's translations all the time both go on.
pub fn processors_that_shoot_at_each_other_go_on() -> Verdict {
    without_leak(|| {
        let space = new_space();
        let threads: Vec<Arc<Thread>> = cpu::online()
            .iter()
            .map(|cpu| {
                let own = Arc::clone(&space);
                spawn_on(cpu, Some(&space), move || {
                    for turn in 0..40 {
                        let base = map(&own, 2);
                        poke(base, turn).expect("a write");
                        own.unmap(base, 2 * PAGE as usize).expect("unmapped");
                    }
                })
            })
            .collect();
        threads.iter().for_each(|thread| thread.join());
    })
}

/// Threads that touch the same pages at the same time find one page each, and lose no write.
pub fn faults_at_one_page_agree() -> Verdict {
    const PAGES: u64 = 200;
    without_leak(|| {
        let space = new_space();
        let base = map(&space, PAGES);
        let threads: Vec<Arc<Thread>> = cpu::online()
            .iter()
            .map(|cpu| {
                spawn_on(cpu, Some(&space), move || {
                    for page in 0..PAGES {
                        let own = base + page * PAGE + cpu.index() as u64 * 8;
                        assert_eq!(peek(own), Ok(0));
                        poke(own, page + 1).expect("a write");
                    }
                })
            })
            .collect();
        threads.iter().for_each(|thread| thread.join());
        assert_eq!(space.usage().resident as u64, PAGES);
        within(&space, || {
            for (cpu, page) in cpu::online().iter().flat_map(|cpu| (0..PAGES).map(move |page| (cpu, page))) {
                assert_eq!(peek(base + page * PAGE + cpu.index() as u64 * 8), Ok(page + 1), "page {page}, {cpu}");
            }
        });
    })
}

/// Blocks that one processor allocates and another frees find their way back.
pub fn blocks_freed_elsewhere_come_back() -> Verdict {
    const ROUNDS: usize = 60;
    type Blocks = Vec<Box<[u64; 16]>>;
    let mut others = others();
    let far = others.pop().unwrap_or(CpuId::BOOT);
    let mut held = 0;
    for round in 0..ROUNDS {
        let blocks: Blocks = (0..500).map(|turn| mm::alloc::try_box([turn; 16]).expect("a block")).collect();
        spawn_on(far, None, move || drop(blocks)).join();
        if round == ROUNDS / 3 {
            held = mm::heap::stats().slab_frames;
        }
    }
    let now = mm::heap::stats().slab_frames;
    log::info!("slab frames: {held} early, {now} late");
    check(now <= held + 8, "blocks pile up at the processor that frees them")
}

/// Everything that a space can do, on all processors at once.
pub fn spaces_churn_on_all_processors() -> Verdict {
    without_leak(|| {
        let threads: Vec<Arc<Thread>> = cpu::online()
            .iter()
            .flat_map(|cpu| [cpu, cpu])
            .map(|cpu| {
                spawn_on(cpu, None, || {
                    for _ in 0..15 {
                        assert_eq!(exercise(), Ok(()));
                    }
                })
            })
            .collect();
        threads.iter().for_each(|thread| thread.join());
    })
}
