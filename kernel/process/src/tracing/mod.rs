//! Tracing: one process stops the threads of others, looks into them and changes them. `ptrace`.
//!
//! # Shape
//! A thread that is traced ([`tracee`]) stops by itself, on its way back to user mode ([`stop`]): at signals, system calls, steps,
//! events and when its process is stopped. It lays a copy of its registers out, tells its tracer, and sleeps. The tracer
//! ([`request`]) works on the copy and on the memory; the thread puts the copy back when it goes on. So nobody ever touches
//! the registers of another thread, and a thread that is killed just leaves.
//!
//! # Authority
//! The tracer is a process, since authority is a table: any of its threads may ask. Whoever controls a process can do
//! whatever it can, so the tracer's table must dominate the tracee's ([`crate::domination`]), not only when it attaches:
//! **every request asks again**. A tracer that narrowed itself below its tracee, or whose tracee got wider by exec,
//! is refused (EPERM, with a record) everything but letting it go. A process that asks to be traced gives nothing away: its parent
//! is asked at each request, too. Slots are not weighed, as in all doors of that rule: what a tracee is sent later is bounded by
//! its ceilings, which its tracer has as well. A program with set-id bits gives a tracee its ids only where the tracer is
//! privileged. SIGKILL always works, in every stop.
//!
//! # Locks
//! Who traces whom is a list for each tracer, guarded by the process list's lock, and so are the events not yet waited for. The
//! copy and the stop have a lock of the thread's own, taken after it.
//!
//! # Cost
//! System calls look at one word, which all that may watch them share (`sync::trace::TRACERS`), and find it zero while nothing is
//! traced.

pub(crate) mod relation;
pub mod request;
pub mod stop;
pub(crate) mod tracee;
pub(crate) mod wait;

pub use relation::{Attach, attach, detach, offer};
pub(crate) use relation::{inherit, is_unprivileged};
pub use stop::{enter_call, leave_call};
pub use tracee::{Action, How};
