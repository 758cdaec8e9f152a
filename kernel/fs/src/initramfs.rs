//! Unpacking the initramfs into a tmpfs.
//!
//! Only names and attributes are made here: a file keeps its slice of the archive and copies a
//! page of it when that page is first written or mapped. Members that cannot be made are logged
//! and passed over; a malformed archive ends the walk, and what came before stays.

use crate::cpio::{self, Entry};
use crate::special::device_number;
use crate::tmpfs::{Inode, New, Tmpfs};
use abi::consts::general;
use abi::types::Timespec;
use abi::{Errno, Mode, Result};
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use object::{Node, NodeKind, Owner, SetAttributes, SetTime};

/// Symbolic links followed on the way to one member.
const LINKS_MAX: u32 = 40;
/// Mode of directories that members lie in and that no member makes.
const IMPLIED_MODE: Mode = Mode::from_bits_truncate(0o755);

/// Which file of which archive: members alike in it are hard links of one another.
type LinkKey = (u32, (u32, u32), u32);

/// What an unpacking did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Members made.
    pub members: usize,
    /// Members passed over or lost: nothing was wrong if 0.
    pub failures: usize,
}

/// Fills `tmpfs` with all archives in `bytes`, later ones over earlier ones.
pub fn unpack(tmpfs: &Tmpfs, bytes: &'static [u8]) -> Result<Summary> {
    let hasher = FixedState::with_seed(arch::random::entropy());
    let mut unpacking = Unpacking {
        root: tmpfs.root_inode().clone(),
        links: HashMap::with_hasher(hasher),
        summary: Summary::default(),
    };
    for entry in cpio::entries(bytes) {
        match entry {
            Ok(entry) => unpacking.member(&entry),
            Err(malformed) => {
                log::error!("initramfs: {malformed}; keeping the {} members before it", unpacking.summary.members);
                unpacking.summary.failures += 1;
            }
        }
    }
    Ok(unpacking.summary)
}

struct Unpacking {
    root: Arc<Inode>,
    /// Files with several names, by identity. Bounded by the archive, which is the boot loader's.
    links: HashMap<LinkKey, Arc<Inode>, FixedState>,
    summary: Summary,
}

impl Unpacking {
    fn member(&mut self, entry: &Entry<'static>) {
        match self.make(entry) {
            Ok(()) => self.summary.members += 1,
            Err(errno) => {
                log::error!("initramfs: {}: {errno}", entry.name.escape_ascii());
                self.summary.failures += 1;
            }
        }
    }

    fn make(&mut self, entry: &Entry<'static>) -> Result<()> {
        let kind = NodeKind::from_mode(entry.mode).ok_or(Errno::EINVAL)?;
        let Some((directory, name)) = self.place(entry.name)? else {
            // `.` or `/`: the root's own attributes.
            return set_attributes(&self.root, entry);
        };
        if let Some(first) = self.first_link(entry) {
            return self.add_link(&directory, name, &first, entry);
        }
        match existing(&directory, name) {
            Some(old) if kind == NodeKind::Directory && old.is_directory() => return set_attributes(&old, entry),
            // A link to a directory stays, so that `lib` may lie over a tree whose `lib` leads to `usr/lib`.
            Some(old) if kind == NodeKind::Directory && self.leads_to_directory(&directory, &old) => return Ok(()),
            Some(old) if old.is_directory() => directory.remove_directory(name)?,
            Some(_) => directory.unlink(name)?,
            None => {}
        }
        let new = match kind {
            NodeKind::File => New::File(entry.data),
            NodeKind::Directory => New::Directory,
            NodeKind::Symlink => New::Link(entry.data),
            special => New::Special(special, device_number(entry.rdev.0, entry.rdev.1)),
        };
        let owner = Owner { uid: entry.uid, gid: entry.gid };
        let inode = directory.add_new(name, new, Mode::from_raw(entry.mode), owner)?;
        set_attributes(&inode, entry)?;
        if kind != NodeKind::Directory && entry.nlink > 1 {
            self.links.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            self.links.insert(key(entry), inode);
        }
        Ok(())
    }

