//! Audit: a record of each denial, which the denied process can neither suppress nor wash away.
//!
//! # Purpose
//! Law 4: whoever is denied something leaves a record that says what was missing and which narrowing took it. All denials
//! come through one function, `object::denial::deny`; [`log`] is what it calls. A [`record`] has a fixed size and is kept
//! in a [`ring`] that gives every process a share; [`device`] reads it as lines of text. The last record of each
//! process is with the process too, for `/proc/PID/denial`.
//!
//! # Invariants
//! 1. Keeping a record allocates nothing. The path of an object is found with memory that may run out; then the
//!    record is without it.
//! 2. What is lost leaves a gap in the numbers, and each record says the how-manieth of its process it is.
//! 3. Reading takes the right AUDIT_READ of the system's root capability, at each read. (Recording a trace
//!    takes the same right: either shows what all others do.)
//!
//! # Locks
//! The ring's lock may be taken under any other; nothing is called under it. Readers are woken after it is released.

pub mod record;
pub mod ring;

#[cfg(target_os = "none")]
pub mod device;
#[cfg(target_os = "none")]
pub mod lesson;
#[cfg(target_os = "none")]
pub mod log;
