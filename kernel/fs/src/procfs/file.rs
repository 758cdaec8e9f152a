//! Open texts.

use super::node::ProcNode;
use abi::types::Stat;
use abi::{Errno, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::Kind;
use mm::user::{Sink, Source};
use object::{Location, Node, Object, OpenFile, Seek};
use sync::Mutex;
use sync::ranks::FileOffset;

/// The longest text that can be set.
const WRITE_MAX: usize = 256;

/// An open text: made at the first read and at each read from the start, and kept in between.
pub struct ProcFile {
    node: Arc<ProcNode>,
    location: Location,
    flags: OpenFlags,
    state: Mutex<State, FileOffset>,
}

struct State {
    text: Option<Vec<u8>>,
    offset: u64,
}

impl ProcFile {
    /// Opens a text. Who may not read it learns that now.
    pub fn open(node: Arc<ProcNode>, location: &Location, flags: OpenFlags) -> Result<Arc<dyn Object>> {
        let text = if flags.can_read() { Some(node.text()?) } else { None };
        let state = Mutex::new(State { text, offset: 0 });
        Ok(mm::alloc::try_arc(Self { node, location: location.clone(), flags: flags.kept(), state })?)
    }

    fn read_from(&self, state: &mut State, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        if offset == 0 || state.text.is_none() {
            state.text = Some(self.node.text()?);
        }
        let text = state.text.as_deref().unwrap_or_default();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        to.write(&text[start..])
    }
}

impl Object for ProcFile {
    fn kind(&self) -> Kind {
        Kind::File
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        let mut state = self.state.lock();
        let offset = state.offset;
        let count = self.read_from(&mut state, to, offset)?;
        state.offset += count as u64;
        Ok(count)
    }

    fn read_at(&self, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        let mut state = self.state.lock();
        self.read_from(&mut state, to, offset)
    }

    fn write(&self, from: &mut Source<'_>) -> Result<usize> {
        let mut bytes = [0; WRITE_MAX];
        if from.remaining() > bytes.len() {
            return Err(Errno::EINVAL);
        }
        let count = from.copy_to(&mut bytes)?;
        self.node.set_text(&bytes[..count])?;
        Ok(count)
    }

    fn write_at(&self, from: &mut Source<'_>, _offset: u64) -> Result<usize> {
        self.write(from)
    }

    fn seek(&self, to: Seek) -> Result<u64> {
        let mut state = self.state.lock();
        let target = match to {
            Seek::Set(place) => place,
            Seek::Current(by) => (state.offset as i64).checked_add(by).ok_or(Errno::EOVERFLOW)?,
            _ => return Err(Errno::EINVAL),
        };
        state.offset = u64::try_from(target).map_err(|_| Errno::EINVAL)?;
        Ok(state.offset)
    }

    fn status_flags(&self) -> OpenFlags {
        self.flags
    }

    fn stat(&self) -> Result<Stat> {
        self.node.stat()
    }

    fn node(&self) -> Option<&Arc<dyn Node>> {
        Some(self.location.node())
    }

    fn location(&self) -> Option<&Location> {
        Some(&self.location)
    }

    fn path(&self) -> Option<Vec<u8>> {
        OpenFile::open(self.location.clone(), OpenFlags::PATH).ok()?.path()
    }
}
