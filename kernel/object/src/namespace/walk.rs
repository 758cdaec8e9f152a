//! The walk along a path.
//!
//! A walk keeps where it is and the text still to come: the path, and above it the bodies of symbolic links met on the
//! way. Each step takes one name from the text on top. No lock is held between steps and none is shared with other
//! walks, except for the moment in which a mount that has mounts on it is asked for them.

use super::Location;
use super::location::Entry;
use super::lookup::{LINKS_MAX, LastName, Lookup, LookupFlags, NAME_MAX, PATH_MAX, Place, Target, TrailingSlash};
use crate::{Node, NodeKind};
use abi::{AccessMode, Errno, Result};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What comes after the name just taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// More names.
    Names,
    /// Only slashes.
    Slashes,
    /// Nothing.
    Nothing,
}

/// A piece of text and how much of it is used up.
struct Text<T> {
    bytes: T,
    used: usize,
}

/// Where the name just taken stands.
#[derive(Clone, Copy)]
struct NamePlace {
    /// How many links' bodies are below it: it stands in the path if none are.
    depth: usize,
    start: usize,
    end: usize,
}

pub(super) struct Walk<'a, 'p> {
    lookup: &'a Lookup<'a>,
    at: Location,
    path: Text<&'p [u8]>,
    /// Bodies of links; those from `depth` on are used up, but the last name may still stand there.
    links: Vec<Text<Vec<u8>>>,
    depth: usize,
    followed: u32,
    name: NamePlace,
}

impl<'a, 'p> Walk<'a, 'p> {
    pub(super) fn begin(lookup: &'a Lookup<'a>, path: &'p [u8]) -> Result<Self> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        if path.len() >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        let is_absolute = path[0] == b'/';
        if is_absolute && lookup.flags.contains(LookupFlags::BENEATH) {
            return Err(Errno::EXDEV);
        }
        let at = if is_absolute { lookup.root() } else { lookup.start() };
        Ok(Self {
            lookup,
            at: at.clone(),
            path: Text { bytes: path, used: 0 },
            links: Vec::new(),
            depth: 0,
            followed: 0,
            name: NamePlace { depth: 0, start: 0, end: 0 },
        })
    }

    /// Walks to the end; a last name that is missing is reported as a place.
    pub(super) fn run_to_target(mut self) -> Result<Target> {
        let mut must_be_directory = self.lookup.flags.contains(LookupFlags::DIRECTORY);
        let mut is_named = None;
        while self.take_name()? {
            let rest = self.rest();
            is_named = None;
            let child = match self.enter_special()? {
                Entered::Yes => continue,
                Entered::No => self.at.node().lookup(self.current_name()),
            };
            let child = match child {
                Ok(child) => child,
                Err(Errno::ENOENT) if rest != Rest::Names => return Ok(Target::Missing(self.into_place(rest)?)),
                Err(error) => return Err(error),
            };
            must_be_directory |= rest == Rest::Slashes;
            let follows_last = rest != Rest::Nothing || !self.lookup.flags.contains(LookupFlags::NO_FOLLOW);
            if child.kind() == NodeKind::Symlink && follows_last {
                self.follow(&child)?;
                continue;
            }
            if !child.is_directory() {
                if rest == Rest::Names {
                    return Err(Errno::ENOTDIR);
                }
                is_named = Some(self.at.node().clone());
            }
            self.descend(child)?;
        }
        if must_be_directory && !self.at.node().is_directory() {
            return Err(Errno::ENOTDIR);
        }
        self.finish(is_named).map(Target::Found)
    }

    /// Walks to the directory of the last name.
    pub(super) fn run_to_place(mut self) -> Result<Place> {
        let mut last = LastName::Root;
        while self.take_name()? {
            let rest = self.rest();
            if rest != Rest::Names {
                last = match self.current_name() {
                    b"." => LastName::Dot,
                    b".." => LastName::DotDot,
                    _ => {
                        self.check_search()?;
                        return self.into_place(rest);
                    }
                };
                break;
            }
            if let Entered::Yes = self.enter_special()? {
                continue;
            }
            let child = self.at.node().lookup(self.current_name())?;
            match child.kind() {
                NodeKind::Symlink => self.follow(&child)?,
                NodeKind::Directory => self.descend(child)?,
                _ => return Err(Errno::ENOTDIR),
            }
        }
        Ok(Place { directory: self.at, last, trailing_slash: TrailingSlash::No })
    }

    fn into_place(self, rest: Rest) -> Result<Place> {
        let trailing_slash = if rest == Rest::Slashes { TrailingSlash::Yes } else { TrailingSlash::No };
        let name = copy_name(self.current_name())?;
        Ok(Place { directory: self.at, last: LastName::Name(name), trailing_slash })
    }

    fn finish(self, directory: Option<Arc<dyn Node>>) -> Result<Location> {
        match directory {
            Some(directory) if self.lookup.flags.contains(LookupFlags::NAMED) => {
                let entry = Entry { directory, name: copy_name(self.current_name())? };
                Ok(Location::with_entry(self.at.mount().clone(), self.at.node().clone(), entry))
            }
            _ => Ok(self.at),
        }
    }

    fn current_name(&self) -> &[u8] {
        let NamePlace { depth, start, end } = self.name;
        match depth {
            0 => &self.path.bytes[start..end],
            depth => &self.links[depth - 1].bytes[start..end],
        }
    }

