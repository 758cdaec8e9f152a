//! Lessons: what a process was seen to use, and the manifest of that.
//!
//! A manifest has one need a line, in the words that denials use to say what would allow them:
//!
//! ```text
//! promise stdio
//! root spawn
//! view "/etc/passwd" r
//! slot 1 WRITE FSTAT
//! ioctl 1 0x5401
//! fcntl 1 3
//! ```
//! A path is told as the program named it, made absolute. What lies beneath something that the program made itself is
//! not told by itself: it will not be there when the manifest is put in force.

use super::record::least;
use abi::types::Stat;
use abi::{Errno, Mode, OpenFlags, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use caps::{FcntlSet, Kind, PathPermissions, Promises, Quoted, Rights, Root, RootSet};
use core::fmt::{self, Write};
use mm::user::Sink;
use object::learning::{Learner, SlotUse};
use object::{Object, Seek, Table};
use sync::{Mutex, SpinLock, ranks};

/// The most paths, the most requests and the most commands that are noted.
const ENTRIES_MAX: usize = 4096;

/// A slot as it was when learning began, and its uses.
struct Start {
    slot: i32,
    /// What tells its object from others; it is not kept.
    object: usize,
    rights: Rights,
}

#[derive(Default)]
struct Notes {
    promises: Promises,
    roots: RootSet,
    has_begun: bool,
    slots: Vec<Start>,
    /// Slots and requests, sorted.
    requests: Vec<(i32, u32)>,
    /// Slots and commands of `fcntl`, sorted.
    commands: Vec<(i32, u32)>,
    /// Paths, sorted.
    paths: Vec<(Vec<u8>, PathPermissions)>,
    /// Something could not be noted.
    is_incomplete: bool,
}

/// What is learned from a process and its children.
pub struct Lesson(SpinLock<Notes, ranks::ObjectState>);

impl Lesson {
    /// Nothing yet.
    pub fn new() -> Result<Arc<Self>> {
        Ok(mm::alloc::try_arc(Self(SpinLock::new(Notes::default())))?)
    }

    /// The manifest of what was noted so far.
    fn manifest(&self) -> Result<Vec<u8>> {
        let mut text = Text(Vec::new());
        self.0.lock().write(&mut text).map_err(|_| Errno::ENOMEM)?;
        Ok(text.0)
    }
}

/// A text whose memory may run out.
struct Text(Vec<u8>);

impl fmt::Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.try_reserve(piece.len()).map_err(|_| fmt::Error)?;
        self.0.extend_from_slice(piece.as_bytes());
        Ok(())
    }
}

impl Notes {
    fn add_path(&mut self, path: &[u8], permissions: PathPermissions) {
        // To be seen at all takes one permission: the least.
        let needed = if permissions.is_empty() { PathPermissions::BROWSE } else { permissions };
        match self.paths.binary_search_by(|(known, _)| known.as_slice().cmp(path)) {
            Ok(at) => self.paths[at].1 |= needed,
            Err(at) => {
                let copy = mm::alloc::try_to_vec(path);
                match copy {
                    Ok(copy) if self.paths.len() < ENTRIES_MAX && self.paths.try_reserve(1).is_ok() => {
                        self.paths.insert(at, (copy, needed));
                    }
                    _ => self.is_incomplete = true,
                }
            }
        }
    }

    /// Adds a request or a command to the list of its kind.
    fn add_number(&mut self, list: fn(&mut Self) -> &mut Vec<(i32, u32)>, slot: i32, number: u32) {
        let known = list(self);
        let Err(at) = known.binary_search(&(slot, number)) else { return };
        if known.len() < ENTRIES_MAX && known.try_reserve(1).is_ok() {
            known.insert(at, (slot, number));
        } else {
            self.is_incomplete = true;
        }
    }

    fn write(&self, text: &mut Text) -> fmt::Result {
        if self.is_incomplete {
            writeln!(text, "# incomplete: memory ran out, or there was too much to note")?;
        }
        for (word, _) in Promises::WORDS.iter().filter(|(_, promise)| self.promises.contains(*promise)) {
            writeln!(text, "promise {word}")?;
        }
        for root in Root::ALL.iter().filter(|root| self.roots.has(**root)) {
            writeln!(text, "root {}", root.name())?;
        }
        for (index, (path, permissions)) in self.paths.iter().enumerate() {
            if self.maker_of(index).is_none() {
                writeln!(text, "view {} {}", Quoted(path), *permissions | self.beneath(index))?;
            }
        }
        for Start { slot, rights, .. } in &self.slots {
            write!(text, "slot {slot}")?;
            if rights.is_empty() {
                write!(text, " none")?;
            }
            rights.iter_names().try_for_each(|(name, _)| write!(text, " {name}"))?;
            writeln!(text)?;
        }
        self.requests.iter().try_for_each(|(slot, request)| writeln!(text, "ioctl {slot} {request:#x}"))?;
        self.commands.iter().try_for_each(|(slot, command)| writeln!(text, "fcntl {slot} {command}"))
    }

