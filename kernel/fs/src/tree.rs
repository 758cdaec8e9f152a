//! The file tree as it is at boot, and the kinds of file system that can be mounted later.

use crate::procfs::{self, ProcessSource};
use crate::sysfs;
use crate::tmpfs::Tmpfs;
use abi::{Errno, Mode, Result};
use alloc::sync::Arc;
use object::namespace::MountFlags;
use object::{FileSystem, Location, Namespace, NewNode, Node, Owner, file_systems};
use sync::Once;

/// File systems of which there is one: mounting another gives the same.
static SINGLE: Once<Single> = Once::new();

struct Single {
    processes: Arc<dyn FileSystem>,
    system: Arc<dyn FileSystem>,
    devices: Arc<dyn FileSystem>,
}

/// Makes the directories that programs expect, mounts `/proc`, `/sys` and `/dev`, and lets these and tmpfs be
/// mounted elsewhere. Once, at boot, over a root that was unpacked.
pub fn furnish(namespace: &Namespace, devices: Arc<Tmpfs>, source: &'static dyn ProcessSource) -> Result<()> {
    let single = Single { processes: procfs::make(source)?, system: sysfs::make()?, devices };
    let single = SINGLE.call_once(|| single);
    let root = namespace.root();
    let parts = [
        ("proc", &single.processes, MountFlags::NO_SET_ID | MountFlags::NO_DEVICES | MountFlags::NO_EXECUTE),
        ("sys", &single.system, MountFlags::READ_ONLY | MountFlags::NO_SET_ID | MountFlags::NO_EXECUTE),
        ("dev", &single.devices, MountFlags::NO_SET_ID),
    ];
    for (name, file_system, flags) in parts {
        let directory = directory(root.node(), name, 0o755)?;
        let point = Location::new(root.mount().clone(), directory);
        namespace.mount(point, file_system.clone(), flags)?;
    }
    directory(root.node(), "tmp", 0o1777)?;
    register_kinds()
}

/// The directory of this name in `root`, made if it is missing.
fn directory(root: &Arc<dyn Node>, name: &str, mode: u32) -> Result<Arc<dyn Node>> {
    match root.lookup(name.as_bytes()) {
        Err(Errno::ENOENT) => root.create(name.as_bytes(), NewNode::Directory, Mode::from_raw(mode), Owner::default()),
        found => found,
    }
}

fn register_kinds() -> Result<()> {
    for name in ["tmpfs", "ramfs"] {
        file_systems::register(name, || Ok(Tmpfs::new("tmpfs", Mode::from_raw(0o1777))?))?;
    }
    file_systems::register("proc", || single(|single| &single.processes))?;
    file_systems::register("sysfs", || single(|single| &single.system))?;
    file_systems::register("devtmpfs", || single(|single| &single.devices))
}

fn single(choose: fn(&Single) -> &Arc<dyn FileSystem>) -> Result<Arc<dyn FileSystem>> {
    SINGLE.get().map(choose).cloned().ok_or(Errno::ENODEV)
}