    /// Takes the next name from the text on top; whether there was one.
    fn take_name(&mut self) -> Result<bool> {
        loop {
            let (bytes, used): (&[u8], &mut usize) = match self.depth {
                0 => (self.path.bytes, &mut self.path.used),
                depth => {
                    let text = &mut self.links[depth - 1];
                    (&text.bytes, &mut text.used)
                }
            };
            let start = skip_slashes(bytes, *used);
            let rest = &bytes[start..];
            let length = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            *used = start + length;
            if length > NAME_MAX {
                return Err(Errno::ENAMETOOLONG);
            }
            if length > 0 {
                self.name = NamePlace { depth: self.depth, start, end: start + length };
                return Ok(true);
            }
            if self.depth == 0 {
                return Ok(false);
            }
            self.depth -= 1;
        }
    }

    /// What comes after the name just taken, in the text on top and those below it.
    fn rest(&self) -> Rest {
        let mut rest = Rest::Nothing;
        for depth in (0..=self.depth).rev() {
            let (bytes, used) = match depth {
                0 => (self.path.bytes, self.path.used),
                depth => (self.links[depth - 1].bytes.as_slice(), self.links[depth - 1].used),
            };
            let next = skip_slashes(bytes, used);
            if next < bytes.len() {
                return Rest::Names;
            }
            if used < bytes.len() {
                rest = Rest::Slashes;
            }
        }
        rest
    }

    /// Checks that the walk may search where it is, and goes to `.` or `..` if that is the name.
    fn enter_special(&mut self) -> Result<Entered> {
        self.check_search()?;
        match self.current_name() {
            b"." => Ok(Entered::Yes),
            b".." => {
                self.ascend()?;
                Ok(Entered::Yes)
            }
            _ => Ok(Entered::No),
        }
    }

    fn check_search(&self) -> Result<()> {
        let node = self.at.node();
        if !node.is_directory() {
            return Err(Errno::ENOTDIR);
        }
        let credentials = self.lookup.credentials;
        if credentials.is_privileged()
            || credentials.may(AccessMode::EXECUTE, &node.permissions()?, NodeKind::Directory)
        {
            return Ok(());
        }
        Err(Errno::EACCES)
    }

    /// Goes to the parent: never above the root, and from a mount's root to the parent of the directory it hides.
    fn ascend(&mut self) -> Result<()> {
        if self.at.is_same(self.lookup.root()) {
            return Ok(());
        }
        if self.lookup.flags.contains(LookupFlags::BENEATH) && self.at.is_same(self.lookup.start()) {
            return Err(Errno::EXDEV);
        }
        while self.at.is_mount_root() {
            let Some(point) = self.at.mount().point().cloned() else { return Ok(()) };
            if self.lookup.flags.contains(LookupFlags::NO_CROSS_MOUNT) {
                return Err(Errno::EXDEV);
            }
            self.at = point;
            if self.at.is_same(self.lookup.root()) {
                return Ok(());
            }
        }
        let parent = self.at.node().parent().ok_or(Errno::ENOENT)?;
        self.descend(parent)
    }

    /// Goes to a node of the present mount, and on to whatever is mounted on it.
    fn descend(&mut self, node: Arc<dyn Node>) -> Result<()> {
        let id = node.id();
        self.at.move_within(node);
        let mut covered = self.at.mount().mounted_on(id);
        while let Some(mount) = covered {
            if self.lookup.flags.contains(LookupFlags::NO_CROSS_MOUNT) {
                return Err(Errno::EXDEV);
            }
            let root = mount.root().clone();
            self.at = Location::new(mount, root);
            covered = self.at.mount().mounted_on(self.at.mount().root_id());
        }
        Ok(())
    }

    fn follow(&mut self, link: &Arc<dyn Node>) -> Result<()> {
        let flags = self.lookup.flags;
        self.followed += 1;
        if self.followed > LINKS_MAX || flags.contains(LookupFlags::NO_SYMLINKS) {
            return Err(Errno::ELOOP);
        }
        if let Some(location) = link.follow() {
            if flags.contains(LookupFlags::NO_MAGIC_LINKS) {
                return Err(Errno::ELOOP);
            }
            if flags.intersects(LookupFlags::BENEATH | LookupFlags::IN_ROOT) {
                return Err(Errno::EXDEV);
            }
            self.at = location?;
            return Ok(());
        }
        let bytes = link.read_link()?;
        match bytes.first() {
            None => return Err(Errno::ENOENT),
            Some(b'/') if flags.contains(LookupFlags::BENEATH) => return Err(Errno::EXDEV),
            Some(b'/') => self.at = self.lookup.root().clone(),
            Some(_) => {}
        }
        self.links.truncate(self.depth);
        self.links.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.links.push(Text { bytes, used: 0 });
        self.depth += 1;
        Ok(())
    }
}

fn skip_slashes(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while bytes.get(at) == Some(&b'/') {
        at += 1;
    }
    at
}

/// Whether a name was `.` or `..` and has been dealt with.
enum Entered {
    Yes,
    No,
}

pub(super) fn copy_name(name: &[u8]) -> Result<Box<[u8]>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(name.len()).map_err(|_| Errno::ENOMEM)?;
    copy.extend_from_slice(name);
    Ok(copy.into_boxed_slice())
}
