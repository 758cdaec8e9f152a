//! Memory: frames, heap, stacks, address spaces. Each case leaves as many frames in use as it found.
#![allow(clippy::expect_used)]

extern crate alloc as heap;

use abi::{Errno, Protection};
use heap::sync::Arc;
use heap::vec::Vec;
use mm::frame::{self, Frame};
use mm::space::{AddressSpace, Advice, Backing, Growth, Mapping, MoveTo, Place, Sharing};
use mm::user::UserPtr;

use super::{Verdict, check};

pub const PAGE: u64 = 4096;

/// Memory in use: frames but for slabs and for kernel stacks that wait for their next thread, and bytes in slab blocks.
pub fn used() -> (usize, usize) {
    let heap = mm::heap::stats();
    (frame::stats().used() - heap.slab_frames - mm::stack::reserve_frames(), heap.slab_bytes)
}

/// Runs `body` and compares the memory in use.
pub fn without_leak(body: impl Fn()) -> Verdict {
    // The first rounds make what is made once: the zero frame, per-CPU caches.
    (0..2).for_each(|_| body());
    let before = settled(|_| false);
    body();
    let after = settled(|now| now == before);
    if before != after {
        log::error!("(frames, heap bytes) in use: {before:?} before, {after:?} after");
    }
    check(before == after, "memory in use did not return to the start")
}

/// Memory in use once ended threads have been buried: as soon as it is as wanted, else after a while.
fn settled(is_wanted: impl Fn((usize, usize)) -> bool) -> (usize, usize) {
    for _ in 0..20 {
        sleep(10_000_000);
        if is_wanted(used()) {
            break;
        }
    }
    used()
}

fn sleep(ns: u64) {
    let _ = sched::timer::sleep_until(arch::clock::now_ns() + ns, sched::Interruptible::No);
}

/// Runs `body` in `space`.
pub fn within<R>(space: &Arc<AddressSpace>, body: impl FnOnce() -> R) -> R {
    sched::current().set_address_space(Some(Arc::clone(space)));
    let result = body();
    sched::current().set_address_space(None);
    result
}

pub fn poke(address: u64, value: u64) -> abi::Result<()> {
    UserPtr::new(address).write(&value)
}

pub fn peek(address: u64) -> abi::Result<u64> {
    UserPtr::new(address).read()
}

pub fn new_space() -> Arc<AddressSpace> {
    AddressSpace::new().expect("a space")
}

pub fn map(space: &AddressSpace, pages: u64) -> u64 {
    space.map(Mapping::anonymous((pages * PAGE) as usize)).expect("a mapping").as_u64()
}

pub fn frames_are_zeroed_counted_and_returned() -> Verdict {
    without_leak(|| {
        let frames: Vec<Frame> = (0..300).map(|_| Frame::zeroed().expect("a frame")).collect();
        let mut bytes = [1; 64];
        for frame in &frames {
            assert_eq!(frame.read(4040, &mut bytes), 56);
            assert!(bytes[..56].iter().all(|byte| *byte == 0));
            frame.write(0, &[0xaa; 4096]);
        }
        let other = frames[0].clone();
        assert!(other.is_shared());
        drop(frames);
        assert!(!other.is_shared());
    })?;
    let block = frame::alloc_contiguous(5).expect("a block");
    assert_eq!(block.addr().as_u64() % (32 * PAGE), 0);
    Ok(())
}

pub fn heap_blocks_are_aligned_and_distinct() -> Verdict {
    use core::alloc::Layout;
    use heap::alloc::{alloc, dealloc};
    without_leak(|| {
        let mut blocks = Vec::new();
        for turn in 0..600usize {
            let size = 1 + turn * 37 % 9000;
            let layout = Layout::from_size_align(size, 1 << (turn % 13)).expect("a layout");
            // SAFETY: the size is not zero.
            let block = unsafe { alloc(layout) };
            assert!(!block.is_null() && (block as usize).is_multiple_of(layout.align()));
            // SAFETY: the block has at least `size` bytes.
            unsafe { block.write_bytes(turn as u8, size) };
            blocks.push((block, layout, turn as u8));
        }
        for (block, layout, mark) in blocks {
            // SAFETY: the block is live and initialised.
            let bytes = unsafe { core::slice::from_raw_parts(block, layout.size()) };
            assert!(bytes.iter().all(|byte| *byte == mark), "a block was overwritten");
            // SAFETY: it came from `alloc` with this layout.
            unsafe { dealloc(block, layout) };
        }
    })?;
    assert!(mm::alloc::try_vec::<u8>(1 << 40).is_err());
    let arc = mm::alloc::try_arc([7u8; 5000]).expect("a large value");
    assert_eq!(arc[4999], 7);
    Ok(())
}

