//! The thread's permit as the floors above and the sleeping locks use it.

use core::num::NonZeroUsize;
use core::ptr::{self, NonNull};

use sync::park::{Hooks, Token};

use crate::cpu::Cpu;
use crate::current::current_thread;
use crate::switch::{Why, switch};
use crate::thread::Thread;
use crate::wait::Interruptible;
use crate::wake;

/// Sleeps until the running thread's permit is there, and takes it. May also return without. How the sleep may end is
/// for the caller to see to; here it only decides between the states S and D.
pub fn park(interruptible: Interruptible) {
    let me = current_thread();
    me.note_sleep(interruptible);
    if me.parker.try_take() {
        return;
    }
    sync::might_sleep();
    if me.is_idle() {
        // The boot path, which is the idle thread to be, cannot leave its CPU.
        arch::cpu::relax();
        return;
    }
    switch(Why::Parks);
    me.parker.try_take();
}

/// What sleeping locks use.
pub(crate) static HOOKS: Hooks = Hooks {
    current: token,
    park: || park(Interruptible::No),
    unpark: |token| wake::unpark(thread_of(token)),
    urgency: |token| thread_of(token).urgency().raw(),
    lend: lend_token,
    take_back: |token| thread_of(token).take_back(),
    has_lenders: || current_thread().has_lenders(),
    held,
};

fn token() -> Token {
    let address = ptr::from_ref(current_thread()).expose_provenance();
    NonZeroUsize::new(address).unwrap_or(NonZeroUsize::MIN)
}

fn thread_of(token: Token) -> &'static Thread {
    // SAFETY: tokens are addresses of threads, and the hooks' callers make sure that the thread lives.
    unsafe { &*ptr::with_exposed_provenance::<Thread>(token.get()) }
}

fn lend_token(lender: Token, borrower: Token) {
    let (lender, borrower) = (thread_of(lender), thread_of(borrower));
    // A refusal costs inheritance, nothing else: kernel locks are taken in order, so there are no circles of them alone.
    if lender.urgency() <= borrower.urgency() || lender.lend_to(borrower).is_err() {
        lender.take_back();
    }
}

fn held() -> Option<NonNull<sync::HeldList>> {
    Cpu::is_entered().then(|| current_thread().held())
}
