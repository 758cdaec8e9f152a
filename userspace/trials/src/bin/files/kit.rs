//! What these trials have in common: a directory for each case, and calls on paths.

use abi::Result;
use abi::table::number;
use abi::types::Stat;
use libc::AT_SYMLINK_NOFOLLOW;
pub(crate) use libc::{
    O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDWR, O_TRUNC, O_WRONLY,
};
pub(crate) use trials::child::in_child;
pub(crate) use trials::raw::{AT_FDCWD, CLOSED, call, close, fails, open, open_at, read, text, write};

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

pub(crate) fn seek(slot: usize, offset: i64, whence: usize) -> Result<usize> {
    call(number::lseek, &[slot, offset as usize, whence])
}

pub(crate) fn stat(path: &str) -> Result<Stat> {
    let mut stat = Stat::default();
    call(number::newfstatat, &[AT_FDCWD, text(path), &raw mut stat as usize, AT_SYMLINK_NOFOLLOW as usize])?;
    Ok(stat)
}

pub(crate) fn on_path(number: u64, path: &str, more: &[usize]) -> Result<usize> {
    call(number, &[&[text(path)], more].concat())
}
