//! Priority inheritance: who waits for a thread lends it its urgency.
//!
//! A thread that waits for what another holds *lends* to it. A borrower runs with the greatest urgency of its own and its
//! lenders'; if it waits itself, it lends that on, and so along the chain, whether its members run, wait in a queue or
//! sleep, and on whatever CPU. Locks (futexes, kernel mutexes) decide who lends to whom, and say so when that changes.
//!
//! One lock guards all lending. It is taken when a lock with inheritance is contended, never on the way of an ordinary
//! wake-up or switch; the run queue learns of a change through the borrower's word of lent urgency. Lending is refused
//! where it would close a circle, and to threads that have ended; so a walk along a chain ends, and no pointer here
//! outlives its thread: a lender takes back before it goes on, and a thread that ends forgets its lenders.

use core::cell::{Cell, UnsafeCell};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering, fence};

use sync::IrqLock;
use sync::ranks::Lending;

use crate::algorithm::tree::{Links, Tree, TreeNode};
use crate::parameters::Urgency;
use crate::thread::Thread;

/// The longest chain that is followed.
const CHAIN_MAX: usize = 1024;

/// Guards all cells of all [`Account`]s.
static LENDING: IrqLock<(), Lending> = IrqLock::new(());

/// Why a thread cannot lend to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LendError {
    /// The other waits for the lender, or the chain is longer than is followed.
    Circle,
    /// The other has ended.
    Ended,
}

/// A thread's side of lending.
pub(crate) struct Account {
    /// The greatest urgency among the lenders.
    lent: AtomicU8,
    has_lenders: AtomicBool,
    is_lending: AtomicBool,
    has_ended: AtomicBool,
    // Under the lock.
    lenders: UnsafeCell<Tree<Thread>>,
    borrower: Cell<Option<NonNull<Thread>>>,
    links: Links<Thread>,
    /// The urgency under which it stands in the borrower's tree.
    offered: Cell<Urgency>,
}

impl Account {
    pub const fn new() -> Self {
        Self {
            lent: AtomicU8::new(0),
            has_lenders: AtomicBool::new(false),
            is_lending: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            lenders: UnsafeCell::new(Tree::new()),
            borrower: Cell::new(None),
            links: Links::new(),
            offered: Cell::new(Urgency::NONE),
        }
    }

    /// What its lenders lend.
    #[inline]
    pub fn lent(&self) -> Urgency {
        Urgency::from_raw(self.lent.load(Ordering::Relaxed))
    }
}

impl TreeNode for Thread {
    fn links(&self) -> &Links<Self> {
        &self.lending.links
    }

    /// Most urgent first.
    fn key(&self) -> u64 {
        self.lending.offered.get().inverted()
    }

    fn value(&self) -> u64 {
        0
    }
}

/// Follows a pointer under the lock.
fn at<'a>(thread: NonNull<Thread>) -> &'a Thread {
    // SAFETY: lenders and borrowers are alive while they are linked, which the lock's holder sees (module docs).
    unsafe { thread.as_ref() }
}

/// The lenders of a thread, under the lock.
#[expect(clippy::mut_from_ref, reason = "the lock gives the exclusion")]
fn lenders(thread: &Thread) -> &mut Tree<Thread> {
    // SAFETY: the callers hold the lock, and keep the reference for one method of the tree.
    unsafe { &mut *thread.lending.lenders.get() }
}

impl Thread {
    /// How urgent it is: by itself, or by what is lent to it.
    pub fn urgency(&self) -> Urgency {
        self.own_urgency().max(self.lending.lent())
    }

    /// Whether anybody lends to it.
    #[inline]
    pub fn has_lenders(&self) -> bool {
        self.lending.has_lenders.load(Ordering::Relaxed)
    }

    /// Whether it lends to somebody.
    #[inline]
    pub fn is_lending(&self) -> bool {
        self.lending.is_lending.load(Ordering::Relaxed)
    }

