//! Composing what the guest finds at `/`: the base userland, the trees laid over it, and the program to run with
//! everything that it needs to start.
//!
//! Precedence, from the weakest: the base, the host's program and its libraries, the trees of `--root`. So
//! `exec /bin/ls` runs the host's `ls` although the base has an applet of that name, and a tree of `--root` can
//! bring another one.

pub mod base;
pub mod elf;
pub mod library;
pub mod newc;
pub mod overlay;
pub mod program;
pub mod run_file;
pub mod tree;

use std::fs::File;
use std::io::{BufWriter, Write};

use rustix::fs::MemfdFlags;

use crate::failure::{Context, Result};
use tree::Tree;

/// Writes the tree into a file without a name, so that nothing stays behind however we end.
pub fn write_archive(tree: &Tree) -> Result<File> {
    let descriptor = rustix::fs::memfd_create("tessera-initramfs", MemfdFlags::empty())
        .context(|| "cannot create a file in memory".into())?;
    let mut writer = BufWriter::with_capacity(1 << 18, File::from(descriptor));
    newc::write(tree, &mut writer).context(|| "cannot compose the initramfs".into())?;
    writer.flush().context(|| "cannot write the initramfs".into())?;
    writer.into_inner().map_err(|error| error.into_error()).context(|| "cannot write the initramfs".into())
}
