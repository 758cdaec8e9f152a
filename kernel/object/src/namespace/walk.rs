//! The walk along a path.
//!
//! A walk keeps where it is and the names still to come. Each step takes one. No lock is held between steps and none is
//! shared with other walks, except for the moment in which a mount that has mounts on it is asked for them.
//!
//! A walk that must not leave its start keeps the directories that it came through, and `..` goes back along them. It
//! never asks a directory for its parent, so it stays where it may be even while others move directories about.

mod steps;

use steps::cross;

use super::Location;
use super::location::Entry;
use super::lookup::{Found, LastName, Lookup, LookupFlags, PATH_MAX, Place, Target, TrailingSlash};
use super::names::{Names, Rest, copy_name};
use super::path::full_path;
use super::through::Through;
use super::view::{Sight, Step};
use super::watch::{self, Watch};
use crate::denial::{Denial, Had, Needed, Verdict, deny};
use crate::{Node, NodeKind};
use abi::{AccessMode, Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{PathPermissions, RootSet};

pub(super) struct Walk<'a, 'p> {
    lookup: &'a Lookup<'a>,
    at: Location,
    names: Names<'p>,
    followed: u32,
    through: Option<Through>,
    /// The directories between the start and here, for a walk that must stay beneath its start.
    chain: Option<Vec<Location>>,
    watch: Option<Watch<'a>>,
}

impl<'a, 'p> Walk<'a, 'p> {
    pub(super) fn begin(lookup: &'a Lookup<'a>, path: &'p [u8]) -> Result<Self> {
        Self::begin_with(lookup, path, None)
    }

    /// Begins a walk that leaves a trail.
    pub(super) fn begin_trail(lookup: &'a Lookup<'a>, path: &'p [u8]) -> Result<Self> {
        Self::begin_with(lookup, path, Some(Vec::new()))
    }

    #[inline(always)]
    fn begin_with(lookup: &'a Lookup<'a>, path: &'p [u8], trail: Option<Vec<Step>>) -> Result<Self> {
        if path.is_empty() {
            return Err(Errno::ENOENT);
        }
        if path.len() >= PATH_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        let is_absolute = path[0] == b'/';
        if is_absolute && lookup.flags.intersects(LookupFlags::BENEATH | LookupFlags::CONTAINED) {
            refuse_escape(lookup)?;
        }
        let at = if is_absolute { lookup.root() } else { lookup.start() };
        Ok(Self {
            lookup,
            at: at.clone(),
            names: Names::of(path),
            followed: 0,
            through: None,
            chain: lookup.flags.intersects(LookupFlags::STAYING).then(Vec::new),
            watch: Watch::begin(lookup, at, trail)?,
        })
    }

    /// Walks to the end; a last name that is missing is reported as a place. With the trail that it left.
    pub(super) fn run_with_trail(mut self) -> Result<(Target, Vec<Step>)> {
        let target = self.run_to_target()?;
        Ok((target, self.watch.map(Watch::into_trail).unwrap_or_default()))
    }

    /// The same, without the trail. Of a walk that stays where it is: it is large, and moving it takes long.
    pub(super) fn run_to_target(&mut self) -> Result<Target> {
        let mut must_be_directory = self.lookup.flags.contains(LookupFlags::DIRECTORY);
        let mut is_named = None;
        while self.names.take()? {
            let rest = self.names.rest();
            is_named = None;
            let child = match self.enter_special()? {
                Entered::Yes => continue,
                Entered::No => self.at.node().lookup(self.names.current()),
            };
            let child = match child {
                Ok(child) => child,
                Err(Errno::ENOENT) if rest != Rest::Names => {
                    let place = self.place(rest, None)?;
                    return Ok(Target::Missing(place));
                }
                Err(error) => return Err(self.veil(error)),
            };
            must_be_directory |= rest == Rest::Slashes;
            let follows_last = rest != Rest::Nothing || !self.lookup.flags.contains(LookupFlags::NO_FOLLOW);
            if child.kind() == NodeKind::Symlink && follows_last {
                self.follow(&child)?;
                continue;
            }
            let is_directory = child.is_directory();
            let directory = self.at.node().clone();
            self.descend(child)?;
            if !is_directory {
                if rest == Rest::Names {
                    return Err(Errno::ENOTDIR);
                }
                is_named = Some(directory);
            }
        }
        Ok(Target::Found(self.finish(is_named, must_be_directory)?))
    }

    /// Walks to the directory of the last name.
    pub(super) fn run_to_place(mut self) -> Result<Place> {
        let mut last = LastName::Root;
        while self.names.take()? {
            let rest = self.names.rest();
            if rest != Rest::Names {
                last = match self.names.current() {
                    b"." => LastName::Dot,
                    b".." => LastName::DotDot,
                    _ => {
                        self.check_search()?;
                        let there = self.watched_child();
                        return self.place(rest, there);
                    }
                };
                break;
            }
            if let Entered::Yes = self.enter_special()? {
                continue;
            }
            let child = self.at.node().lookup(self.names.current()).map_err(|error| self.veil(error))?;
            match child.kind() {
                NodeKind::Symlink => self.follow(&child)?,
                kind => {
                    self.descend(child)?;
                    if kind != NodeKind::Directory {
                        return Err(Errno::ENOTDIR);
                    }
                }
            }
        }
        let sight = self.watch.as_ref().and_then(Watch::sight);
        let cause = self.watch.as_ref().and_then(|watch| watch.cause(PathPermissions::CREATE));
        Ok(Place { directory: self.at, last, trailing_slash: TrailingSlash::No, sight, cause, through: self.through })
    }

    fn place(&mut self, rest: Rest, there: Option<Location>) -> Result<Place> {
        let trailing_slash = if rest == Rest::Slashes { TrailingSlash::Yes } else { TrailingSlash::No };
        let name = copy_name(self.names.current())?;
        let sight = self.watch.as_ref().and_then(|watch| watch.sight_of(&self.at, &name, there.as_ref()));
        let (directory, through) = (self.at.clone(), self.through.take());
        let cause = self.watch.as_ref().and_then(|watch| watch.cause(PathPermissions::CREATE));
        Ok(Place { directory, last: LastName::Name(name), trailing_slash, sight, cause, through })
    }

    /// What the present name leads to, if the walk goes by a view, which wants to know.
    #[inline]
    fn watched_child(&self) -> Option<Location> {
        self.watch.as_ref()?.sight()?;
        let mut child = self.at.clone();
        child.move_within(self.at.node().lookup(self.names.current()).ok()?);
        Some(cross(child).0)
    }

    /// An error about a name here, for whoever may not see what is here.
    fn veil(&mut self, error: Errno) -> Errno {
        match self.watch.as_ref().and_then(Watch::sight) {
            None | Some(Sight::Visible(_)) => error,
            Some(Sight::Hidden | Sight::Way) => self.refuse(Errno::ENOENT).err().unwrap_or(error),
        }
    }

    fn finish(&mut self, directory: Option<Arc<dyn Node>>, must_be_directory: bool) -> Result<Found> {
        let sight = self.watch.as_ref().and_then(Watch::sight);
        let shows_ways = self.lookup.flags.contains(LookupFlags::WAYS) && sight == Some(Sight::Way);
        let is_slot = self.through.as_ref().is_some_and(Through::is_itself);
        if !shows_ways && !is_slot {
            let allowed = watch::demand_of(self.at.node().as_ref(), sight, self.lookup.needed);
            allowed.or_else(|errno| self.refuse_found(errno, directory.as_ref()))?;
        }
        if must_be_directory && !self.at.node().is_directory() {
            return Err(Errno::ENOTDIR);
        }
        let location = match directory {
            Some(directory) if self.lookup.flags.contains(LookupFlags::NAMED) => {
                let entry = Entry { directory, name: copy_name(self.names.current())? };
                Location::with_entry(self.at.mount().clone(), self.at.node().clone(), entry)?
            }
            _ => self.at.clone(),
        };
        Ok(Found { location, sight, through: self.through.take() })
    }

    /// Checks that the walk may search where it is, and goes to `.` or `..` if that is the name.
    fn enter_special(&mut self) -> Result<Entered> {
        self.check_search()?;
        match self.names.current() {
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

    /// Notes that what was found is not to be used so.
    #[cold]
    fn refuse_found(&mut self, errno: Errno, directory: Option<&Arc<dyn Node>>) -> Result<()> {
        let mut directory_at = self.at.clone();
        if let Some(directory) = directory {
            directory_at.move_within(directory.clone());
        }
        let mut path = full_path(&directory_at).unwrap_or_default();
        if directory.is_some() {
            self.names.append_to(&mut path)?;
        }
        self.refuse_path(errno, &path)
    }

    /// Notes that what the path names from here on is not to be seen. `Ok` if whoever asks is learned from.
    #[cold]
    fn refuse(&mut self, errno: Errno) -> Result<()> {
        let mut path = full_path(&self.at).unwrap_or_default();
        self.names.append_to(&mut path)?;
        self.refuse_path(errno, &path)
    }

    fn refuse_path(&mut self, errno: Errno, path: &[u8]) -> Result<()> {
        let needed = self.lookup.needed;
        let Some(watch) = &mut self.watch else { return Err(errno) };
        watch::refuse(errno, needed, path, watch.cause(needed))?;
        watch.see_all();
        Ok(())
    }
}

/// The refusal to leave the start: what a program asked for itself is EXDEV, what it was narrowed to is ENOTCAPABLE and noted.
/// `Ok` for whoever is learned from.
#[cold]
fn refuse_escape(lookup: &Lookup<'_>) -> Result<()> {
    if !lookup.flags.contains(LookupFlags::CONTAINED) {
        return Err(Errno::EXDEV);
    }
    let needed = Needed::Roots(RootSet::NAMESPACE);
    match deny(&Denial::of(needed, Had::Nothing, lookup.contained_by)) {
        Verdict::Allow => Ok(()),
        Verdict::Refuse => Err(Errno::ENOTCAPABLE),
    }
}

/// Whether a name was `.` or `..` and has been dealt with.
enum Entered {
    Yes,
    No,
}
