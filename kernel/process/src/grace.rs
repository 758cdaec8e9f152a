//! Grace periods: letting what began before a narrowing come to its end.
//!
//! A narrowing takes authority from a table that other threads are using. What they begin afterwards meets the new
//! table; a call that was under way may already hold what it looked up before. So whoever narrowed waits here until
//! every other thread of the table has been at a *safe point* since: a place where a thread holds nothing that it got
//! from the table. There are two.
//!
//! - The border of user mode, in `attend`: the thread's call, if it was in one, is over.
//! - A [`Rest`]: a long stay in the kernel that uses no authority any more, such as being stopped, or waiting for a
//!   `vfork` child.
//!
//! The other threads are given the attention bit of signals. That takes them out of user mode and ends sleeps that a
//! signal would end, so nobody is waited for longer than a bounded piece of work; a call that was interrupted so, with
//! no signal there, begins anew, and is then checked against the new table.
//!
//! # How the two sides see each other
//! The narrowing is written before the epoch is raised, both in one order that all CPUs agree on. A thread that passes
//! reads the epoch and notes it; if it notes the raised one, all that it reads of the table later is the narrowed state. A
//! thread at rest leaves its rest with an exchange that comes after the look that found it resting, so it too reads
//! the narrowed table; and it passes then, since whoever found it resting gave it no attention. Nothing is counted or locked on the way of a call.

use crate::context::Context;
use crate::process::Flag;
use crate::{Process, Task, registry};
use alloc::sync::Arc;
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::SeqCst;
use object::Table;
use sched::{Wait, WaitQueue, attention};

/// How many narrowings there were.
static EPOCH: AtomicU64 = AtomicU64::new(0);
/// Woken when a thread has been at a safe point.
static PASSED: WaitQueue = WaitQueue::new();

/// A stay in the kernel without use of the table; over when dropped.
pub struct Rest<'a>(&'a Task);

impl<'a> Rest<'a> {
    /// The calling thread's, which promises to use nothing that it looked up in its table before.
    pub fn begin(task: &'a Task) -> Self {
        task.is_at_rest.store(true, SeqCst);
        PASSED.wake_all();
        Self(task)
    }
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        // Where rests are nested, the inner one's end is the end; that is on the safe side.
        end_rest(self.0);
    }
}

/// The calling thread goes on, and has not looked into the table since it began to rest.
///
/// It passes as well: whoever found it resting gave it no attention, and may look again only now.
pub(crate) fn end_rest(task: &Task) {
    task.is_at_rest.swap(false, SeqCst);
    pass(task);
}

/// The calling thread is between two calls.
pub(crate) fn pass(task: &Task) {
    task.passed_epoch.store(EPOCH.load(SeqCst), SeqCst);
    PASSED.wake_all();
}

/// The calling thread has given up its table for good.
pub(crate) fn leave(task: &Task) {
    task.is_at_rest.store(true, SeqCst);
    PASSED.wake_all();
}

/// Waits until no other thread that uses the caller's table is still in a call that began before: the last thing that a
/// narrowing call does. Ends early only when the calling thread is to end itself.
pub fn settle(cx: &Context) {
    let epoch = EPOCH.fetch_add(1, SeqCst) + 1;
    let process = cx.process();
    let is_shared = process.has(Flag::SharesTable);
    if !is_shared && process.signals.lock().tasks.len() == 1 {
        return;
    }
    // Two that narrow at once must not wait for each other.
    let _rest = Rest::begin(&cx.task);
    for_each_user(cx, is_shared, &mut |task| {
        if is_behind(task, epoch) {
            task.alert(attention::SIGNAL);
        }
    });
    let _ = PASSED.wait_until(Wait::KILLABLE, || {
        let mut is_waited_for = false;
        for_each_user(cx, is_shared, &mut |task| is_waited_for |= is_behind(task, epoch));
        (!is_waited_for).then_some(())
    });
}

fn is_behind(task: &Task, epoch: u64) -> bool {
    task.passed_epoch.load(SeqCst) < epoch && !task.is_at_rest.load(SeqCst)
}

/// Calls `visit` with each thread but the caller that uses the caller's table, under the lock of its process's signals.
fn for_each_user(cx: &Context, is_shared: bool, visit: &mut dyn FnMut(&Task)) {
    if !is_shared {
        return visit_all(cx.process(), &cx.task, visit);
    }
    let mut last = 0;
    while let Some(process) = registry::next_process(last) {
        last = process.id();
        if process.table().is_some_and(|table: Arc<Table>| Arc::ptr_eq(&table, &cx.table)) {
            visit_all(&process, &cx.task, visit);
        }
    }
}

fn visit_all(process: &Process, caller: &Arc<Task>, visit: &mut dyn FnMut(&Task)) {
    let state = process.signals.lock();
    state.tasks.iter().filter(|task| !Arc::ptr_eq(task, caller)).for_each(|task| visit(task));
}
