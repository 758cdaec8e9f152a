//! Building views: what `unveil`, fork and exec make of one.

use super::layer::{Bound, Layer};
use super::{LAYERS_MAX, PATHS_MAX, View};
use crate::Location;
use crate::floor::try_arc;
use crate::namespace::{Found, LastName, Target};
use abi::{Errno, Result};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{Cause, PathPermissions};

/// Who may still add to a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The process that began its last layer.
    Building,
    /// Nobody: a process that inherited it begins a layer of its own.
    Inherited,
    /// Nobody, and no further layer can be begun (EPERM) before the next exec.
    Locked,
}

/// One step of a walk: what the way to an unveiled path is made of.
pub(crate) enum Step {
    /// A directory was entered.
    Directory(Location),
    /// The link of this name in this directory was followed.
    Link(Location, Box<[u8]>),
}

impl View {
    /// Where it stands.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether everything that `other` shows was shown by `own` before `other` was narrowed from it; `None` shows all.
    pub fn covers(own: Option<&Arc<Self>>, other: Option<&Arc<Self>>) -> bool {
        let layers = |view: Option<&Arc<Self>>| view.map_or(0, |view| view.layers.len());
        let (Some(outer), count) = (own, layers(own)) else { return true };
        count <= layers(other)
            && other.is_none_or(|other| outer.layers.iter().zip(&other.layers).all(|(a, b)| Arc::ptr_eq(a, b)))
    }

    /// Whether it hides anything.
    pub fn hides(&self) -> bool {
        !self.layers.is_empty()
    }

    /// What the process could see before it began the layer under construction: what `unveil` looks its paths up in. `None` is
    /// everything.
    pub fn outside(view: Option<&Arc<Self>>) -> Result<Option<Arc<Self>>> {
        match view {
            Some(view) if view.stage == Stage::Building => match view.layers.split_last() {
                Some((_, outer)) if !outer.is_empty() => {
                    Ok(Some(try_arc(Self { layers: copy_of(outer, 0)?, stage: Stage::Inherited })?))
                }
                _ => Ok(None),
            },
            view => Ok(view.cloned()),
        }
    }

    /// The view with what `target` is unveiled too. `trail` is how the walk came there. EPERM for a locked one, E2BIG.
    pub(crate) fn unveil(
        view: Option<&Arc<Self>>,
        target: &Target,
        trail: &[Step],
        permissions: PathPermissions,
        cause: Cause,
    ) -> Result<Arc<Self>> {
        let (outer, mut layer): (&[Arc<Layer>], Layer) = match view {
            None => (&[], Layer::new(cause)),
            Some(view) => match (view.stage, view.layers.split_last()) {
                (Stage::Locked, _) => return Err(Errno::EPERM),
                (Stage::Building, Some((last, outer))) => (outer, last.copy()?),
                _ => (&view.layers, Layer::new(cause)),
            },
        };
        if outer.len() >= LAYERS_MAX {
            return Err(Errno::E2BIG);
        }
        bind(&mut layer, target, trail, permissions)?;
        if layer.paths() > PATHS_MAX {
            return Err(Errno::E2BIG);
        }
        let mut layers = copy_of(outer, 1)?;
        layers.push(try_arc(layer)?);
        try_arc(Self { layers, stage: Stage::Building })
    }

    /// The view with nobody allowed to add to it.
    pub fn locked(view: Option<&Arc<Self>>) -> Result<Arc<Self>> {
        let layers = view.map_or(&[][..], |view| &view.layers);
        try_arc(Self { layers: copy_of(layers, 0)?, stage: Stage::Locked })
    }

    /// A view in which there is nothing, within `view`.
    pub fn nothing(view: Option<&Arc<Self>>, cause: Cause) -> Result<Arc<Self>> {
        let outer = view.map_or(&[][..], |view| &view.layers);
        if outer.len() >= LAYERS_MAX {
            return Err(Errno::E2BIG);
        }
        let mut layers = copy_of(outer, 1)?;
        layers.push(try_arc(Layer::new(cause))?);
        try_arc(Self { layers, stage: Stage::Building })
    }

    /// The view as a forked child has it.
    pub fn forked(view: &Arc<Self>) -> Result<Arc<Self>> {
        match view.stage {
            Stage::Building => try_arc(Self { layers: copy_of(&view.layers, 0)?, stage: Stage::Inherited }),
            Stage::Inherited | Stage::Locked => Ok(view.clone()),
        }
    }

    /// The view as a new program has it.
    pub fn executed(view: &Arc<Self>) -> Result<Option<Arc<Self>>> {
        match view.stage {
            _ if view.layers.is_empty() => Ok(None),
            Stage::Inherited => Ok(Some(view.clone())),
            Stage::Building | Stage::Locked => {
                Ok(Some(try_arc(Self { layers: copy_of(&view.layers, 0)?, stage: Stage::Inherited })?))
            }
        }
    }
}

/// Binds what a path led to, and makes what lies on the way there and above it ways.
fn bind(layer: &mut Layer, target: &Target, trail: &[Step], permissions: PathPermissions) -> Result<()> {
    let (bound, mut above) = match target {
        Target::Found(Found { location: found, .. }) if found.node().is_directory() => {
            layer.bind_directory(found, permissions)?;
            (Some(found), above(found)?)
        }
        Target::Found(Found { location: found, .. }) => {
            let entry = found.entry().ok_or(Errno::EINVAL)?;
            let directory = Location::new(found.mount().clone(), entry.directory.clone());
            layer.bind_name(&directory, &entry.name, Bound::Anything(permissions))?;
            (None, Some(directory))
        }
        Target::Missing(place) => {
            let LastName::Name(name) = &place.last else { return Err(Errno::ENOENT) };
            layer.bind_name(&place.directory, name, Bound::Anything(permissions))?;
            (None, Some(place.directory.clone()))
        }
    };
    if permissions.is_empty() {
        // Nothing is seen there, so nothing leads there.
        return Ok(());
    }
    while let Some(at) = above {
        layer.add_way(&at)?;
        above = self::above(&at)?;
    }
    for step in trail {
        match step {
            Step::Directory(at) if bound.is_some_and(|bound| bound.is_same(at)) => {}
            Step::Directory(at) => layer.add_way(at)?,
            Step::Link(directory, name) => layer.bind_name(directory, name, Bound::Link)?,
        }
    }
    Ok(())
}

/// The directory above a directory, through mounts; `None` at the top.
fn above(at: &Location) -> Result<Option<Location>> {
    if at.is_mount_root() {
        return Ok(at.mount().point().cloned());
    }
    let parent = at.node().parent().ok_or(Errno::ENOENT)?;
    Ok(Some(Location::new(at.mount().clone(), parent)))
}

fn copy_of(layers: &[Arc<Layer>], room: usize) -> Result<Vec<Arc<Layer>>> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(layers.len() + room).map_err(|_| Errno::ENOMEM)?;
    copy.extend(layers.iter().cloned());
    Ok(copy)
}
