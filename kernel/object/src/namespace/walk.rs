//! The walk along a path.
//!
//! A walk keeps where it is and the names still to come. Each step takes one. No lock is held between steps and none is shared with other
//! walks, except for the moment in which a mount that has mounts on it is asked for them.
//!
//! A walk that must not leave its start keeps the directories that it came through, and `..` goes back along them. It
//! never asks a directory for its parent, so it stays where it may be even while others move directories about.

use super::location::Entry;
use super::lookup::{Found, LINKS_MAX, LastName, Lookup, LookupFlags, PATH_MAX, Place, Target, TrailingSlash};
use super::names::{Names, Rest, copy_name};
use super::path::{full_path, is_beneath};
use super::through::{Reach, Through};
use super::view::{Sight, Step};
use super::watch::{self, Watch};
use super::{Location, Mount};
use crate::denial::{Denial, Had, Needed, Verdict, deny};
use crate::{Held, Node, NodeKind};
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

    /// Walks to the end; a last name that is missing is reported as a place.
    pub(super) fn run_to_target(self) -> Result<Target> {
        self.run_with_trail().map(|(target, _)| target)
    }

    /// The same, with the trail that it left.
    pub(super) fn run_with_trail(mut self) -> Result<(Target, Vec<Step>)> {
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
                    return Ok((Target::Missing(place), self.into_trail()));
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
        let found = self.finish(is_named, must_be_directory)?;
        Ok((Target::Found(found), self.into_trail()))
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
                Location::with_entry(self.at.mount().clone(), self.at.node().clone(), entry)
            }
            _ => self.at.clone(),
        };
        Ok(Found { location, sight, through: self.through.take() })
    }

    fn into_trail(self) -> Vec<Step> {
        self.watch.map(Watch::into_trail).unwrap_or_default()
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

    /// Goes to the parent: never above the root, and from a mount's root to the parent of the directory it hides.
    fn ascend(&mut self) -> Result<()> {
        let flags = self.lookup.flags;
        if let Some(chain) = &mut self.chain {
            let Some(back) = chain.pop() else {
                return if flags.contains(LookupFlags::IN_ROOT) {
                    Ok(())
                } else {
                    self.escape().and_then(|()| self.ascend())
                };
            };
            if flags.contains(LookupFlags::NO_CROSS_MOUNT) && !Arc::ptr_eq(back.mount(), self.at.mount()) {
                return Err(Errno::EXDEV);
            }
            return self.rise(back);
        }
        if self.at.is_same(self.lookup.root()) {
            return Ok(());
        }
        let mut at = self.at.clone();
        while at.is_mount_root() {
            let Some(point) = at.mount().point().cloned() else { return self.rise(at) };
            if flags.contains(LookupFlags::NO_CROSS_MOUNT) {
                return Err(Errno::EXDEV);
            }
            at = point;
            if at.is_same(self.lookup.root()) {
                return self.rise(at);
            }
        }
        let parent = at.node().parent().ok_or(Errno::ENOENT)?;
        at.move_within(parent);
        // A mount on it hides it.
        self.rise(cross(at).0)
    }

    /// Goes where no name leads, if that may be seen.
    fn rise(&mut self, to: Location) -> Result<()> {
        self.jump(to)?;
        match self.watch.as_ref().and_then(Watch::sight) {
            Some(Sight::Hidden) => self.refuse_found(Errno::ENOENT, None),
            _ => Ok(()),
        }
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

    /// Leaves the start, if that is allowed after all; from then on nothing holds the walk.
    fn escape(&mut self) -> Result<()> {
        refuse_escape(self.lookup)?;
        self.chain = None;
        Ok(())
    }

    /// Goes where no name leads.
    fn jump(&mut self, to: Location) -> Result<()> {
        self.at = to;
        match &mut self.watch {
            None => Ok(()),
            Some(watch) => watch.jump(&self.at),
        }
    }

    /// Goes to a node of the present mount that the present name leads to, and on to whatever is mounted on it.
    fn descend(&mut self, node: Arc<dyn Node>) -> Result<()> {
        if self.chain.is_none() && self.watch.is_none() {
            let id = node.id();
            self.at.move_within(node);
            return match self.at.mount().mounted_on(id) {
                None => Ok(()),
                Some(_) if self.lookup.flags.contains(LookupFlags::NO_CROSS_MOUNT) => Err(Errno::EXDEV),
                Some(mount) => {
                    self.at = cross_to(mount);
                    Ok(())
                }
            };
        }
        let mut to = self.at.clone();
        to.move_within(node);
        let (to, crossed) = cross(to);
        if let Some(mut watch) = self.watch.take() {
            let stepped = watch.step(&self.at, self.names.current(), &to);
            self.watch = Some(watch);
            stepped.or_else(|errno| self.refuse(errno))?;
        }
        let from = core::mem::replace(&mut self.at, to);
        if crossed && self.lookup.flags.contains(LookupFlags::NO_CROSS_MOUNT) {
            return Err(Errno::EXDEV);
        }
        if let Some(chain) = &mut self.chain {
            chain.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            chain.push(from);
        }
        Ok(())
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

    /// Goes where a link leads that is no path. Through a slot, what the slot allows counts in place of the view, as for a
    /// call on the slot; but a path that goes on from there is a path.
    fn pass(&mut self, (to, slot): (Location, Option<Held>)) -> Result<()> {
        let Some(held) = slot else {
            // Another's root or working directory is no way out of one's own root.
            if self.lookup.roots.root.is_mount_root() && self.lookup.roots.root.mount().point().is_none() {
                return self.rise(to);
            }
            let directory = to.entry().map(|entry| Location::new(to.mount().clone(), entry.directory.clone()));
            if !is_beneath(directory.as_ref().unwrap_or(&to), &self.lookup.roots.root) {
                return Err(Errno::ENOENT);
            }
            return self.rise(to);
        };
        if Through::is_free(&held) {
            return self.rise(to);
        }
        let reach = if self.names.rest() == Rest::Nothing { Reach::Itself } else { Reach::Beneath };
        self.through = Some(Through::begin(held, reach, self.lookup.rights)?);
        if reach == Reach::Itself { self.jump(to) } else { self.rise(to) }
    }

    fn follow(&mut self, link: &Arc<dyn Node>) -> Result<()> {
        if let Some(mut watch) = self.watch.take() {
            let mut place = self.at.clone();
            place.move_within(link.clone());
            let followed = watch.follow(&self.at, self.names.current(), &place);
            self.watch = Some(watch);
            followed.or_else(|errno| self.refuse(errno))?;
        }
        let flags = self.lookup.flags;
        self.followed += 1;
        if self.followed > LINKS_MAX || flags.contains(LookupFlags::NO_SYMLINKS) {
            return Err(Errno::ELOOP);
        }
        if let Some(target) = link.follow() {
            if flags.contains(LookupFlags::NO_MAGIC_LINKS) {
                return Err(Errno::ELOOP);
            }
            if self.chain.is_some() {
                self.escape()?;
            }
            return self.pass(target?);
        }
        let bytes = link.read_link()?;
        match bytes.first() {
            None => return Err(Errno::ENOENT),
            Some(b'/') => {
                match &mut self.chain {
                    Some(chain) if flags.contains(LookupFlags::IN_ROOT) => chain.clear(),
                    Some(_) => self.escape()?,
                    None => {}
                }
                self.jump(self.lookup.root().clone())?;
            }
            Some(_) => {}
        }
        self.names.push_link(bytes)
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

/// What hides `at`: the last mount on it and on that one's root; and whether there was one.
fn cross(at: Location) -> (Location, bool) {
    match at.mount().mounted_on(at.node().id()) {
        Some(mount) => (cross_to(mount), true),
        None => (at, false),
    }
}

fn cross_to(mut mount: Arc<Mount>) -> Location {
    while let Some(above) = mount.mounted_on(mount.root_id()) {
        mount = above;
    }
    let root = mount.root().clone();
    Location::new(mount, root)
}

/// Whether a name was `.` or `..` and has been dealt with.
enum Entered {
    Yes,
    No,
}