pub fn stacks_lie_above_holes_and_are_returned() -> Verdict {
    use mm::stack::{KernelStack, STACK_SIZE, is_guard};
    without_leak(|| {
        let stacks: Vec<KernelStack> = (0..150).map(|_| KernelStack::new().expect("a stack")).collect();
        for stack in &stacks {
            let lowest = stack.top() - STACK_SIZE as u64;
            // SAFETY: the stack is mapped and nobody runs on it.
            unsafe { lowest.as_mut_ptr::<u64>().write(1) };
            assert!(is_guard(lowest - 1) && !is_guard(lowest));
        }
    })
}

pub fn untouched_pages_read_as_zero() -> Verdict {
    without_leak(|| {
        let space = new_space();
        let base = map(&space, 16);
        within(&space, || {
            assert_eq!(peek(base), Ok(0));
            assert_eq!(space.usage().resident, 0);
            assert_eq!(poke(base, 5), Ok(()));
            assert_eq!(peek(base), Ok(5));
            assert_eq!(poke(base + 3 * PAGE, 6), Ok(()));
            assert_eq!(space.usage().resident, 2);
            assert_eq!(space.advise(base, PAGE as usize, Advice::DontNeed), Ok(()));
            assert_eq!(peek(base), Ok(0));
            assert_eq!(peek(base + 3 * PAGE), Ok(6));
            assert_eq!(space.unmap(base, 16 * PAGE as usize), Ok(()));
            assert_eq!(peek(base), Err(Errno::EFAULT));
        });
    })
}

pub fn forked_spaces_do_not_see_each_others_writes() -> Verdict {
    without_leak(|| {
        let parent = new_space();
        let base = map(&parent, 4);
        within(&parent, || (0..3).for_each(|page| poke(base + page * PAGE, 100 + page).expect("a write")));
        let child = parent.fork().expect("a fork");
        within(&child, || {
            assert_eq!(peek(base), Ok(100));
            assert_eq!(poke(base, 200), Ok(()));
            assert_eq!(poke(base + 3 * PAGE, 203), Ok(()));
        });
        within(&parent, || {
            assert_eq!(peek(base), Ok(100));
            assert_eq!(poke(base + PAGE, 301), Ok(()));
            assert_eq!(peek(base + 3 * PAGE), Ok(0));
        });
        within(&child, || {
            assert_eq!((peek(base), peek(base + PAGE), peek(base + 2 * PAGE)), (Ok(200), Ok(101), Ok(102)))
        });
        drop(parent);
        // The child alone is left: its shared pages are its own now.
        within(&child, || {
            let before = frame::stats().used();
            assert_eq!(poke(base + 2 * PAGE, 402), Ok(()));
            assert_eq!(frame::stats().used(), before, "a page with one owner was copied");
        });
    })
}

pub fn shared_mappings_are_seen_by_the_child() -> Verdict {
    without_leak(|| {
        let parent = new_space();
        let shared = Mapping { sharing: Sharing::Shared, ..Mapping::anonymous(8 * PAGE as usize) };
        let base = parent.map(shared).expect("a mapping").as_u64();
        within(&parent, || poke(base, 1).expect("a write"));
        let child = parent.fork().expect("a fork");
        within(&child, || {
            assert_eq!(peek(base), Ok(1));
            assert_eq!(poke(base + 5 * PAGE, 2), Ok(()));
        });
        within(&parent, || assert_eq!(peek(base + 5 * PAGE), Ok(2)));
        let key = |space: &AddressSpace| space.futex_key(base + 8, mm::space::KeyScope::Any);
        assert_eq!(key(&parent), key(&child));
    })
}

pub fn protection_is_obeyed_by_user_copies() -> Verdict {
    without_leak(|| {
        let space = new_space();
        let base = map(&space, 3);
        let len = 3 * PAGE as usize;
        within(&space, || {
            (0..3).for_each(|page| poke(base + page * PAGE, page).expect("a write"));
            assert_eq!(space.protect(base, len, Protection::READ), Ok(()));
            assert_eq!((poke(base, 1), peek(base + PAGE)), (Err(Errno::EFAULT), Ok(1)));
            assert_eq!(space.protect(base + PAGE, PAGE as usize, Protection::empty()), Ok(()));
            assert_eq!(peek(base + PAGE), Err(Errno::EFAULT));
            assert_eq!(space.regions().expect("a list").len(), 3);
            // Where access ends, a copy ends: the bytes before it have come.
            let mut bytes = [0; 32];
            let mut source = mm::user::Source::from_user(base + PAGE - 8, 32);
            assert_eq!((source.copy_to(&mut bytes), source.remaining()), (Ok(8), 24));
            assert_eq!(source.copy_to(&mut bytes), Err(Errno::EFAULT));
            assert_eq!(space.protect(base, len, Protection::READ | Protection::WRITE), Ok(()));
            assert_eq!(space.regions().expect("a list").len(), 1);
            assert_eq!((peek(base + PAGE), poke(base + PAGE, 9)), (Ok(1), Ok(())));
        });
        assert_eq!(space.copy_to(base + PAGE - 2, b"four"), Ok(()));
        let mut bytes = [0; 4];
        assert_eq!(space.copy_from(base + PAGE - 2, &mut bytes), Ok(()));
        assert_eq!(&bytes, b"four");
    })
}

