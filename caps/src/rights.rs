//! Rights: what may be done with the object that a capability names.
//!
//! Names are FreeBSD's `rights(4)` (there with `CAP_` before them) wherever FreeBSD has the right and the Linux interface has the
//! operation; the rest are for objects that FreeBSD does not name by descriptors. FreeBSD's rights without a counterpart here are
//! in [`Rights::FOREIGN`], each with its reason.
//!
//! One bit is one right, and what FreeBSD defines as several is a constant ([`Rights::MMAP_R`]). One difference: FreeBSD's rights
//! to change a directory hold LOOKUP as well. Here LOOKUP stands alone, since a denial has to say which of the two is missing.

use bitflags::bitflags;

bitflags! {
    /// A set of rights.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Rights: u128 {
        /// Read bytes or entries.
        const READ = 1 << 0;
        /// Write bytes.
        const WRITE = 1 << 1;
        /// Ask for the offset.
        const SEEK_TELL = 1 << 2;
        /// Move the offset, and choose one in `pread` and its kin; see [`Rights::SEEK`].
        const SEEK_SET = 1 << 3;
        /// Map into memory, with nothing allowed; see [`Rights::MMAP_R`] and its kin.
        const MMAP = 1 << 4;
        /// Map for execution; see [`Rights::MMAP_X`].
        const MMAP_EXECUTE = 1 << 5;
        /// Force to storage.
        const FSYNC = 1 << 6;
        /// Change the size, allocate and punch.
        const FTRUNCATE = 1 << 7;
        /// Execute by descriptor.
        const FEXECVE = 1 << 8;
        /// Make it the working directory.
        const FCHDIR = 1 << 9;
        /// Make it the root.
        const FCHROOT = 1 << 10;
        /// Change the mode.
        const FCHMOD = 1 << 11;
        /// Change owner and group.
        const FCHOWN = 1 << 12;
        /// Change file flags.
        const FCHFLAGS = 1 << 13;
        /// Change times.
        const FUTIMES = 1 << 14;
        /// Ask for attributes.
        const FSTAT = 1 << 15;
        /// Ask for the file system's figures.
        const FSTATFS = 1 << 16;
        /// Ask for limits, and for the path.
        const FPATHCONF = 1 << 17;
        /// Lock.
        const FLOCK = 1 << 18;
        /// Use `fcntl`, within the slot's list of commands.
        const FCNTL = 1 << 19;
        /// Use `ioctl`, within the slot's list of requests.
        const IOCTL = 1 << 20;
        /// Wait for readiness.
        const EVENT = 1 << 21;
        /// Start a path here.
        const LOOKUP = 1 << 22;
        /// Make files beneath it.
        const CREATE = 1 << 23;
        /// Make directories.
        const MKDIRAT = 1 << 24;
        /// Make FIFOs.
        const MKFIFOAT = 1 << 25;
        /// Make device nodes.
        const MKNODAT = 1 << 26;
        /// Make symbolic links.
        const SYMLINKAT = 1 << 27;
        /// Be the source directory of a hard link.
        const LINKAT_SOURCE = 1 << 28;
        /// Be the target directory of a hard link.
        const LINKAT_TARGET = 1 << 29;
        /// Rename from here.
        const RENAMEAT_SOURCE = 1 << 30;
        /// Rename to here.
        const RENAMEAT_TARGET = 1 << 31;
        /// Remove names.
        const UNLINKAT = 1 << 32;
        /// Bind socket names beneath it.
        const BINDAT = 1 << 33;
        /// Connect to socket names beneath it.
        const CONNECTAT = 1 << 34;
        /// Read extended attributes.
        const EXTATTR_GET = 1 << 35;
        /// Set extended attributes.
        const EXTATTR_SET = 1 << 36;
        /// List extended attributes.
        const EXTATTR_LIST = 1 << 37;
        /// Delete extended attributes.
        const EXTATTR_DELETE = 1 << 38;
        /// Accept connections.
        const ACCEPT = 1 << 39;
        /// Bind to an address.
        const BIND = 1 << 40;
        /// Connect to an address.
        const CONNECT = 1 << 41;
        /// Listen.
        const LISTEN = 1 << 42;
        /// Shut down.
        const SHUTDOWN = 1 << 43;
        /// Ask for the peer's address.
        const GETPEERNAME = 1 << 44;
        /// Ask for its own address.
        const GETSOCKNAME = 1 << 45;
        /// Read options.
        const GETSOCKOPT = 1 << 46;
        /// Set options.
        const SETSOCKOPT = 1 << 47;
        /// Collect events from a poll set.
        const KQUEUE_EVENT = 1 << 48;
        /// Change what a poll set waits for.
        const KQUEUE_CHANGE = 1 << 49;
        /// Add watches.
        const INOTIFY_ADD = 1 << 50;
        /// Remove watches.
        const INOTIFY_RM = 1 << 51;
        /// Ask a process descriptor for the id.
        const PDGETPID = 1 << 52;
        /// Wait for the process.
        const PDWAIT = 1 << 53;
        /// Signal the process.
        const PDKILL = 1 << 54;
        /// Trace the process and touch its memory.
        const PROCESS_TRACE = 1 << 55;
        /// Change the process's limits.
        const PROCESS_LIMIT = 1 << 56;
        /// Take a capability out of the process's table.
        const PROCESS_GETFD = 1 << 57;
        /// Make processes.
        const PROCESS_SPAWN = 1 << 58;
        /// Change process group and session.
        const PROCESS_GROUP = 1 << 59;
        /// Make threads.
        const THREAD_SPAWN = 1 << 60;
        /// Read and set a thread's registers.
        const THREAD_STATE = 1 << 61;
        /// Add seals.
        const MEMORY_SEAL = 1 << 62;
        /// Change the size of a memory object.
        const MEMORY_RESIZE = 1 << 63;
        /// Send a message.
        const CHANNEL_SEND = 1 << 64;
        /// Receive a message.
        const CHANNEL_RECEIVE = 1 << 65;
        /// Be sent to another process, or inherited over exec by name.
        const TRANSFER = 1 << 66;
        /// Ask for scheduling parameters and affinity.
        const SCHED_GET = 1 << 67;
        /// Set scheduling parameters.
        const SCHED_SET = 1 << 68;
        /// Choose CPUs.
        const SCHED_AFFINITY = 1 << 69;
        /// Ask for a real-time class.
        const SCHED_REALTIME = 1 << 70;
        /// Ask for a timer's state.
        const TIMER_GET = 1 << 71;
        /// Arm and disarm a timer.
        const TIMER_SET = 1 << 72;
        /// Make child grants of it.
        const DERIVE = 1 << 73;
        /// Revoke what was derived from it.
        const REVOKE = 1 << 74;
        /// Set the clock.
        const CLOCK_SET = 1 << 75;
        /// Mount and unmount.
        const SYSTEM_MOUNT = 1 << 76;
        /// Set host and domain name.
        const SYSTEM_NAME = 1 << 77;
        /// Power off and restart.
        const SYSTEM_POWER = 1 << 78;
        /// Read the kernel's log.
        const SYSTEM_LOG = 1 << 79;
        /// Read the audit log.
        const AUDIT_READ = 1 << 80;
    }
}

