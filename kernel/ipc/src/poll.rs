//! Waiting until one of several objects is ready: the core of poll and select.

use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering};
use mm::OutOfMemory;
use object::Object;
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

/// Calls `scan` until it finds something, sleeping in between until one of `objects` may have
/// changed. `None` once the deadline has passed. EINTR, ENOMEM.
///
/// The first call comes before anything is set up, so what is ready costs no more than looking.
pub fn wait_for_any<T>(
    objects: &[Option<Arc<dyn Object>>],
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
    let _attachments = attach(objects, &watcher)?;
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

fn attach(
    objects: &[Option<Arc<dyn Object>>],
    watcher: &Arc<Watcher>,
) -> core::result::Result<Vec<Attachment>, OutOfMemory> {
    let mut attachments = mm::alloc::try_vec(objects.len())?;
    for queue in objects.iter().flatten().filter_map(|object| object.wait_queue()) {
        attachments.push(queue.attach(watcher.clone())?);
    }
    Ok(attachments)
}