pub fn moved_pages_keep_their_bytes() -> Verdict {
    without_leak(|| {
        let space = new_space();
        // The second mapping lies just below the first, so it cannot grow in place.
        let (_, base) = (map(&space, 4), map(&space, 4));
        within(&space, || {
            (0..4).for_each(|page| poke(base + page * PAGE, 10 + page).expect("a write"));
            let size = 4 * PAGE as usize;
            assert_eq!(space.remap(base, size, 1 << 20, MoveTo::InPlace), Err(Errno::ENOMEM));
            let moved = space.remap(base, size, 4 << 20, MoveTo::Anywhere).expect("a move").as_u64();
            (0..4).for_each(|page| assert_eq!(peek(moved + page * PAGE), Ok(10 + page)));
            assert_eq!((peek(base), peek(moved + (4 << 20) - 8)), (Err(Errno::EFAULT), Ok(0)));
            let target = 0x1000_0000;
            assert_eq!(space.remap(moved, size, size, MoveTo::Fixed(target)).map(|at| at.as_u64()), Ok(target));
            (0..4).for_each(|page| assert_eq!(peek(target + page * PAGE), Ok(10 + page)));
            assert_eq!(space.remap(target, size, PAGE as usize, MoveTo::InPlace).map(|at| at.as_u64()), Ok(target));
            assert_eq!((peek(target), peek(target + PAGE)), (Ok(10), Err(Errno::EFAULT)));
        });
    })
}

pub fn stacks_of_users_grow_to_their_limit() -> Verdict {
    without_leak(|| {
        let space = new_space();
        let top = 0x7000_0000_0000;
        let mapping =
            Mapping { place: Place::Fixed(top - PAGE), growth: Growth::Down, ..Mapping::anonymous(PAGE as usize) };
        space.map(mapping).expect("a stack");
        let limit = space.limits().stack;
        within(&space, || {
            assert_eq!(poke(top - 8, 1), Ok(()));
            assert_eq!(poke(top - 100 * PAGE, 2), Ok(()));
            assert_eq!(poke(top - limit, 3), Ok(()));
            assert_eq!(poke(top - limit - PAGE, 4), Err(Errno::EFAULT));
            assert_eq!(peek(top - 100 * PAGE), Ok(2));
        });
        assert_eq!(space.usage().stack as u64, limit / PAGE);
    })
}

pub fn the_break_moves_both_ways() -> Verdict {
    without_leak(|| {
        let space = new_space();
        let start = 0x60_0000;
        space.set_brk_start(arch::VirtAddr::new(start));
        within(&space, || {
            assert_eq!(space.brk(0).as_u64(), start);
            assert_eq!(space.brk(start + 5000).as_u64(), start + 5000);
            assert_eq!(poke(start + 4992, 1), Ok(()));
            assert_eq!(space.brk(start + (1 << 20)).as_u64(), start + (1 << 20));
            assert_eq!(space.regions().expect("a list").len(), 1);
            assert_eq!(space.brk(start + 10).as_u64(), start + 10);
            assert_eq!((peek(start), peek(start + 4992)), (Ok(0), Err(Errno::EFAULT)));
            assert_eq!(space.brk(1 << 60).as_u64(), start + 10);
        });
    })
}

