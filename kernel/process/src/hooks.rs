//! Calls upward and sideways: what this floor needs of floors beside and above it.

use crate::Context;
use abi::ExitStatus;
use sync::Once;

/// The functions that the composition root installs before the first process starts.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// Runs a user thread until it is to end: the user loop.
    pub user_main: fn(&mut Context),
    /// Stores 0 in the word at this address of the current space and wakes a thread that waits on it as a futex.
    pub clear_child_tid: fn(address: u64),
    /// Walks the list of robust futexes that starts at this address of the current space, on behalf of thread `id`.
    pub exit_robust_list: fn(head: u64, id: u32),
    /// Thread `id`, for which others wait, lets go of the futexes with priority inheritance that it holds.
    pub abandon_futexes: fn(id: u32),
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
