//! Views: the part of the file tree that a process sees.
//!
//! A view is a narrowing of the root capability for paths. It is an immutable value in [`Roots`](super::Roots), replaced as a
//! whole, and every path walk of the process goes by it, wherever it starts: at the root, in the working directory or at
//! a directory slot.
//!
//! # What is bound
//! `unveil` of a directory binds that *directory*, whatever its name becomes and by whatever name or mount it is
//! reached; removed and made anew, it is another. `unveil` of anything else, or of a name that is not there yet, binds
//! the *name in its directory*, and so whatever comes to be there; a hard link of another name is not covered. What is not bound
//! itself has the permissions of the nearest bound directory above it. No permissions at all hide what is bound.
//!
//! The directories and links that the call's path led through, and the directories above, are **ways**: they can be walked
//! through, but show nothing: neither attributes nor entries. All else is as if it were not there, and every error about it is
//! ENOENT.
//!
//! # Construction and layers
//! The first call hides everything; until the view is locked, further calls of the same process add to it or replace the
//! permissions of what is bound, within what the process could see before its first call. What is so built is one
//! **layer**. A child (fork) and a new program (exec) inherit the view as it is: they cannot add to it, and their own first
//! call begins a further layer within. Every layer must allow what is done, so a layer never widens.
//!
//! # Cost
//! Without a view a walk looks at one null pointer a step. With one, a step is a binary search a layer; the start of a walk,
//! and each `..`, climb to find what covers them. Nothing is locked.

mod build;
mod cover;
mod layer;

pub use build::Stage;
pub(crate) use build::Step;
pub use cover::{Cover, Sight};

use crate::Location;
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::PathPermissions;
use layer::Layer;

/// How many layers a view may have: how often processes that inherited one may unveil anew within it.
pub const LAYERS_MAX: usize = 8;
/// How many paths one layer may bind.
pub const PATHS_MAX: usize = 128;

/// The part of the file tree that a process sees.
pub struct View {
    /// The outermost first. Only the last may be under construction.
    layers: Vec<Arc<Layer>>,
    stage: Stage,
}

/// Whether whoever is calling may know of a place by its path: for texts that tell paths.
pub fn is_shown(location: &Location) -> bool {
    let roots = crate::caller().and_then(|caller| caller.roots());
    roots.and_then(|roots| roots.sight_of(location)) != Some(Sight::Hidden)
}

impl View {
    /// Shows each path that is bound, with the number of its layer and its permissions there: for texts about it.
    pub fn show(&self, show: &mut dyn FnMut(usize, &[u8], PathPermissions)) -> abi::Result<()> {
        let mut layers = self.layers.iter().enumerate();
        layers.try_for_each(|(number, layer)| layer.show(&mut |path, permissions| show(number, path, permissions)))
    }
}

impl core::fmt::Debug for View {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "View({} layers, {:?})", self.layers.len(), self.stage)
    }
}
