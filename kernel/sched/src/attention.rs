//! The bits of a thread's attention word: what it must look at before it enters user mode.

/// The scheduler wants the CPU for another thread. Set and cleared by this floor alone.
pub const RESCHEDULE: u32 = 1 << 0;
/// A signal may be pending: ends interruptible sleeps.
pub const SIGNAL: u32 = 1 << 1;
/// The thread is to end: ends interruptible and killable sleeps.
pub const KILL: u32 = 1 << 2;
/// A grant was narrowed that the thread may be using: ends interruptible sleeps while one of its uses is barred.
pub const REVOKED: u32 = 1 << 3;
/// The first of the bits that end no sleep; the floors above give them meaning.
pub const FIRST_FREE: u32 = 1 << 4;
