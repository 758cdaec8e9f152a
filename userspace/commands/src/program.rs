//! The program to be confined: found before anything is given up.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Opens a program by its path, or, as a shell finds it, by its name. The error says which was sought.
pub fn open(name: &OsStr) -> io::Result<File> {
    let path = find(name)?;
    File::open(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

fn find(name: &OsStr) -> io::Result<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 || path.is_absolute() {
        return Ok(path.to_owned());
    }
    let directories = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut candidates = env::split_paths(&directories).map(|directory| directory.join(path));
    let not_found = || io::Error::new(io::ErrorKind::NotFound, format!("{}: not found", path.display()));
    candidates.find(|candidate| is_executable(candidate)).ok_or_else(not_found)
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
