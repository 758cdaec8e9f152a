//! Layers of views: what one process unveiled, as a sorted list of directories.

use super::super::Mount;
use super::super::names::copy_name;
use super::super::path::full_path;
use crate::Location;
use abi::{Errno, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;
use caps::{Cause, PathPermissions};

/// How many directories a layer may know of, bound ones and ways.
const DIRECTORIES_MAX: usize = 4096;

/// What a directory is known by: its file system and its number there. The number is its own as long as the node is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    device: u64,
    number: u64,
}

impl Identity {
    pub(super) fn of(location: &Location) -> Self {
        Self { device: location.mount().file_system().device(), number: location.node().id() }
    }

    pub(super) fn of_root(mount: &Mount) -> Self {
        Self { device: mount.file_system().device(), number: mount.root_id() }
    }

    /// What has this number in the same file system.
    pub(super) fn beside(self, number: u64) -> Self {
        Self { number, ..self }
    }
}

/// What one process unveiled.
pub(super) struct Layer {
    /// Who began it.
    pub(super) cause: Cause,
    directories: Vec<(Identity, Known)>,
    paths: usize,
}

/// What a layer knows of a directory.
pub(super) struct Known {
    /// Keeps the directory, and so its identity.
    at: Location,
    /// What was unveiled for it; `None` if it is only a way, or only has bound names.
    pub(super) bound: Option<PathPermissions>,
    /// Whether something visible is reached through it.
    pub(super) is_way: bool,
    names: Vec<(Box<[u8]>, Bound)>,
}

/// What is bound to a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// Whatever is there, with these permissions.
    Anything(PathPermissions),
    /// A symbolic link that led to something unveiled. What else comes to be there is not bound.
    Link,
}

impl Known {
    fn of(at: Location) -> Self {
        Self { at, bound: None, is_way: false, names: Vec::new() }
    }

    /// What is bound to the name.
    pub(super) fn name(&self, name: &[u8]) -> Option<Bound> {
        self.names.iter().find(|(known, _)| **known == *name).map(|(_, bound)| *bound)
    }

    /// The permissions bound to whatever name the node `id` has here.
    pub(super) fn name_of(&self, id: u64) -> Option<PathPermissions> {
        self.names.iter().find_map(|(name, bound)| match bound {
            Bound::Anything(permissions) if self.at.node().lookup(name).is_ok_and(|node| node.id() == id) => {
                Some(*permissions)
            }
            _ => None,
        })
    }

    fn copy(&self) -> Result<Self> {
        let mut names = room_for(self.names.len())?;
        for (name, bound) in &self.names {
            names.push((copy_name(name)?, *bound));
        }
        Ok(Self { at: self.at.clone(), bound: self.bound, is_way: self.is_way, names })
    }
}

impl Layer {
    /// A layer in which nothing is bound yet.
    pub(super) const fn new(cause: Cause) -> Self {
        Self { cause, directories: Vec::new(), paths: 0 }
    }

    /// What is known of a directory.
    pub(super) fn known(&self, identity: Identity) -> Option<&Known> {
        let at = self.directories.binary_search_by_key(&identity, |(identity, _)| *identity).ok()?;
        Some(&self.directories[at].1)
    }

    /// The same layer again, to be changed.
    pub(super) fn copy(&self) -> Result<Self> {
        let mut directories = room_for(self.directories.len())?;
        for (identity, known) in &self.directories {
            directories.push((*identity, known.copy()?));
        }
        Ok(Self { cause: self.cause, directories, paths: self.paths })
    }

    /// Shows each path that is bound, as it is called now, with its permissions.
    pub(super) fn show(&self, show: &mut dyn FnMut(&[u8], PathPermissions)) -> Result<()> {
        for (_, known) in &self.directories {
            let mut path = full_path(&known.at).unwrap_or_default();
            if let Some(permissions) = known.bound {
                show(&path, permissions);
            }
            let length = path.len();
            for (name, bound) in &known.names {
                let Bound::Anything(permissions) = bound else { continue };
                path.truncate(length);
                path.try_reserve(name.len() + 1).map_err(|_| Errno::ENOMEM)?;
                if path.last() != Some(&b'/') {
                    path.push(b'/');
                }
                path.extend_from_slice(name);
                show(&path, *permissions);
            }
        }
        Ok(())
    }

    /// How many paths are bound.
    pub(super) fn paths(&self) -> usize {
        self.paths
    }

    /// Binds a directory. What was bound before is replaced.
    pub(super) fn bind_directory(&mut self, at: &Location, permissions: PathPermissions) -> Result<()> {
        let known = self.enter(at)?;
        let is_new = known.bound.replace(permissions).is_none();
        self.paths += usize::from(is_new);
        Ok(())
    }

    /// Binds a name in a directory.
    pub(super) fn bind_name(&mut self, directory: &Location, name: &[u8], bound: Bound) -> Result<()> {
        let known = self.enter(directory)?;
        let is_path = bound != Bound::Link;
        let is_new = match known.names.iter_mut().find(|(known, _)| **known == *name) {
            // A link that was unveiled for itself stays so.
            Some(_) if !is_path => false,
            Some((_, old)) => core::mem::replace(old, bound) == Bound::Link,
            None => {
                known.names.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
                known.names.push((copy_name(name)?, bound));
                is_path
            }
        };
        self.paths += usize::from(is_new);
        Ok(())
    }

    /// Lets walks go through a directory.
    pub(super) fn add_way(&mut self, at: &Location) -> Result<()> {
        self.enter(at)?.is_way = true;
        Ok(())
    }

    fn enter(&mut self, at: &Location) -> Result<&mut Known> {
        let identity = Identity::of(at);
        let index = match self.directories.binary_search_by_key(&identity, |(identity, _)| *identity) {
            Ok(index) => index,
            Err(_) if self.directories.len() >= DIRECTORIES_MAX => return Err(Errno::E2BIG),
            Err(index) => {
                self.directories.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
                self.directories.insert(index, (identity, Known::of(at.clone())));
                index
            }
        };
        Ok(&mut self.directories[index].1)
    }
}

fn room_for<T>(count: usize) -> Result<Vec<T>> {
    let mut all = Vec::new();
    all.try_reserve_exact(count).map_err(|_| Errno::ENOMEM)?;
    Ok(all)
}
