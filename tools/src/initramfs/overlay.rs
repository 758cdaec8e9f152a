//! The trees that `--root` lays over the base.

use std::fs;
use std::path::Path;

use super::tree::{Origin, Tree, host_entry};
use crate::failure::{Context, Result};

/// Lays the directory `root` of the host over the tree.
pub fn lay_over(tree: &mut Tree, root: &Path) -> Result<()> {
    let root = std::path::absolute(root).context(|| format!("--root {}", root.display()))?;
    lay_directory(tree, &root, Path::new("/"))
}

fn lay_directory(tree: &mut Tree, source: &Path, place: &Path) -> Result<()> {
    let read = || format!("cannot read {}", source.display());
    for child in fs::read_dir(source).context(read)? {
        let child = child.context(read)?;
        let metadata = child.metadata().context(|| format!("cannot read {}", child.path().display()))?;
        let place = place.join(child.file_name());
        let file_type = metadata.file_type();
        if !(file_type.is_dir() || file_type.is_file() || file_type.is_symlink()) {
            eprintln!("tessera: {} is left out: neither file, directory nor link", child.path().display());
            continue;
        }
        let entry = host_entry(&child.path(), &metadata, Origin::Overlay).context(read)?;
        tree.insert(&place, entry).context(|| "--root".into())?;
        if file_type.is_dir() {
            lay_directory(tree, &child.path(), &place)?;
        }
    }
    Ok(())
}
