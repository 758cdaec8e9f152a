//! How sleeping locks put a thread to sleep: hooks that the scheduler installs.

use core::num::NonZeroUsize;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::held::HeldList;

/// Names a thread. A multiple of 8; the scheduler uses the thread's address.
pub type Token = NonZeroUsize;

/// The scheduler as locks see it.
///
/// Each thread has one permit. `unpark` grants it (once granted, granting again does nothing) and `park` takes it,
/// sleeping until there is one. `park` may also return without cause, so callers re-check in a loop.
#[derive(Debug)]
pub struct Hooks {
    /// The current thread's token.
    pub current: fn() -> Token,
    /// Sleeps until the current thread's permit is there, and takes it.
    pub park: fn(),
    /// Grants a thread its permit. May be called under spinning locks and with interrupts off.
    ///
    /// The caller makes sure that the thread still exists: it holds a lock which the thread must take before it goes
    /// on.
    pub unpark: fn(Token),
    /// How urgent a thread is; more is more urgent.
    pub urgency: fn(Token) -> u8,
    /// Lends the urgency of a thread that waits to the one that it waits for, if that is less urgent; to nobody else any
    /// more. Both exist, as with `unpark`.
    pub lend: fn(lender: Token, borrower: Token),
    /// Has a thread lend to nobody.
    pub take_back: fn(lender: Token),
    /// Whether anybody lends to the current thread.
    pub has_lenders: fn() -> bool,
    /// The current thread's list of sleeping locks, for the rank checker. `None` where there is no thread yet.
    pub held: fn() -> Option<NonNull<HeldList>>,
}

static HOOKS: AtomicPtr<Hooks> = AtomicPtr::new(core::ptr::null_mut());

/// Installs the scheduler's hooks; from now on sleeping locks sleep. Called once, when the first thread can run.
pub fn install(hooks: &'static Hooks) {
    HOOKS.store(core::ptr::from_ref(hooks).cast_mut(), Ordering::Release);
}

/// The hooks, once there is a scheduler.
#[inline]
pub(crate) fn hooks() -> Option<&'static Hooks> {
    let hooks = HOOKS.load(Ordering::Acquire);
    // SAFETY: null, or the 'static reference that `install` stored.
    unsafe { hooks.as_ref() }
}

/// The owner recorded in locks that are taken before there are threads.
const NO_THREAD: Token = NonZeroUsize::new(8).unwrap();

/// The current thread's token, or a stand-in before there are threads.
#[inline]
pub(crate) fn current() -> Token {
    // Where the machine knows: every mutex asks.
    if let Some(token) = crate::platform::current_thread() {
        return token;
    }
    match hooks() {
        Some(hooks) => (hooks.current)(),
        None => NO_THREAD,
    }
}

/// Sleeps until the permit is there; without a scheduler, relaxes the CPU once.
#[inline]
pub(crate) fn park() {
    match hooks() {
        Some(hooks) => (hooks.park)(),
        None => crate::platform::relax(),
    }
}

/// Grants the permit.
#[inline]
pub(crate) fn unpark(token: Token) {
    if token != NO_THREAD
        && let Some(hooks) = hooks()
    {
        (hooks.unpark)(token);
    }
}

/// How urgent a thread is.
pub(crate) fn urgency(token: Token) -> u8 {
    match hooks() {
        Some(hooks) if token != NO_THREAD => (hooks.urgency)(token),
        _ => 0,
    }
}

/// Has a waiting thread lend its urgency to the one that it waits for.
pub(crate) fn lend(lender: Token, borrower: Token) {
    if lender != NO_THREAD
        && borrower != NO_THREAD
        && let Some(hooks) = hooks()
    {
        (hooks.lend)(lender, borrower);
    }
}

/// Has a thread lend to nobody.
pub(crate) fn take_back(lender: Token) {
    if lender != NO_THREAD
        && let Some(hooks) = hooks()
    {
        (hooks.take_back)(lender);
    }
}

/// Whether anybody lends to the current thread.
pub(crate) fn has_lenders() -> bool {
    hooks().is_some_and(|hooks| (hooks.has_lenders)())
}