/// The combinations that FreeBSD names.
impl Rights {
    /// Move and ask for the offset.
    pub const SEEK: Self = Self::SEEK_TELL.union(Self::SEEK_SET);
    /// `pread`.
    pub const PREAD: Self = Self::READ.union(Self::SEEK);
    /// `pwrite`.
    pub const PWRITE: Self = Self::WRITE.union(Self::SEEK);
    /// Map for reading.
    pub const MMAP_R: Self = Self::MMAP.union(Self::PREAD);
    /// Map, shared, for writing.
    pub const MMAP_W: Self = Self::MMAP.union(Self::PWRITE);
    /// Map for execution.
    pub const MMAP_X: Self = Self::MMAP.union(Self::SEEK).union(Self::MMAP_EXECUTE);
    /// Map for reading and writing.
    pub const MMAP_RW: Self = Self::MMAP_R.union(Self::MMAP_W);
    /// Map for reading and execution.
    pub const MMAP_RX: Self = Self::MMAP_R.union(Self::MMAP_X);
    /// Map for writing and execution.
    pub const MMAP_WX: Self = Self::MMAP_W.union(Self::MMAP_X);
    /// Map for everything.
    pub const MMAP_RWX: Self = Self::MMAP_RW.union(Self::MMAP_X);
    /// `recv` and its kin.
    pub const RECV: Self = Self::READ;
    /// `send` and its kin.
    pub const SEND: Self = Self::WRITE;
    /// Collect events from a poll set and change what it waits for.
    pub const KQUEUE: Self = Self::KQUEUE_EVENT.union(Self::KQUEUE_CHANGE);
    /// Change the file flags of a file beneath a directory.
    pub const CHFLAGSAT: Self = Self::FCHFLAGS.union(Self::LOOKUP);
    /// Use a socket as the side that connects.
    pub const SOCK_CLIENT: Self = Self::CONNECT
        .union(Self::GETPEERNAME)
        .union(Self::GETSOCKNAME)
        .union(Self::GETSOCKOPT)
        .union(Self::RECV)
        .union(Self::SEND)
        .union(Self::SETSOCKOPT)
        .union(Self::SHUTDOWN);
    /// Use a socket as the side that is connected to.
    pub const SOCK_SERVER: Self = Self::ACCEPT
        .union(Self::BIND)
        .union(Self::GETPEERNAME)
        .union(Self::GETSOCKNAME)
        .union(Self::GETSOCKOPT)
        .union(Self::LISTEN)
        .union(Self::RECV)
        .union(Self::SEND)
        .union(Self::SETSOCKOPT)
        .union(Self::SHUTDOWN);
    /// Stat a file beneath a directory.
    pub const FSTATAT: Self = Self::FSTAT.union(Self::LOOKUP);
    /// Change the mode of a file beneath a directory.
    pub const FCHMODAT: Self = Self::FCHMOD.union(Self::LOOKUP);
    /// Change the owner of a file beneath a directory.
    pub const FCHOWNAT: Self = Self::FCHOWN.union(Self::LOOKUP);
    /// Change the times of a file beneath a directory.
    pub const FUTIMESAT: Self = Self::FUTIMES.union(Self::LOOKUP);
    /// No right.
    pub const NONE: Self = Self::empty();
    /// Every right.
    pub const ALL: Self = Self::all();
}