    /// The outermost path above this one that the program made something at.
    fn maker_of(&self, index: usize) -> Option<usize> {
        let (path, _) = &self.paths[index];
        let makes = |(above, permissions): &(Vec<u8>, PathPermissions)| {
            permissions.contains(PathPermissions::CREATE) && is_beneath(path, above)
        };
        self.paths[..index].iter().position(makes)
    }

    /// What is needed of paths that are told with this one.
    fn beneath(&self, index: usize) -> PathPermissions {
        let told = (index + 1..self.paths.len()).filter(|other| self.maker_of(*other) == Some(index));
        told.fold(PathPermissions::empty(), |all, other| all | self.paths[other].1)
    }
}

fn is_beneath(path: &[u8], above: &[u8]) -> bool {
    let above = above.strip_suffix(b"/").unwrap_or(above);
    path.strip_prefix(above).is_some_and(|rest| rest.first() == Some(&b'/'))
}

impl Learner for Lesson {
    fn begin(&self, table: &Table) {
        let Ok(shown) = table.snapshot() else {
            self.0.lock().is_incomplete = true;
            return;
        };
        let mut slots = Vec::new();
        let is_noted = slots.try_reserve_exact(shown.len()).is_ok();
        if is_noted {
            slots.extend(shown.iter().map(|shown| Start {
                slot: shown.slot,
                object: address_of(&shown.capability.object),
                rights: Rights::NONE,
            }));
        }
        let mut notes = self.0.lock();
        if !notes.has_begun {
            (notes.has_begun, notes.slots) = (true, slots);
            notes.is_incomplete |= !is_noted;
        }
        drop(notes);
        drop(shown);
    }

    fn use_call(&self, promises: Promises, roots: RootSet) {
        let mut notes = self.0.lock();
        notes.roots |= roots;
        // What has no word cannot be promised; of several that would do one is enough.
        let is_told = promises.is_empty() || promises.contains(Promises::UNPLEDGED);
        if !is_told && !notes.promises.intersects(promises) {
            notes.promises |= Promises::from_word(least(promises)).unwrap_or_default();
        }
    }

    fn use_slot(&self, slot: i32, object: &Arc<dyn Object>, what: SlotUse) {
        let address = address_of(object);
        let mut notes = self.0.lock();
        let is_own = |start: &Start| start.slot == slot && start.object == address;
        let found = notes.slots.iter().position(is_own);
        // A duplicate: what it is used for its original must allow.
        let Some(at) = found.or_else(|| notes.slots.iter().position(|start| start.object == address)) else { return };
        let slot = notes.slots[at].slot;
        match what {
            SlotUse::Rights(rights) => notes.slots[at].rights |= rights,
            SlotUse::Ioctl(request) => notes.add_number(|notes| &mut notes.requests, slot, request),
            // What no list can name is refused in any case: no list, no need.
            SlotUse::Fcntl(command) if FcntlSet::bit(command) == 0 => {}
            SlotUse::Fcntl(command) => notes.add_number(|notes| &mut notes.commands, slot, command),
        }
    }

    fn use_path(&self, path: &[u8], permissions: PathPermissions) {
        self.0.lock().add_path(path, permissions);
    }
}

fn address_of(object: &Arc<dyn Object>) -> usize {
    Arc::as_ptr(object).cast::<()>().addr()
}

/// A manifest to be read: made at a read from the start, and kept until the next.
pub struct ManifestFile {
    lesson: Arc<Lesson>,
    state: Mutex<(Vec<u8>, u64), ranks::FileOffset>,
}

impl ManifestFile {
    /// The manifest of a lesson.
    pub fn new(lesson: Arc<Lesson>) -> Self {
        Self { lesson, state: Mutex::new((Vec::new(), 0)) }
    }

    fn read_from(&self, text: &mut Vec<u8>, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        if offset == 0 {
            *text = self.lesson.manifest()?;
        }
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(text.len());
        to.write(&text[start..])
    }
}

impl Object for ManifestFile {
    fn kind(&self) -> Kind {
        Kind::File
    }

    fn read(&self, to: &mut Sink<'_>) -> Result<usize> {
        let mut state = self.state.lock();
        let (text, offset) = &mut *state;
        let count = self.read_from(text, to, *offset)?;
        *offset += count as u64;
        Ok(count)
    }

    fn read_at(&self, to: &mut Sink<'_>, offset: u64) -> Result<usize> {
        self.read_from(&mut self.state.lock().0, to, offset)
    }

    fn seek(&self, to: Seek) -> Result<u64> {
        let mut state = self.state.lock();
        let place = match to {
            Seek::Set(place) => place,
            Seek::Current(by) => (state.1 as i64).checked_add(by).ok_or(Errno::EOVERFLOW)?,
            _ => return Err(Errno::EINVAL),
        };
        state.1 = u64::try_from(place).map_err(|_| Errno::EINVAL)?;
        Ok(state.1)
    }

    fn status_flags(&self) -> OpenFlags {
        OpenFlags::empty()
    }

    fn stat(&self) -> Result<Stat> {
        let mode = Mode::from_raw(0o400);
        Ok(Stat { mode: abi::consts::general::S_IFREG | mode.bits(), links: 1, ..Stat::default() })
    }

    fn path(&self) -> Option<Vec<u8>> {
        mm::alloc::try_to_vec(b"anon_inode:[manifest]").ok()
    }
}
