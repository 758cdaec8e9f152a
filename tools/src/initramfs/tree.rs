//! A file tree that does not exist yet: the initramfs before it is written.
//!
//! Keys are canonical places (absolute, no `.` or `..`, no symbolic link but in the last component), so a parent
//! always sorts before its children, and a path given through a linked directory finds its place.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

/// Links followed before we call it a loop, as Linux does.
const MAX_LINKS: usize = 40;

/// Where an entry came from, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The base userland.
    Base,
    /// The host's program, its interpreters and libraries.
    Host,
    /// A tree given by `--root`.
    Overlay,
}

/// The bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Those of a file of the host, read when the archive is written.
    Host(PathBuf),
    /// These.
    Bytes(Vec<u8>),
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory; its children are entries of their own.
    Directory,
    /// A symbolic link and its target.
    Symlink(OsString),
    /// A regular file.
    File(Content),
}

/// One file, directory or link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since the epoch.
    pub modified: u32,
    /// Where it came from.
    pub origin: Origin,
}

/// The tree. The root directory itself is not an entry.
#[derive(Debug, Default)]
pub struct Tree {
    entries: BTreeMap<PathBuf, Entry>,
}

impl Tree {
    /// All entries, parents before children.
    pub fn entries(&self) -> impl Iterator<Item = (&Path, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_path(), entry))
    }

    /// The entry that `path` leads to, following links in all components.
    pub fn get(&self, path: &Path) -> Option<&Entry> {
        self.entries.get(&self.canonicalize(path).ok()?)
    }

    /// Whether `path` leads to a directory of the tree.
    pub fn is_directory(&self, path: &Path) -> bool {
        match self.canonicalize(path) {
            Ok(place) if place == Path::new("/") => true,
            Ok(place) => self.entries.get(&place).is_some_and(|entry| entry.kind == Kind::Directory),
            Err(_) => false,
        }
    }

    /// `path` with all links of the tree followed; components that the tree does not have are kept as they are.
    pub fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let mut place = PathBuf::from("/");
        let mut links = 0;
        let mut rest = names_reversed(path);
        while let Some(name) = rest.pop() {
            if name == ".." {
                place.pop();
                continue;
            }
            place.push(&name);
            let Some(Entry { kind: Kind::Symlink(target), .. }) = self.entries.get(&place) else { continue };
            links += 1;
            if links > MAX_LINKS {
                return Err(io::Error::other(format!("{}: too many symbolic links", path.display())));
            }
            let target = Path::new(target);
            if target.is_absolute() {
                place = PathBuf::from("/");
            } else {
                place.pop();
            }
            rest.extend(names_reversed(target));
        }
        Ok(place)
    }

    /// The canonical place of `path` itself, not of what it links to.
    fn place(&self, path: &Path) -> io::Result<PathBuf> {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Ok(self.canonicalize(parent)?.join(name)),
            _ => self.canonicalize(path),
        }
    }

    /// Puts an entry at `path`, making missing parents, unless something of a stronger origin is there. Of equal
    /// origins the later wins. Trees merge: a directory, or a link to one, never gives way.
    pub fn insert(&mut self, path: &Path, entry: Entry) -> io::Result<()> {
        let place = self.place(path)?;
        if self.is_directory(&place) {
            let is_file = matches!(entry.kind, Kind::File(_));
            let message = format!("{}: a directory is in the way of a file", place.display());
            return if is_file { Err(io::Error::other(message)) } else { Ok(()) };
        }
        if self.entries.get(&place).is_some_and(|old| old.origin > entry.origin) {
            return Ok(());
        }
        if let Some(parent) = place.parent() {
            self.make_directories(parent, entry.origin)?;
        }
        self.entries.insert(place, entry);
        Ok(())
    }

    fn make_directories(&mut self, directory: &Path, origin: Origin) -> io::Result<()> {
        let mut place = PathBuf::from("/");
        for name in names_reversed(directory).into_iter().rev() {
            place.push(name);
            match self.entries.get(&place) {
                Some(Entry { kind: Kind::Directory, .. }) => {}
                Some(_) => return Err(io::Error::other(format!("{}: not a directory", place.display()))),
                None => {
                    let entry = Entry { kind: Kind::Directory, mode: 0o755, modified: 0, origin };
                    self.entries.insert(place.clone(), entry);
                }
            }
        }
        Ok(())
    }

    /// Puts the host's file at `path` at the same path, with the symbolic links that lead to it. What a stronger
    /// origin has put there stays.
    pub fn insert_host(&mut self, path: &Path) -> io::Result<()> {
        let mut path = path.to_path_buf();
        for _ in 0..MAX_LINKS {
            match self.insert_host_prefixes(&path)? {
                None => return Ok(()),
                Some(redirected) => path = redirected,
            }
        }
        Err(io::Error::other(format!("{}: too many symbolic links", path.display())))
    }

    /// Walks `path` from the root. At a link of the host that the tree lacks: takes it over, and returns the path
    /// with the link replaced by its target.
    fn insert_host_prefixes(&mut self, path: &Path) -> io::Result<Option<PathBuf>> {
        let parts: Vec<Component<'_>> = path.components().collect();
        for length in 2..=parts.len() {
            let prefix: PathBuf = parts[..length].iter().collect();
            if self.is_directory(&prefix) || self.is_overlaid(&prefix)? {
                continue;
            }
            let metadata = fs::symlink_metadata(&prefix)?;
            self.insert(&prefix, host_entry(&prefix, &metadata, Origin::Host)?)?;
            if metadata.is_symlink() {
                let directory = fs::canonicalize(prefix.parent().unwrap_or(&prefix))?;
                let target = normalize(&directory.join(fs::read_link(&prefix)?));
                return Ok(Some(parts[length..].iter().fold(target, |path, part| path.join(part))));
            }
        }
        Ok(None)
    }

    fn is_overlaid(&self, path: &Path) -> io::Result<bool> {
        Ok(self.entries.get(&self.place(path)?).is_some_and(|entry| entry.origin == Origin::Overlay))
    }
}

