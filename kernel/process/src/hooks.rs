//! Calls upward and sideways: what this floor needs of floors beside and above it.

use crate::Context;
use abi::ExitStatus;
use sync::Once;

/// The functions that the composition root installs before the first process starts.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Runs a user thread until it is to end: the user loop.
    pub user_main: fn(&mut Context),
    /// Wakes those who wait on the futex word at this address of the current space.
    pub futex_wake: fn(address: u64),
    /// Walks the current thread's list of robust futexes, which starts at this address, on behalf of thread `id`.
    pub robust_exit: fn(head: u64, id: i32),
    /// The first process has ended: ends the machine.
    pub power_off: fn(ExitStatus) -> !,
}

static HOOKS: Once<Hooks> = Once::new();

/// Installs the hooks and answers for callers of the object floor. Once, at boot.
pub fn init(hooks: Hooks) {
    HOOKS.call_once(|| hooks);
    object::install_caller(&crate::caller::CurrentCaller);
}

/// The hooks; `None` before [`init`].
pub(crate) fn get() -> Option<&'static Hooks> {
    HOOKS.get()
}
