//! Why one of Tessera's calls failed.

use std::fmt;
use std::io;

use abi::Errno;

/// Why one of Tessera's calls failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The kernel is not Tessera, or an older one: it does not know the call. Nothing has changed.
    Unsupported,
    /// The kernel refused.
    System(Errno),
}

/// What the functions of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The error's number; `None` if the call is not there.
    pub const fn errno(self) -> Option<Errno> {
        match self {
            Self::Unsupported => None,
            Self::System(errno) => Some(errno),
        }
    }
}

impl From<Errno> for Error {
    /// Tessera answers ENOSYS for calls that it does not know, and for nothing else.
    fn from(errno: Errno) -> Self {
        if errno == Errno::ENOSYS { Self::Unsupported } else { Self::System(errno) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported => f.write_str("this kernel does not have the call: it is not Tessera, or an older one"),
            Self::System(errno) => errno.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Unsupported => io::Error::new(io::ErrorKind::Unsupported, error),
            Error::System(errno) => io::Error::from_raw_os_error(errno.raw()),
        }
    }
}
