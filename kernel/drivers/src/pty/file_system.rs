//! The file system mounted at `/dev/pts`: one node for each open pair.

use alloc::sync::{Arc, Weak};
use core::ops::ControlFlow;

use abi::consts::general;
use abi::types::{Stat, Statfs};
use abi::{Errno, Mode, OpenFlags, Result};
use object::directory::{DirectoryEntry, FIRST_ENTRY};
use object::{Credentials, FileSystem, Location, Node, NodeKind, Object, Permissions, SetAttributes, Terminal};

use super::{Pair, REGISTRY};
use crate::tty::TtyFile;

/// The file system's type number in `statfs`.
const MAGIC: i64 = 0x1cd1;
/// The root's inode number; pair N has N plus [`FIRST_PAIR`].
const ROOT: u64 = 1;
const FIRST_PAIR: u64 = 3;

/// The file system of pseudo-terminals.
pub struct Devpts {
    device: u64,
    itself: Weak<Self>,
}

impl Devpts {
    /// The file system, shown with this `device` number. There is one set of pairs, whichever file system shows it.
    pub fn make(device: u64) -> Result<Arc<Self>> {
        Ok(mm::alloc::try_arc_cyclic(|itself| Self { device, itself: itself.clone() })?)
    }

    fn this(&self) -> Arc<dyn FileSystem> {
        match self.itself.upgrade() {
            Some(this) => this,
            // `&self` comes from a strong reference, which keeps the weak one good.
            None => unreachable!("a file system outlives its nodes"),
        }
    }
}

impl FileSystem for Devpts {
    fn name(&self) -> &'static str {
        "devpts"
    }

    fn device(&self) -> u64 {
        self.device
    }

    fn root(&self) -> Result<Arc<dyn Node>> {
        Ok(mm::alloc::try_arc(Root { file_system: self.this() })?)
    }

    fn statfs(&self) -> Result<Statfs> {
        Ok(Statfs { kind: MAGIC, block_size: 4096, name_max: 255, fragment_size: 4096, ..Statfs::default() })
    }
}

/// The directory.
struct Root {
    file_system: Arc<dyn FileSystem>,
}

/// A terminal's end.
struct Terminus {
    file_system: Arc<dyn FileSystem>,
    pair: Arc<Pair>,
}

impl Node for Root {
    fn kind(&self) -> NodeKind {
        NodeKind::Directory
    }

    fn id(&self) -> u64 {
        ROOT
    }

    fn stat(&self) -> Result<Stat> {
        let mode = general::S_IFDIR | 0o755;
        Ok(Stat { device: self.file_system.device(), inode: ROOT, links: 2, mode, block_size: 4096, ..Stat::default() })
    }

    fn file_system(&self) -> Result<Arc<dyn FileSystem>> {
        Ok(self.file_system.clone())
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Node>> {
        let index = parse_index(name).ok_or(Errno::ENOENT)?;
        let pair = Pair::find(index).ok_or(Errno::ENOENT)?;
        let node: Arc<dyn Node> = mm::alloc::try_arc(Terminus { file_system: self.file_system.clone(), pair })?;
        Ok(node)
    }

    fn parent(&self) -> Option<Arc<dyn Node>> {
        self.file_system.root().ok()
    }

    fn read_directory(&self, from: u64, emit: &mut dyn FnMut(&DirectoryEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let mut index = from.saturating_sub(FIRST_ENTRY) as usize;
        loop {
            let found = {
                let registry = REGISTRY.lock();
                registry.iter().skip(index).position(Option::is_some)
            };
            let Some(skipped) = found else { return Ok(()) };
            index += skipped;
            let mut digits = [0; 8];
            let entry = DirectoryEntry {
                inode: index as u64 + FIRST_PAIR,
                kind: NodeKind::CharacterDevice,
                name: write_index(index, &mut digits),
                next: index as u64 + 1 + FIRST_ENTRY,
            };
            if emit(&entry).is_break() {
                return Ok(());
            }
            index += 1;
        }
    }
}

impl Node for Terminus {
    fn kind(&self) -> NodeKind {
        NodeKind::CharacterDevice
    }

    fn id(&self) -> u64 {
        self.pair.index as u64 + FIRST_PAIR
    }

    fn stat(&self) -> Result<Stat> {
        let Permissions { mode, uid, gid } = *self.pair.permissions.lock();
        Ok(Stat {
            device: self.file_system.device(),
            inode: self.id(),
            links: 1,
            mode: general::S_IFCHR | mode.bits(),
            uid,
            gid,
            special_device: self.pair.tty.device(),
            block_size: 1024,
            ..Stat::default()
        })
    }

    fn file_system(&self) -> Result<Arc<dyn FileSystem>> {
        Ok(self.file_system.clone())
    }

    fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        let mut permissions = self.pair.permissions.lock();
        let SetAttributes { mode, uid, gid, .. } = *attributes;
        permissions.mode = mode.unwrap_or(permissions.mode) & Mode::from_raw(0o777);
        permissions.uid = uid.unwrap_or(permissions.uid);
        permissions.gid = gid.unwrap_or(permissions.gid);
        Ok(())
    }

    fn open(&self, location: &Location, flags: OpenFlags, _credentials: &Credentials) -> Result<Arc<dyn Object>> {
        TtyFile::open(self.pair.tty.clone(), Some(location), flags)
    }
}

/// A pair's number as its name says it: decimal, without leading zeros.
fn parse_index(name: &[u8]) -> Option<usize> {
    let text = core::str::from_utf8(name).ok()?;
    let is_plain = text == "0" || text.starts_with(|first: char| ('1'..='9').contains(&first));
    if is_plain { text.parse().ok() } else { None }
}

fn write_index(mut index: usize, digits: &mut [u8; 8]) -> &[u8] {
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (index % 10) as u8;
        index /= 10;
        if index == 0 {
            return &digits[start..];
        }
    }
}
