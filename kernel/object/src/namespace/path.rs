//! Paths of locations: the way back up.

use super::view::Sight;
use super::{Location, Roots};
use crate::Node;
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What a path that leads nowhere any more ends in.
const DELETED: &[u8] = b" (deleted)";
/// What a path that does not lead to the root starts with.
const UNREACHABLE: &[u8] = b"(unreachable)";

/// The path of `location` as seen from the root of `roots`.
///
/// A file whose name was removed keeps it with ` (deleted)` behind; a directory that was removed is ENOENT, as `getcwd` says it.
/// A location outside the root starts with `(unreachable)`.
pub fn path_of(roots: &Roots, location: &Location) -> Result<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut at = location.clone();
    let mut is_deleted = false;
    if let Some(entry) = location.entry() {
        is_deleted = !names_still(entry.directory.as_ref(), &entry.name, location.node().id());
        push(&mut names, super::names::copy_of(&entry.name)?)?;
        at = Location::new(location.mount().clone(), entry.directory.clone());
    } else if !location.node().is_directory() {
        return Err(Errno::ENOENT);
    }
    demand_shown_as_way(roots, location)?;
    let is_reachable = climb(Some(&roots.root), at, &mut names)?;
    let mut path = Vec::new();
    if !is_reachable {
        path.try_reserve(DELETED.len() + UNREACHABLE.len()).map_err(|_| Errno::ENOMEM)?;
        path.extend_from_slice(UNREACHABLE);
    }
    join(&names, &mut path)?;
    if is_deleted {
        path.extend_from_slice(DELETED);
    }
    Ok(path)
}

/// The path of a directory from the top of all mounts, whoever may see it: for records.
pub(super) fn full_path(directory: &Location) -> Result<Vec<u8>> {
    let (mut names, mut path) = (Vec::new(), Vec::new());
    climb(None, directory.clone(), &mut names)?;
    join(&names, &mut path)?;
    Ok(path)
}

/// Writes a path of names that were collected on the way up.
fn join(names: &[Vec<u8>], path: &mut Vec<u8>) -> Result<()> {
    let length: usize = names.iter().map(|name| name.len() + 1).sum();
    path.try_reserve(length + DELETED.len() + 1).map_err(|_| Errno::ENOMEM)?;
    for name in names.iter().rev() {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if names.is_empty() {
        path.push(b'/');
    }
    Ok(())
}

/// Whether a directory is `above` or somewhere beneath it.
pub(crate) fn is_beneath(location: &Location, above: &Location) -> bool {
    climb_to(Some(above), location.clone(), &mut |_, _| Ok(())).unwrap_or(false)
}

/// ENOENT for what the view hides. The names of what is only a way were told when it was unveiled.
fn demand_shown_as_way(roots: &Roots, location: &Location) -> Result<()> {
    if roots.sight_of(location) == Some(Sight::Hidden) { Err(Errno::ENOENT) } else { Ok(()) }
}

/// Collects the names from a directory up to the root; whether the root was met.
fn climb(root: Option<&Location>, at: Location, names: &mut Vec<Vec<u8>>) -> Result<bool> {
    climb_to(root, at, &mut |parent, child| push(names, parent.name_of(child.id())?))
}

/// Goes up from a directory to the root, and shows each directory on the way with its parent; whether the root was met.
fn climb_to(
    root: Option<&Location>,
    mut at: Location,
    show: &mut dyn FnMut(&dyn Node, &dyn Node) -> Result<()>,
) -> Result<bool> {
    loop {
        if root.is_some_and(|root| at.is_same(root)) {
            return Ok(true);
        }
        if at.is_mount_root() {
            match at.mount().point() {
                Some(point) => {
                    at = point.clone();
                    continue;
                }
                None => return Ok(false),
            }
        }
        let parent: Arc<dyn Node> = at.node().parent().ok_or(Errno::ENOENT)?;
        show(parent.as_ref(), at.node().as_ref())?;
        at = Location::new(at.mount().clone(), parent);
    }
}

fn names_still(directory: &dyn Node, name: &[u8], id: u64) -> bool {
    directory.lookup(name).is_ok_and(|node| node.id() == id)
}

fn push(names: &mut Vec<Vec<u8>>, name: Vec<u8>) -> Result<()> {
    names.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    names.push(name);
    Ok(())
}
