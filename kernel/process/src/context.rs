//! What a user thread has in hand while it is in the kernel.

use crate::{Process, Task};
use alloc::sync::Arc;
use arch::user::UserContext;
use mm::AddressSpace;
use object::Table;

/// A user thread's own view of itself: owned by the user loop, lent to the handlers of system calls.
///
/// Table and space are held here so that using them takes no lock and writes no shared count; exec swaps them.
pub struct Context {
    /// The thread.
    pub task: Arc<Task>,
    /// Its registers.
    pub user: UserContext,
    /// The capability table of its process.
    pub table: Arc<Table>,
    /// The address space of its process.
    pub space: Arc<AddressSpace>,
}

impl Context {
    /// The process.
    #[inline]
    pub fn process(&self) -> &Arc<Process> {
        self.task.process()
    }
}
