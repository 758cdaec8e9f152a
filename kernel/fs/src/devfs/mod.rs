//! `/dev`: a file system in memory with nodes for the devices.

mod memory;

use crate::special::{self, Opener, device_number};
use crate::tmpfs::{Inode, New, Tmpfs};
use abi::{Errno, Mode, Result};
use alloc::sync::Arc;
use memory::Source;
use object::{Node, NodeKind, Owner};

/// Major number of the memory devices.
const MEMORY_MAJOR: u32 = 1;

/// A device to show in `/dev`.
pub struct DeviceNode<'a> {
    /// Path beneath `/dev`; directories on the way are made.
    pub path: &'a [u8],
    /// Character or block device.
    pub kind: NodeKind,
    /// Its number: see [`device_number`].
    pub number: u64,
    /// Permission bits.
    pub mode: Mode,
}

/// Makes the file system, with the devices that need no driver.
pub fn make() -> Result<Arc<Tmpfs>> {
    let devices = Tmpfs::new("devtmpfs", Mode::from_raw(0o755))?;
    for (name, minor, source) in [
        ("null", 3, Source::Null),
        ("zero", 5, Source::Zero),
        ("full", 7, Source::Full),
        ("random", 8, Source::Random),
        ("urandom", 9, Source::Random),
    ] {
        let number = device_number(MEMORY_MAJOR, minor);
        let node =
            DeviceNode { path: name.as_bytes(), kind: NodeKind::CharacterDevice, number, mode: Mode::from_raw(0o666) };
        add(&devices, &node, memory::opener(source)?)?;
    }
    let links: [(&str, &str); 4] = [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ];
    let root = devices.root_inode();
    for (name, target) in links {
        root.add_new(name.as_bytes(), New::Link(target.as_bytes()), Mode::from_raw(0o777), Owner::default())?;
    }
    for name in ["pts", "shm"] {
        let mode = if name == "shm" { Mode::from_raw(0o1777) } else { Mode::from_raw(0o755) };
        root.add_new(name.as_bytes(), New::Directory, mode, Owner::default())?;
    }
    Ok(devices)
}

/// Adds a device: a node in `devices`, and its opener for every node of that number. EEXIST, ENOMEM.
pub fn add(devices: &Tmpfs, node: &DeviceNode<'_>, opener: Opener) -> Result<()> {
    special::register_device(node.kind, node.number, opener)?;
    let mut at: Arc<Inode> = devices.root_inode().clone();
    let mut names = node.path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        if names.peek().is_none() {
            at.add_new(name, New::Special(node.kind, node.number), node.mode, Owner::default())?;
            return Ok(());
        }
        at = match at.child(name) {
            Ok(child) if child.is_directory() => child,
            Ok(_) => return Err(Errno::ENOTDIR),
            Err(_) => at.add_new(name, New::Directory, Mode::from_raw(0o755), Owner::default())?,
        };
    }
    debug_assert!(at.kind() == NodeKind::Directory);
    Err(Errno::EINVAL)
}
