//! Flags of opening, finding and renaming files.

use bitflags::bitflags;
use linux_raw_sys::general;

bitflags! {
    /// What `open` was asked for, and what the open file keeps of it. The low two bits are the access mode: see [`OpenFlags::can_read`].
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct OpenFlags: u32 {
        /// Access mode 1: writing only.
        const WRITE_ONLY = general::O_WRONLY;
        /// Access mode 2: both.
        const READ_WRITE = general::O_RDWR;
        /// Make the file if it is missing.
        const CREATE = general::O_CREAT;
        /// Fail if it exists.
        const EXCLUSIVE = general::O_EXCL;
        /// A terminal opened does not become the controlling one.
        const NO_CONTROLLING_TTY = general::O_NOCTTY;
        /// Cut to length zero.
        const TRUNCATE = general::O_TRUNC;
        /// Every write goes to the end.
        const APPEND = general::O_APPEND;
        /// Report EAGAIN rather than wait.
        const NONBLOCK = general::O_NONBLOCK;
        /// Writes return when the data is stored.
        const DSYNC = general::O_DSYNC;
        /// Send SIGIO when ready.
        const ASYNC = general::FASYNC;
        /// No cache.
        const DIRECT = general::O_DIRECT;
        /// Accepted; all files are large.
        const LARGE_FILE = general::O_LARGEFILE;
        /// Fail unless it is a directory.
        const DIRECTORY = general::O_DIRECTORY;
        /// Fail if the last component is a symbolic link.
        const NO_FOLLOW = general::O_NOFOLLOW;
        /// Reading leaves the access time.
        const NO_ATIME = general::O_NOATIME;
        /// The slot is closed by exec.
        const CLOSE_ON_EXEC = general::O_CLOEXEC;
        /// Writes return when data and attributes are stored.
        const SYNC = general::O_SYNC;
        /// Only a name for the location: no reading nor writing.
        const PATH = general::O_PATH;
        /// A file without a name.
        const TEMPORARY = general::O_TMPFILE;
    }
}

bitflags! {
    /// Flags of the `*at` calls.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct AtFlags: u32 {
        /// Act on a last symbolic link itself.
        const SYMLINK_NOFOLLOW = general::AT_SYMLINK_NOFOLLOW;
        /// Act on what a last symbolic link names.
        const SYMLINK_FOLLOW = general::AT_SYMLINK_FOLLOW;
        /// unlinkat: remove a directory. The same bit is AT_EACCESS for faccessat2.
        const REMOVE_DIRECTORY = general::AT_REMOVEDIR;
        /// Accepted; nothing is mounted on access.
        const NO_AUTOMOUNT = general::AT_NO_AUTOMOUNT;
        /// An empty path names the descriptor itself.
        const EMPTY_PATH = general::AT_EMPTY_PATH;
        /// statx: ask the server.
        const FORCE_SYNC = general::AT_STATX_FORCE_SYNC;
        /// statx: the cache will do.
        const DONT_SYNC = general::AT_STATX_DONT_SYNC;
    }
}

bitflags! {
    /// Limits on a path walk: `openat2`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ResolveFlags: u64 {
        /// Do not cross a mount point.
        const NO_CROSS_MOUNT = general::RESOLVE_NO_XDEV as u64;
        /// Do not follow links that are not paths, as in /proc/PID/fd.
        const NO_MAGIC_LINKS = general::RESOLVE_NO_MAGICLINKS as u64;
        /// Follow no symbolic link.
        const NO_SYMLINKS = general::RESOLVE_NO_SYMLINKS as u64;
        /// Stay beneath the starting directory.
        const BENEATH = general::RESOLVE_BENEATH as u64;
        /// Treat the starting directory as the root.
        const IN_ROOT = general::RESOLVE_IN_ROOT as u64;
        /// Only if no waiting is needed.
        const CACHED = general::RESOLVE_CACHED as u64;
    }
}

bitflags! {
    /// Flags of `renameat2`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct RenameFlags: u32 {
        /// Fail if the new name exists.
        const NO_REPLACE = general::RENAME_NOREPLACE;
        /// Swap the two names.
        const EXCHANGE = general::RENAME_EXCHANGE;
        /// Leave a whiteout behind.
        const WHITEOUT = general::RENAME_WHITEOUT;
    }
}

bitflags! {
    /// What `access` asks about.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct AccessMode: u32 {
        /// Reading.
        const READ = general::R_OK;
        /// Writing.
        const WRITE = general::W_OK;
        /// Executing or searching.
        const EXECUTE = general::X_OK;
    }
}
