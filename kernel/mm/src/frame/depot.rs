//! The frames that no CPU holds: a buddy allocator behind a lock.

use super::Number;
use super::cache::{BATCH, FrameCache};
use crate::algorithm::buddy::{Buddy, MAX_ORDER};
use sync::IrqLock;
use sync::ranks::FrameDepot;

struct Depot {
    buddy: Buddy<'static>,
    total: usize,
}

static DEPOT: IrqLock<Option<Depot>, FrameDepot> = IrqLock::new(None);

/// Installs the allocator; what it has free is all there will be.
pub(super) fn install(buddy: Buddy<'static>) {
    let total = buddy.free_frames();
    *DEPOT.lock() = Some(Depot { buddy, total });
}

/// Frames managed, and frames free here.
pub(super) fn counters() -> (usize, usize) {
    DEPOT.lock().as_ref().map_or((0, 0), |depot| (depot.total, depot.buddy.free_frames()))
}

fn number(frame: usize) -> Option<Number> {
    Number::new(u32::try_from(frame).ok()?)
}

fn push(cache: &FrameCache, number: Number) {
    let pushed = cache.push(number);
    debug_assert!(pushed.is_some(), "a cache that is refilled has room for a batch");
}

/// Puts up to a batch of frames into an empty cache. One block of a whole batch is preferred: it costs one search,
/// and it
/// merges again when its frames come back.
pub(super) fn refill(cache: &FrameCache) {
    const BATCH_ORDER: usize = BATCH.ilog2() as usize;
    let mut guard = DEPOT.lock();
    let Some(depot) = guard.as_mut() else { return };
    if let Some(first) = depot.buddy.allocate(BATCH_ORDER) {
        // The cache is a stack: pushed downwards, frames leave it in ascending order.
        (first..first + BATCH).rev().filter_map(number).for_each(|number| push(cache, number));
        return;
    }
    for _ in 0..BATCH {
        let Some(frame) = depot.buddy.allocate(0) else { return };
        number(frame).into_iter().for_each(|number| push(cache, number));
    }
}

/// Takes a batch out of a full cache.
pub(super) fn drain(cache: &FrameCache) {
    drain_all_but(cache, cache.len().saturating_sub(BATCH));
}

/// Leaves `rest` frames in a cache.
pub(crate) fn drain_all_but(cache: &FrameCache, rest: usize) {
    let mut guard = DEPOT.lock();
    let Some(depot) = guard.as_mut() else { return };
    let surplus = cache.len().saturating_sub(rest);
    cache.take_oldest(surplus, |number| depot.buddy.free(number.get() as usize, 0));
}

/// A block of `1 << order` frames.
pub(crate) fn take(order: u8) -> Option<Number> {
    let order = usize::from(order);
    if order > MAX_ORDER {
        return None;
    }
    number(DEPOT.lock().as_mut()?.buddy.allocate(order)?)
}

/// Takes a block back.
pub(super) fn give(frame: Number, order: u8) {
    if let Some(depot) = DEPOT.lock().as_mut() {
        depot.buddy.free(frame.get() as usize, usize::from(order));
    }
}