/// Named bundles: what a person grants when thinking of a use rather than of calls.
impl Rights {
    /// What any use of a descriptor needs beside its purpose.
    pub const BASIC: Self = Self::FSTAT
        .union(Self::FSTATFS)
        .union(Self::FPATHCONF)
        .union(Self::FCNTL)
        .union(Self::EVENT)
        .union(Self::TRANSFER);
    /// Read a file or a stream.
    pub const READER: Self = Self::BASIC.union(Self::MMAP_R);
    /// Write a file or a stream.
    pub const WRITER: Self =
        Self::BASIC.union(Self::PWRITE).union(Self::FSYNC).union(Self::FTRUNCATE).union(Self::FLOCK);
    /// Look at a directory tree and read the files in it.
    pub const BROWSER: Self = Self::READER.union(Self::LOOKUP).union(Self::FCHDIR);
    /// Change a directory tree.
    pub const EDITOR: Self = Self::BROWSER
        .union(Self::WRITER)
        .union(Self::CREATE)
        .union(Self::MKDIRAT)
        .union(Self::MKFIFOAT)
        .union(Self::SYMLINKAT)
        .union(Self::LINKAT_SOURCE)
        .union(Self::LINKAT_TARGET)
        .union(Self::RENAMEAT_SOURCE)
        .union(Self::RENAMEAT_TARGET)
        .union(Self::UNLINKAT)
        .union(Self::FCHMOD)
        .union(Self::FUTIMES);
    /// Run programs.
    pub const RUNNER: Self =
        Self::BASIC.union(Self::LOOKUP).union(Self::FEXECVE).union(Self::MMAP_R).union(Self::MMAP_X);
    /// Use a connected socket.
    pub const SPEAKER: Self = Self::BASIC
        .union(Self::READ)
        .union(Self::WRITE)
        .union(Self::SHUTDOWN)
        .union(Self::GETPEERNAME)
        .union(Self::GETSOCKNAME)
        .union(Self::GETSOCKOPT)
        .union(Self::SETSOCKOPT);
    /// Serve on a listening socket.
    pub const SERVER: Self = Self::SPEAKER.union(Self::ACCEPT).union(Self::BIND).union(Self::LISTEN);
    /// Use a terminal as a person does.
    pub const TERMINAL: Self = Self::BASIC.union(Self::READ).union(Self::WRITE).union(Self::IOCTL).union(Self::FCHMOD);
    /// Manage a process through its descriptor.
    pub const KEEPER: Self = Self::BASIC.union(Self::PDGETPID).union(Self::PDWAIT).union(Self::PDKILL);

