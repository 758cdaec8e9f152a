//! What to look up, from where, within which limits; and what is found.

use super::path::full_path;
use super::view::{Sight, Step};
use super::walk::Walk;
use super::watch::{self, Watch};
use super::{Location, Roots, Through};
use crate::Credentials;
use abi::{Errno, ResolveFlags, Result};
use alloc::boxed::Box;
use alloc::vec::Vec;
use bitflags::bitflags;
use caps::{Cause, PathPermissions, Rights};

/// The longest name of a directory entry.
pub const NAME_MAX: usize = 255;
/// The longest path with its NUL.
pub const PATH_MAX: usize = 4096;
/// How many symbolic links one look-up follows.
pub const LINKS_MAX: u32 = 40;

bitflags! {
    /// How to look up.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct LookupFlags: u32 {
        /// A symbolic link at the end is what is sought, not where it leads.
        const NO_FOLLOW = 1;
        /// What is found must be a directory.
        const DIRECTORY = 1 << 1;
        /// An empty path is the start itself.
        const EMPTY_PATH = 1 << 2;
        /// Follow no symbolic link (ELOOP).
        const NO_SYMLINKS = 1 << 3;
        /// Follow no link that is not a path (ELOOP).
        const NO_MAGIC_LINKS = 1 << 4;
        /// Stay in the mount (EXDEV).
        const NO_CROSS_MOUNT = 1 << 5;
        /// Stay beneath the start (EXDEV).
        const BENEATH = 1 << 6;
        /// The start is the root.
        const IN_ROOT = 1 << 7;
        /// Remember the entry by which it was found, so that its path can be told: for what will be opened.
        const NAMED = 1 << 8;
        /// As [`Self::BENEATH`], for who may not leave: ENOTCAPABLE.
        const CONTAINED = 1 << 9;
        /// What the view shows only as a way will do: for what tells no more than that.
        const WAYS = 1 << 10;
        /// The walk keeps beneath its start, in one way or another.
        const STAYING = Self::BENEATH.bits() | Self::IN_ROOT.bits() | Self::CONTAINED.bits();
    }
}

impl LookupFlags {
    /// The limits that `openat2` asked for.
    pub fn from_resolve(resolve: ResolveFlags) -> Self {
        let pairs = [
            (ResolveFlags::NO_CROSS_MOUNT, Self::NO_CROSS_MOUNT),
            (ResolveFlags::NO_MAGIC_LINKS, Self::NO_MAGIC_LINKS),
            (ResolveFlags::NO_SYMLINKS, Self::NO_SYMLINKS.union(Self::NO_MAGIC_LINKS)),
            (ResolveFlags::BENEATH, Self::BENEATH),
            (ResolveFlags::IN_ROOT, Self::IN_ROOT),
        ];
        pairs.iter().filter(|(asked, _)| resolve.contains(*asked)).fold(Self::empty(), |all, (_, flag)| all | *flag)
    }
}

/// One look-up to be made.
pub struct Lookup<'a> {
    /// Root and working directory of whoever asks.
    pub roots: &'a Roots,
    /// Where a relative path starts, if not in the working directory.
    pub start: Option<&'a Location>,
    /// Whose permissions count.
    pub credentials: &'a Credentials,
    /// How.
    pub flags: LookupFlags,
    /// What the call needs of the capability from which the path starts, for those on the way that stand for others.
    pub rights: Rights,
    /// The narrowing for which the walk must stay beneath its start.
    pub contained_by: Option<Cause>,
    /// What a view must allow for what is found, beside showing it.
    pub needed: PathPermissions,
}

/// The last name of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LastName {
    /// An ordinary name.
    Name(Box<[u8]>),
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// There is none: the path is `/`.
    Root,
}

/// The place of a directory entry, whether or not there is one.
pub struct Place {
    /// The directory.
    pub directory: Location,
    /// The name in it.
    pub last: LastName,
    /// The path ended in a slash: what is there must be, or become, a directory.
    pub trailing_slash: TrailingSlash,
    /// How what is there, or could be, looks through the view of whoever asked; `None` without one.
    pub sight: Option<Sight>,
    /// The narrowing by which it looks so.
    pub cause: Option<Cause>,
    /// The slot that the path led through, if it did.
    pub through: Option<Through>,
}

