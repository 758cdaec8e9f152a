//! Calls that run programs.

use crate::Context;
use crate::arguments::{At, UserPath};
use abi::{AtFlags, Errno, Result};
use alloc::vec::Vec;
use caps::Rights;
use mm::user::{UserPtr, read_c_string};
use object::{LookupFlags, NodeKind};
use process::exec::stack::{STRING_LIMIT, Strings};
use process::exec::{Executable, execute};

/// The most that arguments and environment may take together, whatever the stack's limit.
const TOTAL_LIMIT: usize = 6 << 20;

pub fn execve(cx: &mut Context, path: UserPath, argv: UserPtr<u64>, envp: UserPtr<u64>) -> Result<usize> {
    let path = path.read()?;
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let base = At::cwd(Rights::LOOKUP | Rights::FEXECVE).base(cx, &path)?;
    let location = base.find(&path, LookupFlags::NAMED)?;
    drop(base);
    run(cx, Executable { location, path }, argv, envp)
}

pub fn execveat(
    cx: &mut Context,
    directory: At,
    path: UserPath,
    argv: UserPtr<u64>,
    envp: UserPtr<u64>,
    flags: AtFlags,
) -> Result<usize> {
    if !(AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW).contains(flags) {
        return Err(Errno::EINVAL);
    }
    let path = path.read()?;
    if let Some(held) = directory.itself(cx, &path, flags)? {
        let location = held.location().ok_or(Errno::EACCES)?.clone();
        let path = descriptor_path(held.slot())?;
        return run(cx, Executable { location, path }, argv, envp);
    }
    if path.is_empty() {
        return Err(Errno::ENOENT);
    }
    let mut how = LookupFlags::NAMED;
    how.set(LookupFlags::NO_FOLLOW, flags.contains(AtFlags::SYMLINK_NOFOLLOW));
    let base = directory.base(cx, &path)?;
    let location = base.find(&path, how)?;
    drop(base);
    if location.node().kind() == NodeKind::Symlink {
        return Err(Errno::ELOOP);
    }
    run(cx, Executable { location, path }, argv, envp)
}

fn run(cx: &mut Context, file: Executable, argv: UserPtr<u64>, envp: UserPtr<u64>) -> Result<usize> {
    let mut arguments = read_strings(argv, 0)?;
    let environment = read_strings(envp, arguments.size())?;
    if arguments.count() == 0 {
        // Programs rely on argv[0] being there.
        arguments.push(b"")?;
    }
    execute(cx, file, arguments, &environment)?;
    Ok(0)
}

/// Copies in an array of strings that ends in null; a null array is an empty one. E2BIG.
fn read_strings(array: UserPtr<u64>, taken: usize) -> Result<Strings> {
    let mut strings = Strings::new();
    if array.is_null() {
        return Ok(strings);
    }
    for at in 0.. {
        let address = array.offset(at).read()?;
        if address == 0 {
            break;
        }
        let string = read_c_string(address, STRING_LIMIT).map_err(|error| match error {
            Errno::ENAMETOOLONG => Errno::E2BIG,
            error => error,
        })?;
        strings.push(&string)?;
        if taken + strings.size() > TOTAL_LIMIT {
            return Err(Errno::E2BIG);
        }
    }
    Ok(strings)
}

/// The path under which a file held by a slot can be found again.
fn descriptor_path(slot: i32) -> Result<Vec<u8>> {
    let text = alloc::format!("/dev/fd/{slot}");
    Ok(mm::alloc::try_to_vec(text.as_bytes())?)
}
