//! What a walk minds besides the tree: the view that it goes by, and the trail that it leaves.

use super::location::Location;
use super::lookup::Lookup;
use super::names::copy_name;
use super::view::{Cover, Sight, Step, View};
use crate::Node;
use crate::denial::{Denial, Had, Needed, Verdict, deny};
use abi::{Errno, Result};
use alloc::vec::Vec;
use caps::{Cause, PathPermissions};

/// The companion of a walk that has a view or leaves a trail; other walks have none.
pub(super) struct Watch<'a> {
    seen: Option<Seen<'a>>,
    trail: Option<Vec<Step>>,
}

struct Seen<'a> {
    view: &'a View,
    /// What covers the place where the walk is.
    cover: Cover,
}

impl<'a> Watch<'a> {
    /// For a walk that begins at `at`.
    pub(super) fn begin(lookup: &'a Lookup<'a>, at: &Location, trail: Option<Vec<Step>>) -> Result<Option<Self>> {
        let view = lookup.roots.view.as_deref().filter(|view| view.hides());
        if view.is_none() && trail.is_none() {
            return Ok(None);
        }
        let seen = view.map(|view| Seen { view, cover: view.cover_of(at) });
        let mut watch = Self { seen, trail };
        watch.leave_trail(at)?;
        Ok(Some(watch))
    }

    /// The walk has come to `at` otherwise than by a name.
    pub(super) fn jump(&mut self, at: &Location) -> Result<()> {
        if let Some(seen) = &mut self.seen {
            seen.cover = seen.view.cover_of(at);
        }
        self.leave_trail(at)
    }

    /// The walk is at `from` and goes on to `to`, which `name` leads to. ENOENT for what is not to be seen.
    pub(super) fn step(&mut self, from: &Location, name: &[u8], to: &Location) -> Result<()> {
        if let Some(seen) = &mut self.seen {
            seen.cover = seen.view.below(&seen.cover, from, name, Some(to));
            if seen.view.sight(&seen.cover) == Sight::Hidden {
                return Err(Errno::ENOENT);
            }
        }
        if to.node().is_directory() { self.leave_trail(to) } else { Ok(()) }
    }

    /// The walk is at `from` and follows the link of this name there. ENOENT for what is not to be seen.
    pub(super) fn follow(&mut self, from: &Location, name: &[u8], link: &Location) -> Result<()> {
        if let Some(seen) = &self.seen
            && seen.view.sight(&seen.view.below(&seen.cover, from, name, Some(link))) == Sight::Hidden
        {
            return Err(Errno::ENOENT);
        }
        if let Some(trail) = &mut self.trail {
            trail.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            trail.push(Step::Link(from.clone(), copy_name(name)?));
        }
        Ok(())
    }

    /// The narrowing that keeps what is needed here from being seen or done.
    pub(super) fn cause(&self, needed: PathPermissions) -> Option<Cause> {
        self.seen.as_ref().and_then(|seen| seen.view.cause(&seen.cover, needed))
    }

    /// From now on everything is seen: the walk is one of somebody who is learned from.
    pub(super) fn see_all(&mut self) {
        self.seen = None;
    }

    /// How the place looks where the walk is; `None` without a view.
    pub(super) fn sight(&self) -> Option<Sight> {
        self.seen.as_ref().map(|seen| seen.view.sight(&seen.cover))
    }

    /// How the place looks that `name` names in `from`, where the walk is.
    pub(super) fn sight_of(&self, from: &Location, name: &[u8], there: Option<&Location>) -> Option<Sight> {
        self.seen.as_ref().map(|seen| seen.view.sight(&seen.view.below(&seen.cover, from, name, there)))
    }

    /// The trail, if one was to be left.
    pub(super) fn into_trail(self) -> Vec<Step> {
        self.trail.unwrap_or_default()
    }

    fn leave_trail(&mut self, at: &Location) -> Result<()> {
        if let Some(trail) = &mut self.trail {
            trail.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            trail.push(Step::Directory(at.clone()));
        }
        Ok(())
    }
}

/// Notes that a use of a path is refused. `Ok` if whoever asks is learned from.
#[cold]
pub(super) fn refuse(errno: Errno, needed: PathPermissions, path: &[u8], cause: Option<Cause>) -> Result<()> {
    let mut room = [0; 5];
    let needed = Needed::Path { permissions: needed.letters(&mut room), path };
    match deny(&Denial::of(needed, Had::Nothing, cause)) {
        Verdict::Allow => Ok(()),
        Verdict::Refuse => Err(errno),
    }
}

/// Whether a use that needs these permissions may be made of what looks so. ENOENT, EACCES.
pub(super) fn demand(sight: Option<Sight>, needed: PathPermissions) -> Result<()> {
    match sight {
        None => Ok(()),
        Some(Sight::Visible(permissions)) if permissions.contains(needed) => Ok(()),
        Some(Sight::Visible(_)) => Err(Errno::EACCES),
        Some(Sight::Hidden | Sight::Way) => Err(Errno::ENOENT),
    }
}

/// The same for what is there: whoever may browse may read a directory, and to search one takes no permission.
pub(super) fn demand_of(node: &dyn Node, sight: Option<Sight>, needed: PathPermissions) -> Result<()> {
    let browsing = PathPermissions::READ | PathPermissions::BROWSE;
    match sight {
        Some(Sight::Visible(permissions)) if node.is_directory() && permissions.intersects(browsing) => {
            demand(sight, needed - (PathPermissions::READ | PathPermissions::EXECUTE))
        }
        Some(_) if node.is_directory() => demand(sight, needed - PathPermissions::EXECUTE),
        _ => demand(sight, needed),
    }
}

/// Whether what looks so may be known of at all. ENOENT.
pub(crate) fn demand_shown(sight: Option<Sight>) -> Result<()> {
    demand(sight, PathPermissions::empty())
}
