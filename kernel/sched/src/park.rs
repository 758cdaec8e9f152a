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
pub(crate) static HOOKS: Hooks = Hooks { current: token, park: || park(Interruptible::No), unpark: unpark_token, held };

fn token() -> Token {
    let address = ptr::from_ref(current_thread()).expose_provenance();
    NonZeroUsize::new(address).unwrap_or(NonZeroUsize::MIN)
}

fn unpark_token(token: Token) {
    // SAFETY: tokens are addresses of threads, and the hook's caller makes sure that the thread lives.
    wake::unpark(unsafe { &*ptr::with_exposed_provenance::<Thread>(token.get()) });
}

fn held() -> Option<NonNull<sync::HeldList>> {
    Cpu::is_entered().then(|| current_thread().held())
}
