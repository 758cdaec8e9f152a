//! Readiness: what an object can do without waiting.

use abi::consts::general;
use bitflags::bitflags;

bitflags! {
    /// What is ready, in the bits of `poll` and `epoll`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Ready: u32 {
        /// Reading will not wait.
        const IN = general::POLLIN;
        /// Urgent data.
        const PRI = general::POLLPRI;
        /// Writing will not wait.
        const OUT = general::POLLOUT;
        /// An error is pending, or nobody reads any more. Reported whether asked for or not.
        const ERR = general::POLLERR;
        /// The other side is gone. Reported whether asked for or not.
        const HUP = general::POLLHUP;
        /// Not an object. Reported whether asked for or not.
        const NVAL = general::POLLNVAL;
        /// Normal data can be read.
        const RDNORM = general::POLLRDNORM;
        /// Normal data can be written.
        const WRNORM = general::POLLWRNORM;
        /// The other side will write no more.
        const RDHUP = general::POLLRDHUP;
    }
}

impl Ready {
    /// Readable.
    pub const READABLE: Self = Self::IN.union(Self::RDNORM);
    /// Writable.
    pub const WRITABLE: Self = Self::OUT.union(Self::WRNORM);
    /// What is always ready: files and devices that never wait.
    pub const ALWAYS: Self = Self::READABLE.union(Self::WRITABLE);
    /// Reported whether asked for or not.
    pub const UNASKED: Self = Self::ERR.union(Self::HUP).union(Self::NVAL);
}
