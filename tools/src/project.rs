//! Where the project's files are, what they are made from, and who may write them now.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use crate::failure::{Context, Result};

/// What the guest's programs are made from; a change in any of it means building again.
const SOURCES: &[&str] = &["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo", "caps", "kernel", "userspace"];

/// The source tree and the directory of things built from it.
#[derive(Clone, Debug)]
pub struct Project {
    /// The top of the source tree.
    pub root: PathBuf,
    /// What this tool builds or remembers: a directory of its own, so that the lock which an outer cargo
    /// holds on its target directory is no matter.
    pub output: PathBuf,
}

impl Project {
    /// The project that this binary was built from.
    pub fn locate() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().unwrap_or(manifest).to_path_buf();
        let output = root.join("target/guest");
        fs::create_dir_all(&output).context(|| format!("cannot create {}", output.display()))?;
        Ok(Self { root, output })
    }

    /// Waits until no other process holds the lock called `name`, and holds it until the file is dropped.
    pub fn lock(&self, name: &str) -> Result<File> {
        let path = self.output.join(name).with_extension("lock");
        let file = File::create(&path).context(|| format!("cannot create {}", path.display()))?;
        if file.try_lock().is_err() {
            eprintln!("tessera: waiting for another one to finish with {name}");
            file.lock().context(|| format!("cannot lock {}", path.display()))?;
        }
        Ok(file)
    }

    /// A digest of the names, sizes and times of all sources.
    pub fn fingerprint(&self) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        for source in SOURCES {
            digest(&self.root.join(source), &mut hasher)
                .context(|| format!("cannot read {}", self.root.join(source).display()))?;
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

fn digest(path: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    let metadata = fs::metadata(path)?;
    path.hash(hasher);
    if !metadata.is_dir() {
        metadata.len().hash(hasher);
        metadata.modified()?.hash(hasher);
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    entries.iter().filter(|entry| entry.file_name() != "target").try_for_each(|entry| digest(&entry.path(), hasher))
}
