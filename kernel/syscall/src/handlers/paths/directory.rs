//! The working directory and the root.

use super::{cwd, find, location};
use crate::Context;
use crate::arguments::UserPath;
use abi::{AccessMode, AtFlags, Errno, Result};
use caps::{Rights, Root};
use mm::user::Sink;
use object::namespace::view::Sight;
use object::namespace::{Leave, path_of};
use object::{Held, Location, LookupFlags, NodeKind};
use process::gate;

/// Writes the path of the working directory with its zero byte, and says how long that is. ERANGE for too little room.
pub fn getcwd(cx: &mut Context, mut buf: Sink<'_>) -> Result<usize> {
    let roots = cx.table.roots();
    gate::demand_root(cx, Root::WorkingDirectory)?;
    let mut path = path_of(&roots, &roots.cwd)?;
    mm::alloc::try_push(&mut path, 0)?;
    if path.len() > buf.remaining() {
        return Err(Errno::ERANGE);
    }
    buf.write(&path)
}

/// Makes what a path names the working directory, with the rights that the way there left. EACCES if not searchable.
pub fn chdir(cx: &mut Context, path: UserPath) -> Result<usize> {
    let named = find(cx, cwd(Rights::FCHDIR), path, AtFlags::empty(), LookupFlags::DIRECTORY)?;
    check_search(cx, &named.location)?;
    cx.table.set_cwd(named.location, named.leave).map(|()| 0)
}

/// Makes an open directory the working directory, with the rights of its slot. ENOENT if the view hides it.
pub fn fchdir(cx: &mut Context, fd: Held) -> Result<usize> {
    let location = location(&fd)?;
    if !matches!(cx.table.roots().sight_of(location), None | Some(Sight::Visible(_))) {
        return Err(Errno::ENOENT);
    }
    check_search(cx, location)?;
    cx.table.set_cwd(location.clone(), Leave::of(fd.capability())).map(|()| 0)
}

/// Makes what a path names the root, which takes an effective user id of 0 (EPERM). The working directory stays.
pub fn chroot(cx: &mut Context, path: UserPath) -> Result<usize> {
    let named = find(cx, cwd(Rights::FCHROOT), path, AtFlags::empty(), LookupFlags::DIRECTORY)?;
    check_search(cx, &named.location)?;
    if cx.process().credentials().euid != 0 {
        return Err(Errno::EPERM);
    }
    cx.table.set_root(named.location, named.leave).map(|()| 0)
}

fn check_search(cx: &Context, location: &Location) -> Result<()> {
    let permissions = location.node().permissions()?;
    if cx.process().credentials().may(AccessMode::EXECUTE, &permissions, NodeKind::Directory) {
        return Ok(());
    }
    Err(Errno::EACCES)
}
