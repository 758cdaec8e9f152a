//! Renaming.
//!
//! Moves of directories are serialised by the file system's rename lock, so the tree above the
//! two directories stands still while it is asked whether one is the other's ancestor. Moves of
//! anything else need only the two directories' entries, locked together.

use super::directory::{Directory, Opened};
use super::inode::Inode;
use abi::{Errno, RenameFlags, Result};
use alloc::sync::Arc;
use object::NodeKind;

/// What a rename leaves to be done once the entries' locks are open.
struct Moved {
    /// What moved.
    inode: Arc<Inode>,
    /// What was replaced or exchanged.
    other: Option<Arc<Inode>>,
}

/// Renames `old` in `source` to `new` in `target`, both directories of one file system.
pub fn rename(source: &Inode, old: &[u8], target: &Inode, new: &[u8], flags: RenameFlags) -> Result<()> {
    let (no_replace, exchange) = (RenameFlags::NO_REPLACE, RenameFlags::EXCHANGE);
    if flags.contains(RenameFlags::WHITEOUT) || flags.contains(no_replace | exchange) {
        return Err(Errno::EINVAL);
    }
    let moves_directory = |inode: &Inode, name: &[u8]| -> Result<bool> {
        let directory = inode.directory()?.open();
        Ok(directory.get(name).is_some_and(|inode| inode.node_kind() == NodeKind::Directory))
    };
    // A directory that appears under these names after the look is met in `Step::check`.
    if moves_directory(source, old)? || moves_directory(target, new)? {
        let _renames = source.store.renames.lock();
        return Step { source, old, target, new, flags, may_move_directories: true }.run();
    }
    match (Step { source, old, target, new, flags, may_move_directories: false }).run() {
        Err(Errno::EAGAIN) => {
            let _renames = source.store.renames.lock();
            Step { source, old, target, new, flags, may_move_directories: true }.run()
        }
        done => done,
    }
}

struct Step<'a> {
    source: &'a Inode,
    old: &'a [u8],
    target: &'a Inode,
    new: &'a [u8],
    flags: RenameFlags,
    /// Whether the rename lock is held.
    may_move_directories: bool,
}

