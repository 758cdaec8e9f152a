//! The walk along a path.
//!
//! A walk keeps where it is and the text still to come: the path, and above it the bodies of symbolic links met on the
//! way. Each step takes one name from the text on top. No lock is held between steps and none is shared with other
//! walks, except for the moment in which a mount that has mounts on it is asked for them.
//!
//! A walk that must not leave its start keeps the directories that it came through, and `..` goes back along them. It
//! never asks a directory for its parent, so it stays where it may be even while others move directories about.

use super::location::Entry;
use super::lookup::{
    Found, LINKS_MAX, LastName, Lookup, LookupFlags, NAME_MAX, PATH_MAX, Place, Target, TrailingSlash,
};
use super::view::{Sight, Step};
use super::watch::{self, Watch};
use super::{Location, Mount};
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
            return Err(escape(lookup.flags));
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
        while self.take_name()? {
            let rest = self.rest();
            is_named = None;
            let child = match self.enter_special()? {
                Entered::Yes => continue,
                Entered::No => self.at.node().lookup(self.current_name()),
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
        while self.take_name()? {
            let rest = self.rest();
            if rest != Rest::Names {
                last = match self.current_name() {
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
            let child = self.at.node().lookup(self.current_name()).map_err(|error| self.veil(error))?;
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
        Ok(Place { directory: self.at, last, trailing_slash: TrailingSlash::No, sight })
    }

    fn place(&self, rest: Rest, there: Option<Location>) -> Result<Place> {
        let trailing_slash = if rest == Rest::Slashes { TrailingSlash::Yes } else { TrailingSlash::No };
        let name = copy_name(self.current_name())?;
        let sight = self.watch.as_ref().and_then(|watch| watch.sight_of(&self.at, &name, there.as_ref()));
        Ok(Place { directory: self.at.clone(), last: LastName::Name(name), trailing_slash, sight })
    }

    /// What the present name leads to, if the walk goes by a view, which wants to know.
    #[inline]
    fn watched_child(&self) -> Option<Location> {
        self.watch.as_ref()?.sight()?;
        let mut child = self.at.clone();
        child.move_within(self.at.node().lookup(self.current_name()).ok()?);
        Some(cross(child).0)
    }

    /// An error about a name here, for whoever may not see what is here.
    fn veil(&self, error: Errno) -> Errno {
        match self.watch.as_ref().and_then(Watch::sight) {
            None | Some(Sight::Visible(_)) => error,
            Some(Sight::Hidden | Sight::Way) => Errno::ENOENT,
        }
    }

    fn finish(&mut self, directory: Option<Arc<dyn Node>>, must_be_directory: bool) -> Result<Found> {
        let sight = self.watch.as_ref().and_then(Watch::sight);
        let shows_ways = self.lookup.flags.contains(LookupFlags::WAYS) && sight == Some(Sight::Way);
        if !shows_ways {
            watch::demand_of(self.at.node().as_ref(), sight, self.lookup.needed)?;
        }
        if must_be_directory && !self.at.node().is_directory() {
            return Err(Errno::ENOTDIR);
        }
        let location = match directory {
            Some(directory) if self.lookup.flags.contains(LookupFlags::NAMED) => {
                let entry = Entry { directory, name: copy_name(self.current_name())? };
                Location::with_entry(self.at.mount().clone(), self.at.node().clone(), entry)
            }
            _ => self.at.clone(),
        };
        Ok(Found { location, sight })
    }

    fn into_trail(self) -> Vec<Step> {
        self.watch.map(Watch::into_trail).unwrap_or_default()
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
        let flags = self.lookup.flags;
        if let Some(chain) = &mut self.chain {
            let Some(back) = chain.pop() else {
                return if flags.contains(LookupFlags::IN_ROOT) { Ok(()) } else { Err(escape(flags)) };
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
            Some(Sight::Hidden) => Err(Errno::ENOENT),
            _ => Ok(()),
        }
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
        let from = self.at.clone();
        self.at.move_within(node);
        let (to, crossed) = cross(self.at.clone());
        self.at = to;
        if let Some(mut watch) = self.watch.take() {
            let stepped = watch.step(&from, self.current_name(), &self.at);
            self.watch = Some(watch);
            stepped?;
        }
        if crossed && self.lookup.flags.contains(LookupFlags::NO_CROSS_MOUNT) {
            return Err(Errno::EXDEV);
        }
        if let Some(chain) = &mut self.chain {
            chain.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            chain.push(from);
        }
        Ok(())
    }

    fn follow(&mut self, link: &Arc<dyn Node>) -> Result<()> {
        if let Some(mut watch) = self.watch.take() {
            let mut place = self.at.clone();
            place.move_within(link.clone());
            let followed = watch.follow(&self.at, self.current_name(), &place);
            self.watch = Some(watch);
            followed?;
        }
        let flags = self.lookup.flags;
        self.followed += 1;
        if self.followed > LINKS_MAX || flags.contains(LookupFlags::NO_SYMLINKS) {
            return Err(Errno::ELOOP);
        }
        if let Some(location) = link.follow() {
            if flags.contains(LookupFlags::NO_MAGIC_LINKS) {
                return Err(Errno::ELOOP);
            }
            if flags.intersects(LookupFlags::STAYING) {
                return Err(escape(flags));
            }
            return self.rise(location?);
        }
        let bytes = link.read_link()?;
        match bytes.first() {
            None => return Err(Errno::ENOENT),
            Some(b'/') if flags.intersects(LookupFlags::BENEATH | LookupFlags::CONTAINED) => {
                return Err(escape(flags));
            }
            Some(b'/') => {
                if let Some(chain) = &mut self.chain {
                    chain.clear();
                }
                self.jump(self.lookup.root().clone())?;
            }
            Some(_) => {}
        }
        self.links.truncate(self.depth);
        self.links.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.links.push(Text { bytes, used: 0 });
        self.depth += 1;
        Ok(())
    }
}

/// The error for leaving the start: what a program asked for itself is EXDEV, what it was narrowed to is ENOTCAPABLE.
const fn escape(flags: LookupFlags) -> Errno {
    if flags.contains(LookupFlags::CONTAINED) { Errno::ENOTCAPABLE } else { Errno::EXDEV }
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
