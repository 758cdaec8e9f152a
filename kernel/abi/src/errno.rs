//! Error numbers: the one error type of every system call.
//!
//! Numbers below 134 are Linux's. [`Errno::ECAPMODE`] and [`Errno::ENOTCAPABLE`] are the two that
//! capability systems have and Linux lacks; they keep FreeBSD's names and take free numbers. The
//! `ERESTART*` numbers from 512 on stay inside the kernel: the signal code turns each into a restarted call or
//! into `EINTR` before user mode sees it.

use core::fmt;
use core::num::NonZeroU64;

/// The result of anything that a system call may report.
pub type Result<T> = core::result::Result<T, Errno>;

/// One error number. Never zero, so `Result<(), Errno>` is one word; a word itself, so that `Result<usize, Errno>` travels
/// in two registers and not through memory: every system call returns one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Errno(NonZeroU64);

impl Errno {
    /// The largest number that a system call may return negated; results above it are addresses.
    pub const MAX: i64 = 4095;

    /// The error with this number, if it lies in `1..=4095`.
    pub const fn from_raw(number: i64) -> Option<Self> {
        if number < 1 || number > Self::MAX {
            return None;
        }
        match NonZeroU64::new(number as u64) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number, positive.
    pub const fn raw(self) -> i32 {
        self.0.get() as i32
    }

    /// What a system call returns for this error: the number, negated.
    pub const fn to_return(self) -> i64 {
        -(self.0.get() as i64)
    }

    /// Reads a system call's return value: a negative number down to `-4095` is an error.
    pub const fn from_return(value: i64) -> Result<i64> {
        match Self::from_raw(value.wrapping_neg()) {
            Some(errno) => Err(errno),
            None => Ok(value),
        }
    }

    /// Whether the number is one that only the kernel may see.
    pub const fn is_internal(self) -> bool {
        self.0.get() >= 512
    }

    const fn literal(number: u64) -> Self {
        match NonZeroU64::new(number) {
            Some(number) => Self(number),
            None => panic!("an error number is not zero"),
        }
    }
}

macro_rules! errnos {
    ($($name:ident = $number:literal $message:literal)*) => {
        impl Errno {
            $(#[doc = $message] pub const $name: Self = Self::literal($number);)*

            /// The symbolic name, such as `ENOENT`.
            pub const fn name(self) -> &'static str {
                match self.0.get() {
                    $($number => stringify!($name),)*
                    _ => "E?",
                }
            }

            /// What the number means, in words.
            pub const fn message(self) -> &'static str {
                match self.0.get() {
                    $($number => $message,)*
                    _ => "Unknown error",
                }
            }

            /// The error that bears this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

errnos! {
    EPERM = 1 "Operation not permitted"
    ENOENT = 2 "No such file or directory"
    ESRCH = 3 "No such process"
    EINTR = 4 "Interrupted system call"
    EIO = 5 "Input/output error"
    ENXIO = 6 "No such device or address"
    E2BIG = 7 "Argument list too long"
    ENOEXEC = 8 "Exec format error"
    EBADF = 9 "Bad file descriptor"
    ECHILD = 10 "No child processes"
    EAGAIN = 11 "Resource temporarily unavailable"
    ENOMEM = 12 "Cannot allocate memory"
    EACCES = 13 "Permission denied"
    EFAULT = 14 "Bad address"
    ENOTBLK = 15 "Block device required"
    EBUSY = 16 "Device or resource busy"
    EEXIST = 17 "File exists"
    EXDEV = 18 "Invalid cross-device link"
    ENODEV = 19 "No such device"
    ENOTDIR = 20 "Not a directory"
    EISDIR = 21 "Is a directory"
    EINVAL = 22 "Invalid argument"
    ENFILE = 23 "Too many open files in system"
    EMFILE = 24 "Too many open files"
    ENOTTY = 25 "Inappropriate ioctl for device"
    ETXTBSY = 26 "Text file busy"
    EFBIG = 27 "File too large"
    ENOSPC = 28 "No space left on device"
    ESPIPE = 29 "Illegal seek"
    EROFS = 30 "Read-only file system"
    EMLINK = 31 "Too many links"
    EPIPE = 32 "Broken pipe"
    EDOM = 33 "Numerical argument out of domain"
    ERANGE = 34 "Numerical result out of range"
    EDEADLK = 35 "Resource deadlock avoided"
    ENAMETOOLONG = 36 "File name too long"
    ENOLCK = 37 "No locks available"
    ENOSYS = 38 "Function not implemented"
    ENOTEMPTY = 39 "Directory not empty"
    ELOOP = 40 "Too many levels of symbolic links"
    ENOMSG = 42 "No message of desired type"
    EIDRM = 43 "Identifier removed"
    ECHRNG = 44 "Channel number out of range"
    EL2NSYNC = 45 "Level 2 not synchronized"
    EL3HLT = 46 "Level 3 halted"
    EL3RST = 47 "Level 3 reset"
    ELNRNG = 48 "Link number out of range"
    EUNATCH = 49 "Protocol driver not attached"
    ENOCSI = 50 "No CSI structure available"
    EL2HLT = 51 "Level 2 halted"
    EBADE = 52 "Invalid exchange"
    EBADR = 53 "Invalid request descriptor"
    EXFULL = 54 "Exchange full"
    ENOANO = 55 "No anode"
    EBADRQC = 56 "Invalid request code"
    EBADSLT = 57 "Invalid slot"
    EBFONT = 59 "Bad font file format"
    ENOSTR = 60 "Device not a stream"
    ENODATA = 61 "No data available"
    ETIME = 62 "Timer expired"
    ENOSR = 63 "Out of streams resources"
    ENONET = 64 "Machine is not on the network"
    ENOPKG = 65 "Package not installed"
    EREMOTE = 66 "Object is remote"
    ENOLINK = 67 "Link has been severed"
    EADV = 68 "Advertise error"
    ESRMNT = 69 "Srmount error"
    ECOMM = 70 "Communication error on send"
    EPROTO = 71 "Protocol error"
    EMULTIHOP = 72 "Multihop attempted"
    EDOTDOT = 73 "RFS specific error"
    EBADMSG = 74 "Bad message"
    EOVERFLOW = 75 "Value too large for defined data type"
    ENOTUNIQ = 76 "Name not unique on network"
    EBADFD = 77 "File descriptor in bad state"
    EREMCHG = 78 "Remote address changed"
    ELIBACC = 79 "Can not access a needed shared library"
    ELIBBAD = 80 "Accessing a corrupted shared library"
    ELIBSCN = 81 ".lib section in a.out corrupted"
    ELIBMAX = 82 "Attempting to link in too many shared libraries"
    ELIBEXEC = 83 "Cannot exec a shared library directly"
    EILSEQ = 84 "Invalid or incomplete multibyte or wide character"
    ERESTART = 85 "Interrupted system call should be restarted"
    ESTRPIPE = 86 "Streams pipe error"
    EUSERS = 87 "Too many users"
    ENOTSOCK = 88 "Socket operation on non-socket"
    EDESTADDRREQ = 89 "Destination address required"
    EMSGSIZE = 90 "Message too long"
    EPROTOTYPE = 91 "Protocol wrong type for socket"
    ENOPROTOOPT = 92 "Protocol not available"
    EPROTONOSUPPORT = 93 "Protocol not supported"
    ESOCKTNOSUPPORT = 94 "Socket type not supported"
    EOPNOTSUPP = 95 "Operation not supported"
    EPFNOSUPPORT = 96 "Protocol family not supported"
    EAFNOSUPPORT = 97 "Address family not supported by protocol"
    EADDRINUSE = 98 "Address already in use"
    EADDRNOTAVAIL = 99 "Cannot assign requested address"
    ENETDOWN = 100 "Network is down"
    ENETUNREACH = 101 "Network is unreachable"
    ENETRESET = 102 "Network dropped connection on reset"
    ECONNABORTED = 103 "Software caused connection abort"
    ECONNRESET = 104 "Connection reset by peer"
    ENOBUFS = 105 "No buffer space available"
    EISCONN = 106 "Transport endpoint is already connected"
    ENOTCONN = 107 "Transport endpoint is not connected"
    ESHUTDOWN = 108 "Cannot send after transport endpoint shutdown"
    ETOOMANYREFS = 109 "Too many references: cannot splice"
    ETIMEDOUT = 110 "Connection timed out"
    ECONNREFUSED = 111 "Connection refused"
    EHOSTDOWN = 112 "Host is down"
    EHOSTUNREACH = 113 "No route to host"
    EALREADY = 114 "Operation already in progress"
    EINPROGRESS = 115 "Operation now in progress"
    ESTALE = 116 "Stale file handle"
    EUCLEAN = 117 "Structure needs cleaning"
    ENOTNAM = 118 "Not a XENIX named type file"
    ENAVAIL = 119 "No XENIX semaphores available"
    EISNAM = 120 "Is a named type file"
    EREMOTEIO = 121 "Remote I/O error"
    EDQUOT = 122 "Disk quota exceeded"
    ENOMEDIUM = 123 "No medium found"
    EMEDIUMTYPE = 124 "Wrong medium type"
    ECANCELED = 125 "Operation canceled"
    ENOKEY = 126 "Required key not available"
    EKEYEXPIRED = 127 "Key has expired"
    EKEYREVOKED = 128 "Key has been revoked"
    EKEYREJECTED = 129 "Key was rejected by service"
    EOWNERDEAD = 130 "Owner died"
    ENOTRECOVERABLE = 131 "State not recoverable"
    ERFKILL = 132 "Operation not possible due to RF-kill"
    EHWPOISON = 133 "Memory page has hardware error"
    ECAPMODE = 134 "Not permitted in capability mode"
    ENOTCAPABLE = 135 "Capability lacks the right"
    ERESTARTSYS = 512 "Interrupted; restart unless the handler says not to"
    ERESTARTNOINTR = 513 "Interrupted; always restart"
    ERESTARTNOHAND = 514 "Interrupted; restart unless a handler ran"
    ERESTART_RESTARTBLOCK = 516 "Interrupted; restart with adjusted time"
}

impl Errno {
    /// Linux's second name of `EAGAIN`.
    pub const EWOULDBLOCK: Self = Self::EAGAIN;
    /// Linux's second name of `EDEADLK`.
    pub const EDEADLOCK: Self = Self::EDEADLK;
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name(), self.message())
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.name(), self.raw())
    }
}

impl core::error::Error for Errno {}

#[cfg(test)]
mod tests {
    use super::*;
    use linux_raw_sys::errno;

    #[test]
    fn numbers_are_those_of_linux() {
        assert_eq!(Errno::ENOENT.raw() as u32, errno::ENOENT);
        assert_eq!(Errno::ENOSYS.raw() as u32, errno::ENOSYS);
        assert_eq!(Errno::EHWPOISON.raw() as u32, errno::EHWPOISON);
        assert_eq!(Errno::ECAPMODE.raw(), 134);
        assert_eq!(Errno::ENOTCAPABLE.raw(), 135);
    }

    #[test]
    fn return_values_round_trip() {
        assert_eq!(Errno::from_return(-2), Err(Errno::ENOENT));
        assert_eq!(Errno::from_return(0), Ok(0));
        assert_eq!(Errno::from_return(-4096), Ok(-4096));
        assert_eq!(Errno::from_return(i64::MIN), Ok(i64::MIN));
        assert_eq!(Errno::EPERM.to_return(), -1);
        assert_eq!(Errno::from_name("EBADF"), Some(Errno::EBADF));
    }
}
