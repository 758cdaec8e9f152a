//! What a view says about a place: carried along by a walk, or found by climbing.

use super::layer::{Bound, Identity, Known};
use super::{LAYERS_MAX, View};
use crate::{DirectoryEntry, Location, NodeKind};
use caps::{Cause, PathPermissions};

/// What covers a place, layer by layer. Layers that a view does not have are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cover {
    granted: [PathPermissions; LAYERS_MAX],
    /// A bit for each layer in which the place is a way.
    ways: u8,
}

/// How a place looks through a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// As if it were not there.
    Hidden,
    /// It can be walked through, and shows nothing.
    Way,
    /// It is there, and this may be done.
    Visible(PathPermissions),
}

impl Cover {
    const NONE: Self = Self { granted: [PathPermissions::empty(); LAYERS_MAX], ways: 0 };
}

impl View {
    /// How a place looks that has this cover: every layer must show it.
    pub fn sight(&self, cover: &Cover) -> Sight {
        let mut permissions = PathPermissions::all();
        let mut is_way = false;
        for (index, granted) in cover.granted.iter().enumerate().take(self.layers.len()) {
            if !granted.is_empty() {
                permissions &= *granted;
            } else if cover.ways & 1 << index != 0 {
                is_way = true;
            } else {
                return Sight::Hidden;
            }
        }
        match permissions.is_empty() {
            true => Sight::Hidden,
            false if is_way => Sight::Way,
            false => Sight::Visible(permissions),
        }
    }

    /// The first layer's cause that does not give `needed` at a place of this cover.
    pub fn cause(&self, cover: &Cover, needed: PathPermissions) -> Option<Cause> {
        let lacks = |granted: &PathPermissions| granted.is_empty() || !granted.contains(needed);
        let layer = self.layers.iter().zip(&cover.granted).find(|(_, granted)| lacks(granted));
        layer.or_else(|| self.layers.iter().zip(&cover.granted).next_back()).map(|(layer, _)| layer.cause)
    }

    /// The cover of what `name` in the directory `parent` leads to: `child`, or nothing yet. `cover` is the directory's.
    pub(in super::super) fn below(
        &self,
        cover: &Cover,
        parent: &Location,
        name: &[u8],
        child: Option<&Location>,
    ) -> Cover {
        let kind = child.map(|child| child.node().kind());
        let directory = child.filter(|_| kind == Some(NodeKind::Directory)).map(Identity::of);
        let parent = Identity::of(parent);
        let mut below = Cover { ways: 0, ..*cover };
        for (index, layer) in self.layers.iter().enumerate() {
            let known = directory.and_then(|identity| layer.known(identity));
            if known.is_some_and(|known| known.is_way) {
                below.ways |= 1 << index;
            }
            let bound = known.and_then(|known| known.bound).or_else(|| {
                match layer.known(parent)?.name(name)? {
                    Bound::Anything(permissions) => Some(permissions),
                    // Neither more nor less than it takes to follow it and to say where it leads.
                    Bound::Link if kind == Some(NodeKind::Symlink) => Some(PathPermissions::READ),
                    Bound::Link => None,
                }
            });
            if let Some(permissions) = bound {
                below.granted[index] = permissions;
            }
        }
        below
    }

    /// Whether `entry` of `directory` is bound to no permission at all, and so is not to be listed.
    pub fn hides_entry(&self, directory: &Location, entry: &DirectoryEntry<'_>) -> bool {
        let parent = Identity::of(directory);
        let child = (entry.kind == NodeKind::Directory).then(|| match directory.mount().mounted_on(entry.inode) {
            Some(mount) => Identity::of_root(&mount),
            None => parent.beside(entry.inode),
        });
        self.layers.iter().any(|layer| {
            let by_itself = child.and_then(|child| layer.known(child)?.bound);
            let by_name = || match layer.known(parent)?.name(entry.name)? {
                Bound::Anything(permissions) => Some(permissions),
                Bound::Link => None,
            };
            by_itself.or_else(by_name).is_some_and(|permissions| permissions.is_empty())
        })
    }

    /// The cover of a place that was not walked to, found by climbing from it. What is neither a directory nor has a
    /// name is covered by nothing.
    pub fn cover_of(&self, location: &Location) -> Cover {
        let mut climb = Climb { view: self, cover: Cover::NONE, undecided: (1u16 << self.layers.len()) - 1 };
        let mut at = location.clone();
        if let Some(entry) = location.entry() {
            at = Location::new(location.mount().clone(), entry.directory.clone());
            climb.look(&at, |known| match known.name(&entry.name)? {
                Bound::Anything(permissions) => Some(permissions),
                Bound::Link => None,
            });
        } else if !location.node().is_directory() {
            return climb.cover;
        } else {
            climb.note_ways(&at);
        }
        climb.run(at);
        climb.cover
    }
}

/// A climb from a place towards the root, until every layer has said what covers the place.
struct Climb<'a> {
    view: &'a View,
    cover: Cover,
    /// A bit for each layer that has not.
    undecided: u16,
}

impl Climb<'_> {
    fn run(&mut self, mut at: Location) {
        while self.undecided != 0 {
            self.look(&at, |known| known.bound);
            if at.is_mount_root() {
                match at.mount().point() {
                    Some(point) => at = point.clone(),
                    None => return,
                }
                continue;
            }
            // A removed directory is nowhere.
            let Some(parent) = at.node().parent() else { return };
            let id = at.node().id();
            at = Location::new(at.mount().clone(), parent);
            self.look(&at, |known| known.name_of(id));
        }
    }

    fn note_ways(&mut self, at: &Location) {
        let identity = Identity::of(at);
        for (index, layer) in self.view.layers.iter().enumerate() {
            if layer.known(identity).is_some_and(|known| known.is_way) {
                self.cover.ways |= 1 << index;
            }
        }
    }

    fn look(&mut self, at: &Location, decide: impl Fn(&Known) -> Option<PathPermissions>) {
        let identity = Identity::of(at);
        for (index, layer) in self.view.layers.iter().enumerate() {
            if self.undecided & 1 << index == 0 {
                continue;
            }
            if let Some(permissions) = layer.known(identity).and_then(&decide) {
                self.cover.granted[index] = permissions;
                self.undecided &= !(1 << index);
            }
        }
    }
}
