//! Calls on open files.

mod attributes;
mod copy;
mod directory;
mod place;
mod transfer;

pub(crate) use attributes::given;
pub use attributes::{fchmod, fchown, flock, fstat, fstatfs};
pub use copy::{copy_file_range, sendfile};
pub use directory::getdents64;
pub use place::{fadvise64, fallocate, fdatasync, fsync, ftruncate, lseek, readahead, sync_file_range, syncfs};
pub(crate) use transfer::check_size;
pub use transfer::{pread64, preadv, preadv2, pwrite64, pwritev, pwritev2, read, readv, write, writev};
