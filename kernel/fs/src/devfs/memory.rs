//! Devices without hardware: `null`, `zero`, `full`, `random`, `urandom`.

use crate::special::Opener;
use crate::{memory_file, random};
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::Kind;
use mm::Pager;
use mm::user::{Sink, Source as Bytes};
use object::{Location, Node, Object, OpenFile, Seek, StatusFlags};

/// As much as an address space can map.
const MAPPING_MAX: u64 = 1 << 47;

/// What a device gives and takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Gives nothing, takes everything.
    Null,
    /// Gives zeros, takes everything.
    Zero,
    /// Gives zeros, has no room.
    Full,
    /// Gives random bytes, takes everything.
    Random,
}

/// What opens a device of this kind.
pub fn opener(source: Source) -> Result<Opener> {
    Ok(mm::alloc::try_arc(move |location: &Location, flags: OpenFlags| -> Result<Arc<dyn Object>> {
        let flags = StatusFlags::new(flags.kept());
        Ok(mm::alloc::try_arc(MemoryDevice { source, location: location.clone(), flags })?)
    })?)
}

struct MemoryDevice {
    source: Source,
    location: Location,
    flags: StatusFlags,
}

impl Object for MemoryDevice {
    fn kind(&self) -> Kind {
        Kind::Device
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        match self.source {
            Source::Null => Ok(0),
            Source::Zero | Source::Full => {
                let room = to.remaining();
                to.write_zeros(room)
            }
            Source::Random => random::fill_sink(to),
        }
    }

    fn write(&self, from: &mut Bytes<'_>) -> Result<usize> {
        match self.source {
            Source::Full => Err(Errno::ENOSPC),
            _ => {
                let offered = from.remaining();
                Ok(from.skip(offered))
            }
        }
    }

    fn read_at(&self, to: &mut Sink<'_>, _offset: u64) -> Result<usize> {
        self.read(to)
    }

    fn write_at(&self, from: &mut Bytes<'_>, _offset: u64) -> Result<usize> {
        self.write(from)
    }

    fn seek(&self, _to: Seek) -> Result<u64> {
        Ok(0)
    }

    fn kept_flags(&self) -> Option<&StatusFlags> {
        Some(&self.flags)
    }

    fn stat(&self) -> Result<Stat> {
        self.location.node().stat()
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        Some(self.location.node())
    }

    fn location(&self) -> Option<&Location> {
        Some(&self.location)
    }

    /// A mapping of zeros is new memory, each time.
    fn pager(&self) -> Result<Arc<dyn Pager>> {
        match self.source {
            Source::Zero => memory_file::pages(MAPPING_MAX),
            _ => Err(Errno::ENODEV),
        }
    }

    fn path(&self) -> Option<Vec<u8>> {
        OpenFile::open(self.location.clone(), OpenFlags::PATH).ok()?.path()
    }
}
