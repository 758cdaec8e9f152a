//! Files as memory, memory as files, and files without names.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::{call, ensure, holding, path};
use trials::Holds;

pub(crate) fn mappings() -> Holds {
    const PAGE: usize = 4096;
    holding(|| {
        let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open("mapped")?;
        file.write_all_at(&[1; 2 * PAGE], 0)?;
        let map = |sharing| {
            // SAFETY: a new mapping of a whole file.
            let at = unsafe {
                libc::mmap(
                    std::ptr::null_mut(),
                    2 * PAGE,
                    libc::PROT_READ | libc::PROT_WRITE,
                    sharing,
                    file.as_raw_fd(),
                    0,
                )
            };
            if at == libc::MAP_FAILED { Err(std::io::Error::last_os_error()) } else { Ok(at.cast::<u8>()) }
        };
        let (shared, private) = (map(libc::MAP_SHARED)?, map(libc::MAP_PRIVATE)?);
        // SAFETY: both mappings are two pages that can be read and written; accesses are volatile, since the file changes too.
        unsafe {
            file.write_all_at(&[2], 0)?;
            ensure(shared.read_volatile() == 2 && private.read_volatile() == 2, "writes are seen")?;
            shared.add(1).write_volatile(3);
            private.add(2).write_volatile(4);
            let mut bytes = [0; 3];
            file.read_exact_at(&mut bytes, 0)?;
            ensure(bytes == [2, 3, 1], "shared stores reach the file, private ones do not")?;
            ensure(private.add(2).read_volatile() == 4 && shared.add(2).read_volatile() == 1, "and not each other")?;
            libc::munmap(shared.cast(), 2 * PAGE);
            libc::munmap(private.cast(), 2 * PAGE);
        }
        Ok(())
    })
}

pub(crate) fn memory_files() -> Holds {
    holding(|| {
        let name = path("trial");
        // SAFETY: a string and flags.
        let slot = call(unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) })?;
        // SAFETY: the slot was just made and is nobody else's.
        let mut file = unsafe { <File as std::os::fd::FromRawFd>::from_raw_fd(slot) };
        file.write_all(b"memory")?;
        let shown = fs::read_link(format!("/proc/self/fd/{slot}"))?;
        ensure(shown == Path::new("/memfd:trial (deleted)"), "its name")?;
        ensure(fs::read(format!("/proc/self/fd/{slot}"))? == b"memory", "opened again")
    })
}

pub(crate) fn unnamed_files() -> Holds {
    holding(|| {
        let file = OpenOptions::new().write(true).custom_flags(libc::O_TMPFILE).mode(0o600).open(".")?;
        ensure(file.metadata()?.nlink() == 0, "no name")?;
        (&file).write_all(b"named late")?;
        let (from, to) = (path(&format!("/proc/self/fd/{}", file.as_raw_fd())), path("late"));
        // SAFETY: both are strings.
        let result = unsafe {
            libc::linkat(libc::AT_FDCWD, from.as_ptr(), libc::AT_FDCWD, to.as_ptr(), libc::AT_SYMLINK_FOLLOW)
        };
        call(result)?;
        ensure(fs::read("late")? == b"named late" && file.metadata()?.nlink() == 1, "its name")
    })
}