/// The entry that stands for a file of the host. Sockets and devices cannot be carried over.
pub fn host_entry(path: &Path, metadata: &fs::Metadata, origin: Origin) -> io::Result<Entry> {
    let kind = if metadata.is_dir() {
        Kind::Directory
    } else if metadata.is_symlink() {
        Kind::Symlink(fs::read_link(path)?.into_os_string())
    } else if metadata.is_file() {
        Kind::File(Content::Host(path.to_path_buf()))
    } else {
        return Err(io::Error::other(format!("{}: neither file, directory nor link", path.display())));
    };
    let modified = u32::try_from(metadata.mtime()).unwrap_or(0);
    Ok(Entry { kind, mode: metadata.permissions().mode() & 0o7777, modified, origin })
}

/// The names and `..` in `path`, the last first.
fn names_reversed(path: &Path) -> Vec<OsString> {
    let is_name = |component: &Component<'_>| matches!(component, Component::Normal(_) | Component::ParentDir);
    path.components().rev().filter(is_name).map(|component| component.as_os_str().to_owned()).collect()
}

/// `path` without `.` and `..`.
pub fn normalize(path: &Path) -> PathBuf {
    let mut result = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                result.pop();
            }
            Component::CurDir => {}
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(target: &str) -> Entry {
        Entry { kind: Kind::Symlink(target.into()), mode: 0o777, modified: 0, origin: Origin::Base }
    }

    fn file(text: &str, origin: Origin) -> Entry {
        Entry { kind: Kind::File(Content::Bytes(text.into())), mode: 0o644, modified: 0, origin }
    }

    fn paths(tree: &Tree) -> Vec<String> {
        tree.entries().map(|(path, _)| path.display().to_string()).collect()
    }

    #[test]
    fn a_file_put_through_a_linked_directory_lands_in_the_directory() {
        let mut tree = Tree::default();
        tree.insert(Path::new("/bin"), link("usr/bin")).unwrap();
        tree.insert(Path::new("/bin/sh"), file("x", Origin::Base)).unwrap();
        assert_eq!(paths(&tree), ["/bin", "/usr", "/usr/bin", "/usr/bin/sh"]);
        assert!(tree.get(Path::new("/bin/../bin/sh")).is_some());
    }

    #[test]
    fn the_stronger_origin_wins_whatever_the_order() {
        let mut tree = Tree::default();
        let path = Path::new("/etc/x");
        tree.insert(path, file("overlay", Origin::Overlay)).unwrap();
        tree.insert(path, file("host", Origin::Host)).unwrap();
        assert_eq!(tree.get(path).unwrap().kind, Kind::File(Content::Bytes(b"overlay".to_vec())));
    }

    #[test]
    fn link_loops_are_errors() {
        let mut tree = Tree::default();
        tree.insert(Path::new("/a"), link("b")).unwrap();
        tree.insert(Path::new("/b"), link("a")).unwrap();
        assert!(tree.canonicalize(Path::new("/a/x")).is_err());
    }

    #[test]
    fn links_of_the_host_are_kept_and_their_targets_follow() {
        let directory = std::env::temp_dir().join(format!("tessera-tree-{}", std::process::id()));
        fs::create_dir_all(directory.join("real")).unwrap();
        fs::write(directory.join("real/lib.so.1.2"), "library").unwrap();
        std::os::unix::fs::symlink("lib.so.1.2", directory.join("real/lib.so.1")).unwrap();
        std::os::unix::fs::symlink("real", directory.join("linked")).unwrap();
        let mut tree = Tree::default();
        tree.insert_host(&directory.join("linked/lib.so.1")).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        assert!(matches!(tree.get(&directory.join("linked/lib.so.1")).unwrap().kind, Kind::File(_)));
        assert!(matches!(tree.entries[&directory.join("linked")].kind, Kind::Symlink(_)));
        assert!(matches!(tree.entries[&directory.join("real/lib.so.1")].kind, Kind::Symlink(_)));
    }
}
