//! Waiting until one of several objects is ready: the core of poll and select.

use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};
use object::revocation::{GrantObserver, Waited, Watch};
use sched::{Attachment, Observer, Wait, WaitError, WaitQueue};

/// One thread that watches several queues.
struct Watcher {
    was_told: AtomicBool,
    queue: WaitQueue,
}

impl Observer for Watcher {
    fn notify(&self) {
        self.was_told.store(true, Ordering::Release);
        self.queue.wake_one();
    }
}

impl GrantObserver for Watcher {
    fn narrowed(&self) {
        self.notify();
    }
}

/// What keeps a watcher told: by the queues of the objects, and by the grants that it waits through.
type Ties = (Vec<Attachment>, Vec<Watch>);

/// Calls `scan` until it finds something, sleeping in between until one of `objects` may have
/// changed. `None` once the deadline has passed. EINTR, ENOMEM.
///
/// The first call comes before anything is set up, so what is ready costs no more than looking.
pub fn wait_for_any<T>(
    objects: &[Option<Waited>],
    how: Wait,
    mut scan: impl FnMut() -> Option<T>,
) -> Result<Option<T>> {
    if let Some(found) = scan() {
        return Ok(Some(found));
    }
    if how.deadline_ns.is_some_and(|deadline| deadline <= arch::clock::now_ns()) {
        return Ok(None);
    }
    let watcher = mm::alloc::try_arc(Watcher { was_told: AtomicBool::new(false), queue: WaitQueue::new() })?;
    let _ties = attach(objects, &watcher)?;
    loop {
        // Cleared before the look: a change after it is told anew.
        watcher.was_told.store(false, Ordering::SeqCst);
        if let Some(found) = scan() {
            return Ok(Some(found));
        }
        match watcher.queue.wait_until(how, || watcher.was_told.load(Ordering::Acquire).then_some(())) {
            Ok(()) => {}
            Err(WaitError::TimedOut) => return Ok(scan()),
            Err(WaitError::Interrupted) => return Err(Errno::EINTR),
        }
    }
}

fn attach(objects: &[Option<Waited>], watcher: &Arc<Watcher>) -> Result<Ties> {
    let (mut attachments, mut watches) = (mm::alloc::try_vec(objects.len())?, Vec::new());
    for waited in objects.iter().flatten() {
        if let Some(queue) = waited.wait_queue() {
            attachments.push(queue.attach(watcher.clone())?);
        }
        // One whose grant is gone by now is found by the next look.
        if let Some(watch) = waited.watch(watcher.clone())? {
            mm::alloc::try_push(&mut watches, watch)?;
        }
    }
    Ok((attachments, watches))
}