impl Step<'_> {
    fn run(&self) -> Result<()> {
        if self.may_move_directories {
            self.check_ancestors()?;
        }
        let (from, to) = (self.source.directory()?, self.target.directory()?);
        let moved = if core::ptr::eq(from, to) {
            self.within(&mut from.open())?
        } else {
            let (mut from_entries, mut to_entries) = from.open_two(to);
            self.across(&mut from_entries, &mut to_entries, to)?
        };
        if let Some(moved) = moved {
            self.settle(&moved)?;
        }
        Ok(())
    }

    /// A directory must not move beneath itself, and must not replace one of its ancestors.
    fn check_ancestors(&self) -> Result<()> {
        let find = |inode: &Inode, name: &[u8]| -> Result<Option<Arc<Inode>>> {
            Ok(inode.directory()?.open().get(name).cloned())
        };
        let moving = find(self.source, self.old)?;
        let replaced = find(self.target, self.new)?;
        if let Some(moving) = moving
            && is_within(self.target, &moving)
        {
            return Err(Errno::EINVAL);
        }
        if let Some(replaced) = replaced
            && is_within(self.source, &replaced)
        {
            let is_exchange = self.flags.contains(RenameFlags::EXCHANGE);
            return Err(if is_exchange { Errno::EINVAL } else { Errno::ENOTEMPTY });
        }
        Ok(())
    }

    /// Decides whether `moving` may take the place of `replaced`, and kills a directory that is replaced.
    /// `Ok(false)`: both are the same file, nothing is to be done.
    fn check(&self, moving: &Arc<Inode>, replaced: Option<&Arc<Inode>>) -> Result<bool> {
        let is_directory = |inode: &Arc<Inode>| inode.node_kind() == NodeKind::Directory;
        if !self.may_move_directories && (is_directory(moving) || replaced.is_some_and(is_directory)) {
            return Err(Errno::EAGAIN);
        }
        let Some(replaced) = replaced else {
            let is_exchange = self.flags.contains(RenameFlags::EXCHANGE);
            return if is_exchange { Err(Errno::ENOENT) } else { Ok(true) };
        };
        if self.flags.contains(RenameFlags::NO_REPLACE) {
            return Err(Errno::EEXIST);
        }
        if Arc::ptr_eq(moving, replaced) {
            return Ok(false);
        }
        if self.flags.contains(RenameFlags::EXCHANGE) {
            return Ok(true);
        }
        match (is_directory(moving), is_directory(replaced)) {
            (true, false) => Err(Errno::ENOTDIR),
            (false, true) => Err(Errno::EISDIR),
            (true, true) => replaced.directory()?.die().map(|()| true),
            (false, false) => Ok(true),
        }
    }

    fn within(&self, entries: &mut Opened<'_>) -> Result<Option<Moved>> {
        let moving = entries.get(self.old).ok_or(Errno::ENOENT)?.clone();
        let replaced = entries.get(self.new).cloned();
        if !self.check(&moving, replaced.as_ref())? {
            return Ok(None);
        }
        match &replaced {
            None => entries.insert(self.new, moving.clone())?,
            Some(_) => drop(entries.replace(self.new, moving.clone())),
        }
        // `moving` and `replaced` hold the inodes, so no drop here is the last one.
        match &replaced {
            Some(other) if self.flags.contains(RenameFlags::EXCHANGE) => {
                drop(entries.replace(self.old, other.clone()));
            }
            _ => drop(entries.remove(self.old)),
        }
        Ok(Some(Moved { inode: moving, other: replaced }))
    }

    fn across(&self, from: &mut Opened<'_>, to: &mut Opened<'_>, target: &Directory) -> Result<Option<Moved>> {
        let moving = from.get(self.old).ok_or(Errno::ENOENT)?.clone();
        let replaced = to.get(self.new).cloned();
        if target.is_dead() {
            return Err(Errno::ENOENT);
        }
        if !self.check(&moving, replaced.as_ref())? {
            return Ok(None);
        }
        match &replaced {
            None => to.insert(self.new, moving.clone())?,
            Some(_) => drop(to.replace(self.new, moving.clone())),
        }
        match &replaced {
            Some(other) if self.flags.contains(RenameFlags::EXCHANGE) => {
                drop(from.replace(self.old, other.clone()));
            }
            _ => drop(from.remove(self.old)),
        }
        Ok(Some(Moved { inode: moving, other: replaced }))
    }

    /// Sets link counts, parents and times right.
    fn settle(&self, moved: &Moved) -> Result<()> {
        let is_exchange = self.flags.contains(RenameFlags::EXCHANGE);
        let is_across = !core::ptr::eq(self.source, self.target);
        if is_across {
            change_parent(&moved.inode, self.source, self.target);
        }
        match &moved.other {
            Some(other) if is_exchange && is_across => change_parent(other, self.target, self.source),
            Some(other) if !is_exchange && other.node_kind() == NodeKind::Directory => {
                other.drop_links(2);
                self.target.drop_links(1);
            }
            Some(other) if !is_exchange => other.drop_links(1),
            _ => {}
        }
        moved.inode.attributes.lock().stamp_changed();
        self.source.stamp_modified();
        if is_across {
            self.target.stamp_modified();
        }
        Ok(())
    }
}

/// A directory went from one directory to another: its `..` counts as a link of its parent.
fn change_parent(inode: &Inode, from: &Inode, to: &Inode) {
    if let Ok(directory) = inode.directory() {
        directory.set_parent(to.this.clone());
        from.drop_links(1);
        to.attributes.lock().links += 1;
    }
}

/// Whether `inode` is `ancestor` or lies beneath it. The rename lock is held.
fn is_within(inode: &Inode, ancestor: &Arc<Inode>) -> bool {
    if core::ptr::eq(inode, Arc::as_ptr(ancestor)) {
        return true;
    }
    let mut at = inode.directory().ok().and_then(Directory::parent);
    while let Some(here) = at {
        if Arc::ptr_eq(&here, ancestor) {
            return true;
        }
        let above = here.directory().ok().and_then(Directory::parent);
        at = above.filter(|above| !Arc::ptr_eq(above, &here));
    }
    false
}