/// What was found, and how it looks.
pub struct Found {
    /// Where it is.
    pub location: Location,
    /// How it looks through the view of whoever asked; `None` without one.
    pub sight: Option<Sight>,
    /// The slot that the path led through, if it did.
    pub through: Option<Through>,
}

/// Whether a path ended in a slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrailingSlash {
    /// It did.
    Yes,
    /// It did not.
    No,
}

/// What is at the end of a path.
pub enum Target {
    /// This.
    Found(Found),
    /// Nothing yet, but it could be made here.
    Missing(Place),
}

impl<'a> Lookup<'a> {
    /// A look-up without limits.
    pub fn new(roots: &'a Roots, start: Option<&'a Location>, credentials: &'a Credentials) -> Self {
        Self {
            roots,
            start,
            credentials,
            flags: LookupFlags::empty(),
            rights: Rights::NONE,
            contained_by: None,
            needed: PathPermissions::empty(),
        }
    }

    /// The same for a call that needs these rights of the capability from which the path starts.
    pub fn using(self, rights: Rights) -> Self {
        Self { rights, ..self }.needing(PathPermissions::for_rights(rights))
    }

    /// The same for a use that needs these permissions of a view.
    pub fn needing(mut self, needed: PathPermissions) -> Self {
        self.needed |= needed;
        self
    }

    /// The same with these flags beside those it has.
    pub fn with(mut self, flags: LookupFlags) -> Self {
        self.flags |= flags;
        self
    }

    /// What the path names.
    pub fn find(&self, path: &[u8]) -> Result<Location> {
        self.find_seen(path).map(|found| found.location)
    }

    /// What the path names, and how it looks.
    pub fn find_seen(&self, path: &[u8]) -> Result<Found> {
        if path.is_empty() && self.flags.contains(LookupFlags::EMPTY_PATH) {
            return self.find_start();
        }
        match Walk::begin(self, path)?.run_to_target()? {
            Target::Found(found) => {
                self.note(path);
                Ok(found)
            }
            Target::Missing(_) => Err(Errno::ENOENT),
        }
    }

    /// The start itself, which an empty path names.
    fn find_start(&self) -> Result<Found> {
        let start = self.start();
        let watch = Watch::begin(self, start, None)?;
        let mut sight = watch.as_ref().and_then(Watch::sight);
        if let Err(errno) = watch::demand_of(start.node().as_ref(), sight, self.needed) {
            let cause = watch.and_then(|watch| watch.cause(self.needed));
            watch::refuse(errno, self.needed, &full_path(start).unwrap_or_default(), cause)?;
            sight = None;
        }
        self.note(b"");
        Ok(Found { location: start.clone(), sight, through: None })
    }

    /// Tells whoever learns of a path that led somewhere.
    #[inline]
    pub(super) fn note(&self, path: &[u8]) {
        if let Some(learning) = &self.roots.learning {
            learning.note_path(self, path);
        }
    }

    /// The place of the path's last name; a symbolic link there is not followed.
    pub fn find_place(&self, path: &[u8]) -> Result<Place> {
        let place = Walk::begin(self, path)?.run_to_place()?;
        self.note(path);
        Ok(place)
    }

    /// What the path names, or, if only its last name is missing, where it would be: for opening with `O_CREAT`.
    pub fn find_target(&self, path: &[u8]) -> Result<Target> {
        let target = Walk::begin(self, path)?.run_to_target()?;
        if matches!(target, Target::Found(_)) || self.needed.contains(PathPermissions::CREATE) {
            self.note(path);
        }
        Ok(target)
    }

    /// What the path names or would name, and how the walk came there.
    pub(crate) fn find_with_trail(&self, path: &[u8]) -> Result<(Target, Vec<Step>)> {
        Walk::begin_trail(self, path)?.run_with_trail()
    }

    /// Where a relative path starts.
    pub fn start(&self) -> &Location {
        self.start.unwrap_or(&self.roots.cwd)
    }

    /// Where an absolute path starts.
    pub fn root(&self) -> &Location {
        if self.flags.contains(LookupFlags::IN_ROOT) { self.start() } else { &self.roots.root }
    }
}