    fn first_link(&self, entry: &Entry<'_>) -> Option<Arc<Inode>> {
        if entry.nlink < 2 { None } else { self.links.get(&key(entry)).cloned() }
    }

    /// A further name of a file that was met before. One of the names carries the data.
    fn add_link(&self, directory: &Arc<Inode>, name: &[u8], first: &Arc<Inode>, entry: &Entry<'static>) -> Result<()> {
        if existing(directory, name).is_some() {
            directory.unlink(name)?;
        }
        let node: Arc<dyn Node> = first.clone();
        directory.link(name, &node)?;
        if !entry.data.is_empty() {
            first.set_archive(entry.data)?;
        }
        set_attributes(first, entry)
    }

    /// The directory that a member goes into, made if it is missing, and the member's last name;
    /// `None` for the root itself. `..` is refused: a member lies beneath the root.
    fn place<'n>(&self, path: &'n [u8]) -> Result<Option<(Arc<Inode>, &'n [u8])>> {
        let mut names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty() && *name != b".").peekable();
        let mut at = self.root.clone();
        while let Some(name) = names.next() {
            if name == b".." || name.len() > object::namespace::NAME_MAX {
                return Err(Errno::EINVAL);
            }
            if names.peek().is_none() {
                return Ok(Some((at, name)));
            }
            at = self.enter(&at, name)?;
        }
        Ok(None)
    }

    /// The directory `name` in `at`: followed if it is a link, made if it is missing.
    fn enter(&self, at: &Arc<Inode>, name: &[u8]) -> Result<Arc<Inode>> {
        match existing(at, name) {
            None => at.add_new(name, New::Directory, IMPLIED_MODE, Owner::default()),
            Some(inode) => self.resolve(at, inode),
        }
    }

    fn leads_to_directory(&self, at: &Arc<Inode>, inode: &Arc<Inode>) -> bool {
        inode.kind() == NodeKind::Symlink && self.resolve(at, inode.clone()).is_ok()
    }

    /// The directory that `inode`, found in `at`, is or leads to. The names still to walk stand in a queue, into
    /// which a link puts its target.
    fn resolve(&self, at: &Arc<Inode>, inode: Arc<Inode>) -> Result<Arc<Inode>> {
        let (mut at, mut found) = (at.clone(), inode);
        let mut pending: VecDeque<Vec<u8>> = VecDeque::new();
        let mut followed = 0;
        loop {
            if found.kind() == NodeKind::Symlink {
                followed += 1;
                if followed > LINKS_MAX {
                    return Err(Errno::ELOOP);
                }
                let target = found.read_link()?;
                if target.first() == Some(&b'/') {
                    at = self.root.clone();
                }
                for name in target.rsplit(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
                    pending.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
                    pending.push_front(mm::alloc::try_to_vec(name)?);
                }
            } else if found.is_directory() {
                at = found;
            } else {
                return Err(Errno::ENOTDIR);
            }
            let Some(name) = pending.pop_front() else { return Ok(at) };
            found = match &name[..] {
                b"." => at.clone(),
                b".." => at.parent_inode()?,
                name => existing(&at, name).ok_or(Errno::ENOENT)?,
            };
        }
    }
}

fn key(entry: &Entry<'_>) -> LinkKey {
    (entry.archive, entry.device, entry.ino)
}

fn existing(directory: &Arc<Inode>, name: &[u8]) -> Option<Arc<Inode>> {
    directory.child(name).ok()
}

fn set_attributes(inode: &Arc<Inode>, entry: &Entry<'_>) -> Result<()> {
    let modified = SetTime::To(Timespec { seconds: entry.mtime.into(), nanoseconds: 0 });
    inode.set_attributes(&SetAttributes {
        mode: Some(Mode::from_raw(entry.mode & !general::S_IFMT)),
        uid: Some(entry.uid),
        gid: Some(entry.gid),
        accessed: Some(modified),
        modified: Some(modified),
    })
}
