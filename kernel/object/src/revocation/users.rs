//! The threads that use grants, and how those who narrow one wait for them.

use abi::{Errno, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use caps::{Grant, Rights};
use sched::{Thread, Wait, WaitQueue, attention};
use sync::SpinLock;
use sync::ranks::GrantUsers;

/// Every thread that ever used a grant and lives. A thread enters before its first use and keeps its place.
static USERS: SpinLock<Users, GrantUsers> = SpinLock::new(Users { threads: Vec::new(), next: 0 });

/// Who narrowed a grant sleeps here until the uses that it barred are over.
static AT_BORDER: WaitQueue = WaitQueue::new();

struct Users {
    threads: Vec<Weak<Thread>>,
    /// Where the search for a place of a thread that is gone goes on.
    next: usize,
}

/// How many places the search looks at when a thread enters, so that entering is short.
const PLACES_LOOKED_AT: usize = 4;

impl Users {
    fn enter(&mut self, thread: Weak<Thread>) -> Result<()> {
        for _ in 0..PLACES_LOOKED_AT.min(self.threads.len()) {
            self.next = (self.next + 1) % self.threads.len();
            if self.threads[self.next].strong_count() == 0 {
                self.threads[self.next] = thread;
                return Ok(());
            }
        }
        self.threads.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.threads.push(thread);
        Ok(())
    }
}

/// A use of a grant that is under way in the running thread.
pub struct Use(sched::Use);

impl Use {
    /// Notes that the running thread is about to do what needs `rights`. `None` if the grant does not allow it, or not any
    /// more. ENOMEM.
    #[inline]
    pub fn begin(grant: &Arc<Grant>, rights: Rights) -> Result<Option<Self>> {
        if !sched::current().uses().is_known() {
            enter()?;
        }
        // Never full by what calls do; if one ever did more, it would be refused and not unnoted.
        let begun = sched::Use::begin(grant, rights).ok_or(Errno::ENFILE)?;
        Ok(begun.is_allowed(rights).then_some(Self(begun)))
    }

    /// As [`Use::begin`], for a thread that has used a grant before. `None` too if it has not.
    #[inline]
    pub(crate) fn begin_again(grant: &Arc<Grant>, rights: Rights) -> Option<Self> {
        if !sched::current().uses().is_known() {
            return None;
        }
        let begun = sched::Use::begin(grant, rights)?;
        begun.is_allowed(rights).then_some(Self(begun))
    }

    /// Notes that the use needs `rights` too; false if the grant does not allow that.
    pub fn extend(&self, rights: Rights) -> bool {
        self.0.extend(rights)
    }

    /// Whether the grant has come not to allow it.
    pub fn is_barred(&self) -> bool {
        self.0.is_barred()
    }
}

#[cold]
fn enter() -> Result<()> {
    let thread = sched::current_arc();
    USERS.lock().enter(Arc::downgrade(&thread))?;
    thread.uses().note_known();
    Ok(())
}

/// The running thread is between two calls, after it was told that grants were narrowed: its uses are over.
pub fn thread_is_at_border() {
    AT_BORDER.wake_all();
}

/// Ends or awaits every use that its grant does not allow any more.
pub(super) fn settle() -> Result<()> {
    // All are told before any is waited for, so that they leave side by side.
    interrupt();
    for_each_barred(|thread| {
        thread.set_attention(attention::REVOKED);
        let is_over = || (!thread.uses().is_any_barred()).then_some(());
        AT_BORDER.wait_until(Wait::KILLABLE, is_over).map_err(|_| Errno::EINTR)
    })
}

/// Ends the sleeps of uses that their grants do not allow any more.
pub(super) fn interrupt() {
    let _ = for_each_barred(|thread| {
        thread.set_attention(attention::REVOKED);
        Ok(())
    });
}

fn for_each_barred(mut act: impl FnMut(&Arc<Thread>) -> Result<()>) -> Result<()> {
    let mut at = 0;
    // A thread that enters behind the search does so after the narrowing, and sees it.
    while let Some(thread) = next_from(&mut at) {
        if let Some(thread) = thread
            && thread.uses().is_any_barred()
        {
            act(&thread)?;
        }
    }
    Ok(())
}

/// The thread at a place, if it still lives; `None` behind the last place.
fn next_from(at: &mut usize) -> Option<Option<Arc<Thread>>> {
    let users = USERS.lock();
    let thread = users.threads.get(*at)?.upgrade();
    *at += 1;
    Some(thread)
}
