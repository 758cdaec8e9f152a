//! Raw calls on files, and a directory for each case.

use std::ffi::CString;

use abi::table::number;
use abi::types::Stat;
use abi::{Errno, Result};
use trials::{Holds, equal};

pub(crate) const AT_FDCWD: usize = -100isize as usize;
pub(crate) const O_WRONLY: usize = 1;
pub(crate) const O_RDWR: usize = 2;
pub(crate) const O_CREAT: usize = 0o100;
pub(crate) const O_EXCL: usize = 0o200;
pub(crate) const O_TRUNC: usize = 0o1000;
pub(crate) const O_APPEND: usize = 0o2000;
pub(crate) const O_NONBLOCK: usize = 0o4000;
pub(crate) const O_DIRECTORY: usize = 0o200000;
pub(crate) const O_NOFOLLOW: usize = 0o400000;
pub(crate) const O_CLOEXEC: usize = 0o2000000;
pub(crate) const O_PATH: usize = 0o10000000;
pub(crate) const AT_SYMLINK_NOFOLLOW: usize = 0x100;
pub(crate) const AT_REMOVEDIR: usize = 0x200;
pub(crate) const AT_EMPTY_PATH: usize = 0x1000;
pub(crate) const BAD: usize = 999;

/// A directory for each case.
pub(crate) struct Place {
    pub(crate) root: std::path::PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = std::env::temp_dir().join(format!("trial-files-{}", std::process::id()));
        std::fs::create_dir_all(&root).expect("a scratch directory");
        Self { root }
    }

    pub(crate) fn enter(&self, what: &str) {
        let directory = self.root.join(what.replace([' ', ','], "-"));
        std::fs::create_dir_all(&directory).expect("a directory for the case");
        std::env::set_current_dir(directory).expect("to go there");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::env::set_current_dir("/");
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// A raw call.
pub(crate) fn call(number: u64, words: &[usize]) -> Result<usize> {
    let mut all = [0; 6];
    all[..words.len()].copy_from_slice(words);
    let [a, b, c, d, e, f] = all;
    // SAFETY: each case passes pointers to memory that lives over the call, or wrong ones for the kernel to refuse.
    let result = unsafe { libc::syscall(number as i64, a, b, c, d, e, f) };
    if result >= 0 {
        return Ok(result as usize);
    }
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    Err(Errno::from_raw(errno.into()).unwrap_or(Errno::EIO))
}

/// A text that is never given back: a trial is short.
pub(crate) fn text(text: &str) -> usize {
    CString::new(text).expect("no NUL").into_raw() as usize
}

pub(crate) fn open(path: &str, flags: usize) -> Result<usize> {
    openat(AT_FDCWD, path, flags)
}

pub(crate) fn openat(directory: usize, path: &str, flags: usize) -> Result<usize> {
    call(number::openat, &[directory, text(path), flags, 0o644])
}

pub(crate) fn close(slot: usize) -> Result<usize> {
    call(number::close, &[slot])
}

pub(crate) fn read(slot: usize, count: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; count];
    let read = call(number::read, &[slot, buffer.as_mut_ptr() as usize, count])?;
    buffer.truncate(read);
    Ok(buffer)
}

pub(crate) fn write(slot: usize, bytes: &[u8]) -> Result<usize> {
    call(number::write, &[slot, bytes.as_ptr() as usize, bytes.len()])
}

pub(crate) fn seek(slot: usize, offset: i64, whence: usize) -> Result<usize> {
    call(number::lseek, &[slot, offset as usize, whence])
}

pub(crate) fn stat(path: &str) -> Result<Stat> {
    let mut stat = Stat::default();
    call(number::newfstatat, &[AT_FDCWD, text(path), &raw mut stat as usize, AT_SYMLINK_NOFOLLOW])?;
    Ok(stat)
}

pub(crate) fn on_path(number: u64, path: &str, more: &[usize]) -> Result<usize> {
    call(number, &[&[text(path)], more].concat())
}

pub(crate) fn fails<T: std::fmt::Debug + PartialEq>(result: Result<T>, errno: Errno) -> Holds {
    equal(result, Err(errno))
}

/// Runs `body` in a child; whether it answered true.
pub(crate) fn in_child(body: impl FnOnce() -> bool) -> Result<bool> {
    let failed = |_| Errno::EIO;
    let child = trials::child::fork(|| i32::from(!body())).map_err(failed)?;
    let (_, status) = trials::child::wait(child, 0).map_err(failed)?;
    Ok(status == 0)
}
