//! What goes wrong with memory, and what was tried.

use abi::Errno;

/// No frame, or no heap block, was to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl From<OutOfMemory> for Errno {
    fn from(_: OutOfMemory) -> Self {
        Errno::ENOMEM
    }
}

impl From<heap_crate::collections::TryReserveError> for OutOfMemory {
    fn from(_: heap_crate::collections::TryReserveError) -> Self {
        OutOfMemory
    }
}

/// What an access wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Load.
    Read,
    /// Store.
    Write,
    /// Fetch an instruction.
    Execute,
}

/// Why a fault could not be resolved; each has one signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultError {
    /// Nothing is mapped there: SIGSEGV, SEGV_MAPERR.
    Unmapped,
    /// Mapped, but not for this access: SIGSEGV, SEGV_ACCERR.
    Denied,
    /// Beyond the end of the mapped object: SIGBUS, BUS_ADRERR.
    BeyondEnd,
    /// No memory to resolve it.
    OutOfMemory,
}

impl From<OutOfMemory> for FaultError {
    fn from(_: OutOfMemory) -> Self {
        FaultError::OutOfMemory
    }
}

impl From<FaultError> for Errno {
    /// What a system call reports when its own access to user memory fails.
    fn from(error: FaultError) -> Self {
        match error {
            FaultError::OutOfMemory => Errno::ENOMEM,
            _ => Errno::EFAULT,
        }
    }
}
