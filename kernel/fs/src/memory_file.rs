//! Files without a place in any tree: `memfd_create`, shared memory of devices.

use crate::tmpfs::Tmpfs;
use abi::{Errno, Mode, OpenFlags, Result};
use alloc::sync::Arc;
use object::namespace::{Entry, Mount, MountFlags};
use object::{FileSystem, Location, Node, Object, OpenFile, Owner, SealSet};
use sync::Once;

/// The mount that such files belong to; it is in no namespace.
static HIDDEN: Once<Arc<Mount>> = Once::new();

fn hidden() -> Result<&'static Arc<Mount>> {
    if let Some(mount) = HIDDEN.get() {
        return Ok(mount);
    }
    let file_system: Arc<dyn FileSystem> = Tmpfs::new("tmpfs", Mode::from_raw(0o700))?;
    let mount = Mount::root_of(file_system, MountFlags::empty())?;
    Ok(HIDDEN.call_once(|| mount))
}

/// Makes an empty file, open for reading and writing. Its path shows as `/NAME (deleted)`. `seals` are those that it begins
/// with; `None` for one that cannot be sealed.
pub fn create(name: &[u8], mode: Mode, owner: Owner, seals: Option<SealSet>) -> Result<Arc<dyn Object>> {
    let mount = hidden()?;
    let file = mount.root().create_unnamed(mode, owner)?;
    if let (Some(first), Some(seals)) = (seals, file.seals()) {
        seals.open(first);
    }
    let mut shown = mm::alloc::try_vec(name.len())?;
    shown.extend_from_slice(name);
    let entry = Entry { directory: mount.root().clone(), name: shown.into_boxed_slice() };
    let location = Location::with_entry(mount.clone(), file, entry)?;
    OpenFile::open(location, OpenFlags::READ_WRITE | OpenFlags::LARGE_FILE)
}

/// The pages of a new, zeroed object of `size` bytes, for a shared mapping that has no file.
pub fn pages(size: u64) -> Result<Arc<dyn mm::Pager>> {
    let file: Arc<dyn Node> = hidden()?.root().create_unnamed(Mode::from_raw(0o600), Owner::default())?;
    file.truncate(size).map_err(|_| Errno::ENOMEM)?;
    file.pager()
}
