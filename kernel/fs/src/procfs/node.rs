//! Nodes: places in the tree.

mod listing;

use super::ProcFs;
use super::file::ProcFile;
use super::numbers::{SLOT_TEXTS, SLOTS, fixed_number, number_in, number_of};
use super::object_node::ObjectNode;
use super::process::{ENTRIES, FAIL_NTH, Subject};
use super::tree::{Entry, ProcessEntry, ProcessWhat, What};
use super::{slots, system};
use abi::types::Stat;
use abi::{Errno, Mode, OpenFlags, Promises, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use object::directory::FIRST_ENTRY;
use object::namespace::view::is_shown;
use object::{
    Credentials, DirectoryEntry, FileSystem, Held, Location, Node, NodeKind, Object, OpenFile, Owner, Permissions,
    SetAttributes,
};

/// Gets the number, kind and name of a directory's entry.
type Emit<'a> = &'a mut dyn FnMut(u64, NodeKind, &[u8], u64) -> ControlFlow<()>;

/// A node of the process file system.
pub struct ProcNode {
    proc: Arc<ProcFs>,
    place: Place,
}

/// What a node is.
#[derive(Clone)]
pub(super) enum Place {
    /// A fixed name, with its inode number.
    Fixed(&'static Entry, u64),
    /// The directory of a process or thread.
    Process(Subject),
    /// An entry of such a directory, by its position.
    Entry(Subject, usize),
    /// The link of a slot.
    Slot(Subject, i32),
    /// The text about a slot.
    SlotText(Subject, i32),
}

impl ProcNode {
    /// The root directory.
    pub(super) fn root(proc: Arc<ProcFs>) -> Self {
        Self { proc, place: Place::Fixed(&system::ROOT, 1) }
    }

    fn at(&self, place: Place) -> Result<Arc<dyn Node>> {
        Ok(mm::alloc::try_arc(Self { proc: self.proc.clone(), place })?)
    }

    fn owner(&self) -> Owner {
        match &self.place {
            Place::Fixed(..) => Owner::default(),
            Place::Process(subject)
            | Place::Entry(subject, _)
            | Place::Slot(subject, _)
            | Place::SlotText(subject, _) => subject.process.owner(),
        }
    }

    fn mode(&self) -> u32 {
        match &self.place {
            Place::Fixed(entry, _) => match entry.what {
                What::Directory(_) => 0o555,
                What::Link(_) => 0o777,
                What::Setting(..) => 0o644,
                _ => 0o444,
            },
            Place::Process(_) => 0o555,
            Place::Entry(_, index) => ENTRIES[*index].mode,
            Place::Slot(..) => 0o700,
            Place::SlotText(..) => 0o400,
        }
    }

    /// The text that a file holds.
    pub(super) fn text(&self) -> Result<Vec<u8>> {
        match &self.place {
            Place::Fixed(entry, _) => match entry.what {
                What::File(make) | What::Setting(make, _) => make(&self.proc),
                What::Constant(text) => Ok(mm::alloc::try_to_vec(text.as_bytes())?),
                _ => Err(Errno::EISDIR),
            },
            Place::Entry(subject, index) => match ENTRIES[*index].what {
                ProcessWhat::File(make) | ProcessWhat::Setting(make, _) => make(&self.proc, subject),
                ProcessWhat::Private(make) => {
                    subject.check_access()?;
                    make(&self.proc, subject)
                }
                _ => Err(Errno::EISDIR),
            },
            Place::SlotText(subject, slot) => slots::text(subject, *slot),
            _ => Err(Errno::EISDIR),
        }
    }

    /// Sets what a file holds.
    pub(super) fn set_text(&self, text: &[u8]) -> Result<()> {
        match &self.place {
            Place::Fixed(Entry { what: What::Setting(_, set), .. }, _) => set(&self.proc, text),
            Place::Entry(subject, index) => match ENTRIES[*index].what {
                ProcessWhat::Setting(_, set) => {
                    subject.check_access()?;
                    set(subject, text)
                }
                _ => Err(Errno::EINVAL),
            },
            _ => Err(Errno::EINVAL),
        }
    }

    fn lookup_fixed(&self, entries: &'static [Entry], number: u64, name: &[u8]) -> Result<Arc<dyn Node>> {
        let found = entries.iter().enumerate().find(|(_, entry)| entry.name.as_bytes() == name);
        if let Some((index, entry)) = found {
            if number == 1 {
                demand_one(promises_to_see(entry.name))?;
            }
            return self.at(Place::Fixed(entry, fixed_number(number, index)));
        }
        if number != 1 {
            return Err(Errno::ENOENT);
        }
        let pid = number_of(name)?;
        if object::caller().is_none_or(|caller| caller.process_id() != pid) {
            demand_one(Promises::PS)?;
        }
        let process = self.proc.source().find(pid).ok_or(Errno::ENOENT)?;
        self.at(Place::Process(Subject { process, thread: None }))
    }

    fn lookup_in_entry(&self, subject: &Subject, index: usize, name: &[u8]) -> Result<Arc<dyn Node>> {
        match ENTRIES[index].what {
            ProcessWhat::Slots => {
                subject.check_access()?;
                let slot = number_of(name)?;
                slots::object(subject, slot)?;
                self.at(Place::Slot(subject.clone(), slot))
            }
            ProcessWhat::SlotTexts => {
                subject.check_access()?;
                let slot = number_of(name)?;
                slots::object(subject, slot)?;
                self.at(Place::SlotText(subject.clone(), slot))
            }
            ProcessWhat::Threads => {
                let thread = number_of(name)?;
                if !subject.process.thread_ids()?.contains(&thread) {
                    return Err(Errno::ENOENT);
                }
                self.at(Place::Process(Subject { process: subject.process.clone(), thread: Some(thread) }))
            }
            _ => Err(Errno::ENOTDIR),
        }
    }
}

/// Of which promises one must have been kept to see a file at the top: what OpenBSD tells by `sysctl`.
const fn promises_to_see(name: &str) -> Promises {
    match name.as_bytes() {
        b"meminfo" | b"vmstat" => Promises::VMINFO,
        b"stat" => Promises::PS.union(Promises::VMINFO),
        _ => Promises::ALL,
    }
}

fn demand_one(promises: Promises) -> Result<()> {
    object::caller().map_or(Ok(()), |caller| caller.demand_one(promises))
}

fn kind_of(entry: &Entry) -> NodeKind {
    match entry.what {
        What::Directory(_) => NodeKind::Directory,
        What::Link(_) => NodeKind::Symlink,
        _ => NodeKind::File,
    }
}

fn kind_of_process_entry(entry: &ProcessEntry) -> NodeKind {
    match entry.what {
        ProcessWhat::Link(_) => NodeKind::Symlink,
        ProcessWhat::Slots | ProcessWhat::SlotTexts | ProcessWhat::Threads => NodeKind::Directory,
        _ => NodeKind::File,
    }
}

/// The entries of a directory of this kind: a thread has no threads.
fn entries_of(subject: &Subject) -> &'static [ProcessEntry] {
    &ENTRIES[..ENTRIES.len() - usize::from(subject.thread.is_some())]
}

/// What makes allocations fail is there only where the machine's owner offers it.
fn is_there(entry: &ProcessEntry) -> bool {
    entry.name != FAIL_NTH || mm::inject::is_offered()
}

impl Node for ProcNode {
    fn kind(&self) -> NodeKind {
        match &self.place {
            Place::Fixed(entry, _) => kind_of(entry),
            Place::Process(_) => NodeKind::Directory,
            Place::Entry(_, index) => kind_of_process_entry(&ENTRIES[*index]),
            Place::Slot(..) => NodeKind::Symlink,
            Place::SlotText(..) => NodeKind::File,
        }
    }

    fn id(&self) -> u64 {
        match &self.place {
            Place::Fixed(_, number) => *number,
            Place::Process(subject) => number_in(subject, 0, 0),
            Place::Entry(subject, index) => number_in(subject, *index as u64 + 1, 0),
            Place::Slot(subject, slot) => number_in(subject, SLOTS, *slot),
            Place::SlotText(subject, slot) => number_in(subject, SLOT_TEXTS, *slot),
        }
    }

    fn stat(&self) -> Result<Stat> {
        let owner = self.owner();
        let kind = self.kind();
        let now = crate::clock::now();
        Ok(Stat {
            device: self.proc.device(),
            inode: self.id(),
            links: if kind == NodeKind::Directory { 2 } else { 1 },
            mode: kind.mode_bits() | self.mode(),
            uid: owner.uid,
            gid: owner.gid,
            size: if matches!(self.place, Place::Slot(..)) { 64 } else { 0 },
            block_size: 1024,
            accessed: now,
            modified: now,
            changed: now,
            ..Stat::default()
        })
    }

    fn permissions(&self) -> Result<Permissions> {
        let owner = self.owner();
        Ok(Permissions { mode: Mode::from_raw(self.mode()), uid: owner.uid, gid: owner.gid })
    }

    fn file_system(&self) -> Result<Arc<dyn FileSystem>> {
        Ok(self.proc.clone())
    }

    fn lookup(&self, name: &[u8]) -> Result<Arc<dyn Node>> {
        match &self.place {
            Place::Fixed(entry, number) => match entry.what {
                What::Directory(entries) => self.lookup_fixed(entries, *number, name),
                _ => Err(Errno::ENOTDIR),
            },
            Place::Process(subject) => {
                let found =
                    entries_of(subject).iter().position(|entry| is_there(entry) && entry.name.as_bytes() == name);
                self.at(Place::Entry(subject.clone(), found.ok_or(Errno::ENOENT)?))
            }
            Place::Entry(subject, index) => self.lookup_in_entry(subject, *index, name),
            _ => Err(Errno::ENOTDIR),
        }
    }

    fn parent(&self) -> Option<Arc<dyn Node>> {
        let place = match &self.place {
            Place::Fixed(_, number) => return fixed_parent(&self.proc, *number),
            Place::Process(Subject { process, thread: Some(_) }) => {
                Place::Entry(Subject { process: process.clone(), thread: None }, ENTRIES.len() - 1)
            }
            Place::Process(_) => Place::Fixed(&system::ROOT, 1),
            Place::Entry(subject, _) => Place::Process(subject.clone()),
            Place::Slot(..) | Place::SlotText(..) => return None,
        };
        self.at(place).ok()
    }

    fn read_link(&self) -> Result<Vec<u8>> {
        match &self.place {
            Place::Fixed(Entry { what: What::Link(target), .. }, _) => target(&self.proc),
            Place::Entry(subject, index) => match ENTRIES[*index].what {
                ProcessWhat::Link(find) => {
                    subject.check_access()?;
                    let location = find(&self.proc, subject)?;
                    if !is_shown(&location) {
                        return Err(Errno::ENOENT);
                    }
                    object::namespace::path_of(&self.proc.source().namespace().roots(), &location)
                }
                _ => Err(Errno::EINVAL),
            },
            Place::Slot(subject, slot) => slots::path(&self.proc.source().namespace().roots(), subject, *slot),
            _ => Err(Errno::EINVAL),
        }
    }

    fn follow(&self) -> Option<Result<(Location, Option<Held>)>> {
        match &self.place {
            Place::Entry(subject, index) => match ENTRIES[*index].what {
                ProcessWhat::Link(find) => {
                    let found = subject.check_access().and_then(|()| find(&self.proc, subject));
                    Some(found.map(|location| (location, None)))
                }
                _ => None,
            },
            Place::Slot(subject, slot) => Some(slots::enter(subject, *slot).and_then(|held| {
                let location = match held.location() {
                    Some(location) => location.clone(),
                    // An object without a place in the tree gets one for the occasion.
                    None => {
                        let mount = self.proc.source().namespace().root().mount().clone();
                        let object = held.object().clone();
                        Location::new(mount, mm::alloc::try_arc(ObjectNode::new(object, self.proc.clone()))?)
                    }
                };
                Ok((location, Some(held)))
            })),
            _ => None,
        }
    }

    fn set_attributes(&self, _attributes: &SetAttributes) -> Result<()> {
        Err(Errno::EPERM)
    }

    fn truncate(&self, _size: u64) -> Result<()> {
        // Opening a setting with O_TRUNC is how shells write to it.
        Ok(())
    }

    fn open(&self, location: &Location, flags: OpenFlags, _credentials: &Credentials) -> Result<Arc<dyn Object>> {
        match self.kind() {
            NodeKind::File => {
                let node = mm::alloc::try_arc(Self { proc: self.proc.clone(), place: self.place.clone() })?;
                ProcFile::open(node, location, flags)
            }
            _ => OpenFile::open(location.clone(), flags),
        }
    }

    fn read_directory(&self, from: u64, emit: &mut dyn FnMut(&DirectoryEntry<'_>) -> ControlFlow<()>) -> Result<()> {
        let mut emit = |inode, kind, name: &[u8], next| emit(&DirectoryEntry { inode, kind, name, next });
        match &self.place {
            Place::Fixed(Entry { what: What::Directory(entries), .. }, number) => {
                self.list_fixed(entries, *number, from, &mut emit)
            }
            Place::Process(subject) => {
                let skipped = from.saturating_sub(FIRST_ENTRY) as usize;
                for (index, entry) in
                    entries_of(subject).iter().enumerate().skip(skipped).filter(|(_, it)| is_there(it))
                {
                    let number = number_in(subject, index as u64 + 1, 0);
                    let next = FIRST_ENTRY + index as u64 + 1;
                    if emit(number, kind_of_process_entry(entry), entry.name.as_bytes(), next).is_break() {
                        break;
                    }
                }
                Ok(())
            }
            Place::Entry(subject, index) => self.list_entry(subject, *index, from, &mut emit),
            _ => Err(Errno::ENOTDIR),
        }
    }
}

/// The directory above a fixed entry: its number tells the way down from the root.
fn fixed_parent(proc: &Arc<ProcFs>, number: u64) -> Option<Arc<dyn Node>> {
    let mut positions = arrayvec::ArrayVec::<usize, 8>::new();
    let mut above = if number == 1 { 1 } else { number / 64 };
    let parent = above;
    while above > 1 {
        positions.try_push((above % 64) as usize).ok()?;
        above /= 64;
    }
    let mut entry: &'static Entry = &system::ROOT;
    for position in positions.iter().rev() {
        let What::Directory(entries) = entry.what else { return None };
        entry = entries.get(*position)?;
    }
    let node = ProcNode { proc: proc.clone(), place: Place::Fixed(entry, parent) };
    Some(mm::alloc::try_arc(node).ok()?)
}