    /// The bundles by name.
    pub const BUNDLES: &'static [(&'static str, Self)] = &[
        ("basic", Self::BASIC),
        ("reader", Self::READER),
        ("writer", Self::WRITER),
        ("browser", Self::BROWSER),
        ("editor", Self::EDITOR),
        ("runner", Self::RUNNER),
        ("speaker", Self::SPEAKER),
        ("server", Self::SERVER),
        ("terminal", Self::TERMINAL),
        ("keeper", Self::KEEPER),
        ("all", Self::ALL),
    ];

    /// FreeBSD's names that stand for several rights.
    pub const COMBINATIONS: &'static [(&'static str, Self)] = &[
        ("SEEK", Self::SEEK),
        ("PREAD", Self::PREAD),
        ("PWRITE", Self::PWRITE),
        ("MMAP_R", Self::MMAP_R),
        ("MMAP_W", Self::MMAP_W),
        ("MMAP_X", Self::MMAP_X),
        ("MMAP_RW", Self::MMAP_RW),
        ("MMAP_RX", Self::MMAP_RX),
        ("MMAP_WX", Self::MMAP_WX),
        ("MMAP_RWX", Self::MMAP_RWX),
        ("RECV", Self::RECV),
        ("SEND", Self::SEND),
        ("KQUEUE", Self::KQUEUE),
        ("POLL_EVENT", Self::EVENT),
        ("CHFLAGSAT", Self::CHFLAGSAT),
        ("FSTATAT", Self::FSTATAT),
        ("FCHMODAT", Self::FCHMODAT),
        ("FCHOWNAT", Self::FCHOWNAT),
        ("FUTIMESAT", Self::FUTIMESAT),
        ("SOCK_CLIENT", Self::SOCK_CLIENT),
        ("SOCK_SERVER", Self::SOCK_SERVER),
    ];

    /// FreeBSD's names for what there is no operation for here, and why.
    pub const FOREIGN: &'static [(&'static str, &'static str)] = &[
        ("ACL_CHECK", "access control lists are extended attributes"),
        ("ACL_DELETE", "access control lists are extended attributes"),
        ("ACL_GET", "access control lists are extended attributes"),
        ("ACL_SET", "access control lists are extended attributes"),
        ("FSCK", "no file system is checked through its own files"),
        ("MAC_GET", "no labels"),
        ("MAC_SET", "no labels"),
        ("PEELOFF", "no SCTP"),
        ("SEM_GETVALUE", "semaphores are memory, not descriptors"),
        ("SEM_POST", "semaphores are memory, not descriptors"),
        ("SEM_WAIT", "semaphores are memory, not descriptors"),
        ("TTYHOOK", "terminals have no hooks"),
    ];

    /// What a name stands for: FreeBSD's (without `CAP_`) and the other rights in capitals, bundles in small letters.
    pub fn named(name: &str) -> Option<Self> {
        let mut several = Self::COMBINATIONS.iter().chain(Self::BUNDLES);
        Self::from_name(name).or_else(|| several.find(|(known, _)| *known == name).map(|(_, rights)| *rights))
    }
}

#[cfg(test)]
mod tests {
    use super::Rights;
    use std::vec::Vec;

    /// Every name that `rights(4)` and `sys/capsicum.h` of FreeBSD 15 have.
    const FREEBSD: &str = "ACCEPT ACL_CHECK ACL_DELETE ACL_GET ACL_SET BIND BINDAT CHFLAGSAT CONNECT CONNECTAT CREATE EVENT \
        EXTATTR_DELETE EXTATTR_GET EXTATTR_LIST EXTATTR_SET FCHDIR FCHFLAGS FCHMOD FCHMODAT FCHOWN FCHOWNAT FCHROOT FCNTL FEXECVE \
        FLOCK FPATHCONF FSCK FSTAT FSTATAT FSTATFS FSYNC FTRUNCATE FUTIMES FUTIMESAT GETPEERNAME GETSOCKNAME GETSOCKOPT \
        INOTIFY_ADD INOTIFY_RM IOCTL KQUEUE KQUEUE_CHANGE KQUEUE_EVENT LINKAT_SOURCE LINKAT_TARGET LISTEN LOOKUP MAC_GET \
        MAC_SET MKDIRAT MKFIFOAT MKNODAT MMAP MMAP_R MMAP_RW MMAP_RWX MMAP_RX MMAP_W MMAP_WX MMAP_X PDGETPID PDKILL \
        PDWAIT PEELOFF POLL_EVENT PREAD PWRITE READ RECV RENAMEAT_SOURCE RENAMEAT_TARGET SEEK SEEK_TELL SEM_GETVALUE \
        SEM_POST SEM_WAIT SEND SETSOCKOPT SHUTDOWN SOCK_CLIENT SOCK_SERVER SYMLINKAT TTYHOOK UNLINKAT WRITE";

    #[test]
    fn every_right_of_freebsd_is_known_or_has_a_reason_to_be_missing() {
        for name in FREEBSD.split_whitespace() {
            let is_foreign = Rights::FOREIGN.iter().any(|(foreign, _)| *foreign == name);
            assert!(Rights::named(name).is_some() != is_foreign, "{name}");
        }
    }

    #[test]
    fn combinations_and_bundles_have_names() {
        assert_eq!(Rights::named("MMAP_R"), Some(Rights::MMAP | Rights::READ | Rights::SEEK));
        assert_eq!(Rights::named("reader"), Some(Rights::READER));
        assert_eq!(Rights::named("Reader"), None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Rights::ALL.iter_names().map(|(name, _)| name).collect();
        names.extend(Rights::COMBINATIONS.iter().chain(Rights::BUNDLES).map(|(name, _)| *name));
        names.extend(Rights::FOREIGN.iter().map(|(name, _)| *name));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