pub fn wild_requests_are_refused() -> Verdict {
    let space = new_space();
    let at = |place, len| space.map(Mapping { place, ..Mapping::anonymous(len) });
    assert_eq!(at(Place::Anywhere(0), 0), Err(Errno::EINVAL));
    assert_eq!(at(Place::Anywhere(0), usize::MAX), Err(Errno::ENOMEM));
    assert_eq!(at(Place::Anywhere(u64::MAX), 1 << 47), Err(Errno::ENOMEM));
    assert_eq!(at(Place::Fixed(0), 4096), Err(Errno::EPERM));
    assert_eq!(at(Place::Fixed(1), 4096), Err(Errno::EINVAL));
    assert_eq!(at(Place::Fixed(!4095), 8192), Err(Errno::ENOMEM));
    assert_eq!(space.unmap(0x1000, 0), Err(Errno::EINVAL));
    assert_eq!(space.unmap(!4095, usize::MAX), Err(Errno::EINVAL));
    assert_eq!(space.unmap(0x10_0000, 4096), Ok(()));
    assert_eq!(space.protect(0x10_0000, 4096, Protection::READ), Err(Errno::ENOMEM));
    assert_eq!(space.remap(0x10_0000, 4096, 8192, MoveTo::Anywhere), Err(Errno::EFAULT));
    assert_eq!(space.remap(u64::MAX, usize::MAX, 8192, MoveTo::Anywhere), Err(Errno::EINVAL));
    let base = map(&space, 1);
    assert_eq!(at(Place::FixedNoReplace(base), 4096), Err(Errno::EEXIST));
    within(&space, || {
        for wild in [0, 8, arch::layout::USER_END - 4, arch::layout::USER_END, 1 << 47, 1 << 63, u64::MAX - 3] {
            assert_eq!(peek(wild), Err(Errno::EFAULT), "reading {wild:#x}");
            assert_eq!(poke(wild, 0), Err(Errno::EFAULT), "writing {wild:#x}");
            assert_eq!(mm::user::read_c_string(wild, 100), Err(Errno::EFAULT));
        }
        assert_eq!(mm::user::load_u32(base + 1), Err(Errno::EINVAL));
        assert_eq!(mm::user::compare_exchange_u32(base, 0, 7), Ok(0));
        assert_eq!(mm::user::load_u32(base), Ok(7));
    });
    Ok(())
}

/// Everything that a space can do, with errors passed up.
pub fn exercise() -> Result<(), Errno> {
    let space = AddressSpace::new()?;
    let base = space.map(Mapping::anonymous(64 * PAGE as usize))?.as_u64();
    let shared = space.map(Mapping { sharing: Sharing::Shared, ..Mapping::anonymous(4 * PAGE as usize) })?.as_u64();
    within(&space, || {
        poke(base, 1)?;
        poke(base + 40 * PAGE, 1)?;
        poke(shared, 1)?;
        peek(base + PAGE)?;
        space.protect(base + 4 * PAGE, PAGE as usize, Protection::READ)?;
        space.unmap(base + 8 * PAGE, PAGE as usize)
    })?;
    let child = space.fork()?;
    within(&child, || poke(base, 2))?;
    space.remap(base + 16 * PAGE, 48 * PAGE as usize, 1 << 22, MoveTo::Anywhere)?;
    let copy =
        Mapping { place: Place::Fixed(shared), backing: Backing::Anonymous, ..Mapping::anonymous(PAGE as usize) };
    child.map(copy)?;
    let _stack = mm::stack::KernelStack::new()?;
    Ok(())
}

pub fn every_failed_allocation_is_survived() -> Verdict {
    without_leak(|| {
        assert_eq!(exercise(), Ok(()));
        for nth in 1.. {
            let failure = mm::inject::FailNth::new(nth);
            let result = exercise();
            let was_reached = failure.left() == 0;
            drop(failure);
            if !was_reached {
                assert!(nth > 20, "only {nth} allocations were seen");
                return assert_eq!(result, Ok(()));
            }
            // A user copy whose fault failed tries once more, byte by byte, so all may be well in the end.
            assert!(matches!(result, Ok(()) | Err(Errno::ENOMEM | Errno::EFAULT)), "allocation {nth}: {result:?}");
        }
    })
}

pub fn memory_runs_out_without_a_panic() -> Verdict {
    // Most of the memory is taken in large blocks first, so that the rest is soon filled page by page.
    const REST: usize = 6000;
    let mut blocks = Vec::new();
    while frame::stats().free > REST {
        match frame::alloc_contiguous(10) {
            Ok(block) => blocks.push(block),
            Err(_) => break,
        }
    }
    without_leak(|| {
        let space = new_space();
        let pages = frame::stats().free as u64 * 2;
        let base = map(&space, pages);
        within(&space, || {
            let filled = (0..pages).take_while(|page| poke(base + page * PAGE, *page).is_ok()).count() as u64;
            assert!(filled < pages && filled > pages / 4, "{filled} of {pages} pages");
            assert!(AddressSpace::new().is_err() || Frame::zeroed().is_err());
        });
        space.clear();
        assert!(Frame::zeroed().is_ok());
    })
}
