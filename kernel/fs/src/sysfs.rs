//! The small part of `/sys` that C libraries and common tools read: which processors there are.
//!
//! Nothing in it changes after boot, so it is a file system in memory, filled once.

use crate::procfs::cpu_list;
use crate::procfs::text::Text;
use crate::tmpfs::{Inode, New, Tmpfs};
use abi::{Mode, Result};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;
use object::{FileSystem, Owner};

/// Makes the file system. To be mounted read-only.
pub fn make() -> Result<Arc<dyn FileSystem>> {
    let sysfs = Tmpfs::new("sysfs", Mode::from_raw(0o555))?;
    let root = sysfs.root_inode();
    let system = directory(&directory(root, b"devices")?, b"system")?;
    let cpus = directory(&system, b"cpu")?;
    let count = arch::cpu::count();
    let all = Text::build(|text| {
        cpu_list::write_list(text, 0..count)?;
        text.write_str("\n")
    })?;
    let last = Text::build(|text| writeln!(text, "{}", count.saturating_sub(1)))?;
    for (name, contents) in [("online", &all), ("possible", &all), ("present", &all), ("kernel_max", &last)] {
        file(&cpus, name.as_bytes(), contents.clone())?;
    }
    file(&cpus, b"offline", Text::build(|text| text.write_str("\n"))?)?;
    for cpu in 0..count {
        let name = Text::build(|text| write!(text, "cpu{cpu}"))?;
        let topology = directory(&directory(&cpus, &name)?, b"topology")?;
        let number = Text::build(|text| writeln!(text, "{cpu}"))?;
        file(&topology, b"core_id", number.clone())?;
        file(&topology, b"thread_siblings_list", number)?;
        file(&topology, b"physical_package_id", Text::build(|text| text.write_str("0\n"))?)?;
    }
    let node = directory(&directory(&system, b"node")?, b"node0")?;
    file(&node, b"cpulist", all)?;
    Ok(sysfs)
}

fn directory(parent: &Arc<Inode>, name: &[u8]) -> Result<Arc<Inode>> {
    match parent.child(name) {
        Ok(child) => Ok(child),
        Err(_) => parent.add_new(name, New::Directory, Mode::from_raw(0o555), Owner::default()),
    }
}

/// A file whose contents are kept for good: `/sys` is never given up.
fn file(parent: &Arc<Inode>, name: &[u8], contents: Vec<u8>) -> Result<()> {
    let contents: &'static [u8] = Box::leak(contents.into_boxed_slice());
    parent.add_new(name, New::File(contents), Mode::from_raw(0o444), Owner::default())?;
    Ok(())
}
