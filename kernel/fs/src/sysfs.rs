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
use arch::cpu::CpuId;
use arch::topology::{self, Domain};
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
    for cpu in arch::cpu::present().iter() {
        let name = Text::build(|text| write!(text, "cpu{}", cpu.index()))?;
        let own = directory(&cpus, &name)?;
        fill_topology(&directory(&own, b"topology")?, cpu)?;
    }
    let node = directory(&directory(&system, b"node")?, b"node0")?;
    file(&node, b"cpulist", all)?;
    let mask = Text::build(|text| {
        cpu_list::write_mask(text, 0..count, count)?;
        text.write_str("\n")
    })?;
    file(&node, b"cpumap", mask)?;
    Ok(sysfs)
}

/// Who shares what with a processor, under Linux's names, the older ones included.
fn fill_topology(topology: &Arc<Inode>, cpu: CpuId) -> Result<()> {
    let (package, core) = topology::package_and_core(cpu);
    file(topology, b"physical_package_id", Text::build(|text| writeln!(text, "{package}"))?)?;
    file(topology, b"core_id", Text::build(|text| writeln!(text, "{core}"))?)?;
    file(topology, b"die_id", Text::build(|text| text.write_str("0\n"))?)?;
    let sets: [(Domain, [&[u8]; 4]); 2] = [
        (Domain::Core, [b"core_cpus", b"core_cpus_list", b"thread_siblings", b"thread_siblings_list"]),
        (Domain::Package, [b"package_cpus", b"package_cpus_list", b"core_siblings", b"core_siblings_list"]),
    ];
    for (domain, [mask_name, list_name, old_mask_name, old_list_name]) in sets {
        let siblings: Vec<usize> = try_collect(topology::siblings(cpu, domain).iter().map(CpuId::index))?;
        let list = Text::build(|text| {
            cpu_list::write_list(text, siblings.iter().copied())?;
            text.write_str("\n")
        })?;
        let mask = Text::build(|text| {
            cpu_list::write_mask(text, siblings.iter().copied(), arch::cpu::count())?;
            text.write_str("\n")
        })?;
        for (name, contents) in [(mask_name, &mask), (old_mask_name, &mask), (list_name, &list), (old_list_name, &list)]
        {
            file(topology, name, contents.clone())?;
        }
    }
    Ok(())
}

fn try_collect(numbers: impl Iterator<Item = usize>) -> Result<Vec<usize>> {
    let mut all = mm::alloc::try_vec(arch::cpu::count())?;
    all.extend(numbers);
    Ok(all)
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