    /// Lends its urgency to `borrower`, and to nobody else any more. The caller keeps the borrower alive during the call,
    /// and has the lender take back before it goes on. Any context.
    pub fn lend_to(&self, borrower: &Self) -> Result<(), LendError> {
        let _lending = LENDING.lock();
        if is_circle(self, borrower) {
            return Err(LendError::Circle);
        }
        detach(self);
        self.lending.is_lending.store(true, Ordering::Relaxed);
        borrower.lending.has_lenders.store(true, Ordering::Relaxed);
        // Against the fences in `end_lending` and `follow_parameters`: either they see these marks, or what they changed
        // before is seen here.
        fence(Ordering::SeqCst);
        if borrower.lending.has_ended.load(Ordering::Relaxed) {
            self.lending.is_lending.store(false, Ordering::Relaxed);
            return Err(LendError::Ended);
        }
        attach(self, borrower);
        settle(borrower);
        Ok(())
    }

    /// Lends to nobody any more. Any context.
    pub fn take_back(&self) {
        if self.is_lending() {
            let _lending = LENDING.lock();
            detach(self);
            self.lending.is_lending.store(false, Ordering::Relaxed);
        }
    }

    /// It ends: nobody lends to it from now on. True if somebody did.
    pub fn end_lending(&self) -> bool {
        self.lending.has_ended.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !self.has_lenders() {
            return false;
        }
        let _lending = LENDING.lock();
        while let Some(lender) = lenders(self).first() {
            lenders(self).remove(at(lender));
            at(lender).lending.borrower.set(None);
        }
        settle(self);
        true
    }

    /// Its own parameters have changed: what it lends follows.
    pub(crate) fn follow_parameters(&self) {
        fence(Ordering::SeqCst);
        if self.is_lending() {
            let _lending = LENDING.lock();
            if let Some(borrower) = reprice(self) {
                settle(borrower);
            }
        }
    }
}

/// Whether `borrower` waits, along its chain, for `lender`.
fn is_circle(lender: &Thread, borrower: &Thread) -> bool {
    let mut next = Some(NonNull::from(borrower));
    for _ in 0..CHAIN_MAX {
        match next {
            None => return false,
            Some(thread) if core::ptr::eq(at(thread), lender) => return true,
            Some(thread) => next = at(thread).lending.borrower.get(),
        }
    }
    true
}

fn attach(lender: &Thread, borrower: &Thread) {
    lender.lending.offered.set(lender.urgency());
    lender.lending.borrower.set(Some(NonNull::from(borrower)));
    // SAFETY: it is in no tree, and threads stay in place; it is taken out before it goes on (module docs).
    unsafe { lenders(borrower).insert(lender) };
}

/// Ends the lending of a thread, if it lends.
fn detach(lender: &Thread) {
    if let Some(borrower) = lender.lending.borrower.take() {
        let borrower = at(borrower);
        lenders(borrower).remove(lender);
        settle(borrower);
    }
}

/// Has a lender offer what it has now; whom it lends to, if that is anybody.
fn reprice(lender: &Thread) -> Option<&Thread> {
    let borrower = at(lender.lending.borrower.get()?);
    lenders(borrower).remove(lender);
    attach(lender, borrower);
    Some(borrower)
}

/// Computes anew what is lent to a thread, and to those for whom it waits.
fn settle(thread: &Thread) {
    let mut thread = thread;
    loop {
        let first = lenders(thread).first();
        let lent = first.map_or(Urgency::NONE, |first| at(first).lending.offered.get());
        thread.lending.has_lenders.store(first.is_some(), Ordering::Relaxed);
        let before = Urgency::from_raw(thread.lending.lent.swap(lent.raw(), Ordering::Relaxed));
        if before == lent {
            return;
        }
        if before.max(lent) > thread.own_urgency() {
            thread.refresh_parameters();
        }
        match reprice(thread) {
            Some(next) => thread = next,
            None => return,
        }
    }
}
