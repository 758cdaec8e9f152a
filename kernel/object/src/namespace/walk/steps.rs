//! The single steps of a walk: down to a child, up to a parent, and along links.

use super::{Walk, refuse_escape};
use crate::namespace::lookup::{LINKS_MAX, LookupFlags};
use crate::namespace::names::Rest;
use crate::namespace::path::is_beneath;
use crate::namespace::through::{Reach, Through};
use crate::namespace::view::Sight;
use crate::namespace::watch::Watch;
use crate::namespace::{Location, Mount};
use crate::{Held, Node};
use abi::{Errno, Result};
use alloc::sync::Arc;

impl Walk<'_, '_> {
    /// Goes to the parent: never above the root, and from a mount's root to the parent of the directory it hides.
    pub(super) fn ascend(&mut self) -> Result<()> {
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
    pub(super) fn descend(&mut self, node: Arc<dyn Node>) -> Result<()> {
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

    pub(super) fn follow(&mut self, link: &Arc<dyn Node>) -> Result<()> {
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

/// What hides `at`: the last mount on it and on that one's root; and whether there was one.
pub(super) fn cross(at: Location) -> (Location, bool) {
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
