//! Flags of messages.

use bitflags::bitflags;
use linux_raw_sys::net;

bitflags! {
    /// Flags of sending and receiving: `MSG_*`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct MessageFlags: u32 {
        /// Urgent data.
        const OUT_OF_BAND = net::MSG_OOB;
        /// Leave it where it is.
        const PEEK = net::MSG_PEEK;
        /// Do not route.
        const DONT_ROUTE = net::MSG_DONTROUTE;
        /// Some of what came along was lost for want of room.
        const CONTROL_TRUNCATED = net::MSG_CTRUNC;
        /// The message was larger than the room for it; asked for: tell its whole size.
        const TRUNCATED = net::MSG_TRUNC;
        /// Do not wait.
        const DONT_WAIT = net::MSG_DONTWAIT;
        /// The end of a record.
        const END_OF_RECORD = net::MSG_EOR;
        /// Wait until all the room is filled.
        const WAIT_ALL = net::MSG_WAITALL;
        /// Errors that were put aside.
        const ERROR_QUEUE = net::MSG_ERRQUEUE;
        /// No SIGPIPE.
        const NO_SIGNAL = net::MSG_NOSIGNAL;
        /// More will follow.
        const MORE = net::MSG_MORE;
        /// Do not wait after the first message.
        const WAIT_FOR_ONE = 0x1_0000;
        /// Received slots are closed by exec.
        const CLOSE_ON_EXEC = net::MSG_CMSG_CLOEXEC;
    }
}
