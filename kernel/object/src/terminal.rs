//! What terminals and processes must know of each other.

use crate::floor::Once;
use crate::{Credentials, Object, Roots, Table};
use abi::{Promises, Result, Signal};
use alloc::sync::{Arc, Weak};

/// A process group, as a terminal sees it.
pub trait ProcessGroup: Send + Sync {
    /// The group's id.
    fn id(&self) -> i32;

    /// The id of the session it is in.
    fn session_id(&self) -> i32;

    /// Signals every member, for the kernel.
    fn signal(&self, signal: Signal);

    /// Whether nobody in the session outside the group could continue it if it stopped.
    fn is_orphaned(&self) -> bool;
}

/// The job-control side of a terminal.
pub trait Terminal: Send + Sync {
    /// The device number.
    fn device(&self) -> u64;

    /// The session whose controlling terminal it is.
    fn session_id(&self) -> Option<i32>;

    /// Makes it the controlling terminal of a session, with this group in the foreground.
    fn set_session(&self, session_id: i32, foreground: Weak<dyn ProcessGroup>);

    /// It is no session's controlling terminal any more.
    fn clear_session(&self);

    /// The group in the foreground.
    fn foreground(&self) -> Option<Arc<dyn ProcessGroup>>;

    /// Puts a group in the foreground.
    fn set_foreground(&self, group: Weak<dyn ProcessGroup>);

    /// The line is gone: reads end, writes fail, the foreground group gets SIGHUP and SIGCONT.
    fn hang_up(&self);
}

/// What an object may ask about the process that is calling it, and have done to it. The floor of processes answers.
pub trait Caller: Send + Sync {
    /// The process id.
    fn process_id(&self) -> i32;

    /// The group of the calling process; `None` for kernel threads.
    fn group(&self) -> Option<Arc<dyn ProcessGroup>>;

    /// Whether the calling process leads its session.
    fn is_session_leader(&self) -> bool;

    /// The group with this id.
    fn find_group(&self, id: i32) -> Option<Arc<dyn ProcessGroup>>;

    /// Whether the calling thread blocks or ignores the signal.
    fn withstands(&self, signal: Signal) -> bool;

    /// Its credentials.
    fn credentials(&self) -> Arc<Credentials>;

    /// The table of the calling process; `None` for kernel threads.
    fn table(&self) -> Option<Arc<Table>>;

    /// Root, working directory and view of the calling process; `None` for kernel threads.
    fn roots(&self) -> Option<Arc<Roots>>;

    /// Whether the calling process kept one of these promises.
    fn has_one(&self, promises: Promises) -> bool;

    /// Refuses unless the calling process kept one of these promises. What it answers then may be its end.
    fn demand_one(&self, promises: Promises) -> Result<()>;

    /// Its controlling terminal, for `/dev/tty`.
    fn controlling_terminal(&self) -> Option<Arc<dyn Object>>;

    /// Gives the caller's session this controlling terminal, or none.
    fn set_controlling_terminal(&self, terminal: Option<Arc<dyn Object>>) -> Result<()>;
}

static CALLER: Once<&'static dyn Caller> = Once::new();

/// Installs what answers [`caller`]. Once, at boot.
pub fn install_caller(caller: &'static dyn Caller) {
    CALLER.call_once(|| caller);
}

/// Whoever is calling; `None` before processes exist.
pub fn caller() -> Option<&'static dyn Caller> {
    CALLER.get().copied()
}
