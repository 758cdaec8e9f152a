//! The core file.

use super::ThreadImage;
use super::memory::{PAGE, Piece, pieces};
use super::notes::{AUXILIARY, DENIAL, LAST_DENIAL, MappedFile, Notes, PROCESS, SIGNAL};
use super::pattern::Facts;
use super::sink;
use crate::Process;
use crate::audit::record::Record;
use crate::context::Context;
use crate::limits::Resource;
use crate::signal::details::Details;
use abi::types::{ElfHeader, ElfSegment, ProcessInfo};
use abi::{Errno, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;
use mm::user::Source;
use object::Object;
use zerocopy::IntoBytes;

/// PT_NOTE.
const NOTE: u32 = 4;
/// ET_CORE.
const CORE: u16 = 4;
/// EM_X86_64.
const X86_64: u16 = 62;
/// Magic, 64 bits, little end first, version 1.
const IDENTITY: [u8; 16] = [0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Writes the core of the calling process. What the limit on its size leaves out is missing at its end.
pub(super) fn write(cx: &Context, details: &Details, denial: Option<&Record>, threads: &[ThreadImage]) -> Result<()> {
    let process = cx.process();
    let limit = process.limit(Resource::Core);
    let (name, length) = cx.task.name();
    let credentials = process.credentials();
    let program = process.program();
    let facts = Facts {
        process: process.id(),
        thread: cx.task.id(),
        uid: credentials.uid,
        gid: credentials.gid,
        signal: details.signal,
        time: (arch::clock::wall_clock_at_boot_ns() + arch::clock::now_ns()) / 1_000_000_000,
        limit,
        name: &name[..length],
        path: program.as_ref().map_or(&[][..], |program| &program.path),
    };
    let pieces = pieces(&cx.space)?;
    let notes = notes(cx, details, denial, threads, &pieces)?;
    let file = Output { file: sink::make(cx, &facts)?, limit };
    file.tell_of(process, details);
    if let Err(errno) = file.fill(cx, &notes, &pieces) {
        // A part of a core is still one.
        log::info!("process {}: its core is not whole: {errno}", process.id());
    }
    Ok(())
}

/// A file that is being written, and how long it may become.
struct Output {
    file: Arc<dyn Object>,
    limit: u64,
}

impl Output {
    fn tell_of(&self, process: &Process, details: &Details) {
        let path = self.file.location().zip(sink::roots());
        let path = path.and_then(|(location, roots)| object::namespace::path_of(roots, location).ok());
        let (id, signal, path) = (process.id(), details.signal, path.unwrap_or_default());
        log::info!("process {id}: ended by signal {signal}, core in {}", path.escape_ascii());
    }

    fn fill(&self, cx: &Context, notes: &Notes, pieces: &[Piece]) -> Result<()> {
        let headers = (size_of::<ElfHeader>() + (pieces.len() + 1) * size_of::<ElfSegment>()) as u64;
        let notes_end = headers + notes.as_bytes().len() as u64;
        let mut offset = notes_end.next_multiple_of(PAGE);
        let mut segments: Vec<ElfSegment> = mm::alloc::try_vec(pieces.len() + 1)?;
        segments.push(ElfSegment {
            kind: NOTE,
            offset: headers,
            file_size: notes_end - headers,
            alignment: 4,
            ..ElfSegment::default()
        });
        for piece in pieces {
            segments.push(piece.segment(offset));
            offset += piece.size;
        }
        self.put(header(segments.len()).as_bytes(), 0)?;
        self.put(segments.as_bytes(), size_of::<ElfHeader>() as u64)?;
        self.put(notes.as_bytes(), headers)?;
        let mut page = mm::alloc::try_vec_of(0, PAGE as usize)?;
        for (piece, segment) in pieces.iter().zip(&segments[1..]) {
            self.put_memory(cx, piece, segment.offset, &mut page)?;
        }
        // What was never touched at the end is a hole too.
        self.file.location().ok_or(Errno::EINVAL)?.node().truncate(offset.min(self.limit))
    }

    fn put_memory(&self, cx: &Context, piece: &Piece, offset: u64, buffer: &mut [u8]) -> Result<()> {
        let mut at = piece.region.start;
        while let Some(page) = piece.next_page(&cx.space, at) {
            // What cannot be read, such as the end of a file that became shorter, is a hole.
            if cx.space.copy_from(page, buffer).is_ok() {
                self.put(buffer, offset + (page - piece.region.start))?;
            }
            at = page + PAGE;
        }
        Ok(())
    }

    /// EFBIG beyond the limit.
    fn put(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let room = usize::try_from(self.limit.saturating_sub(offset)).unwrap_or(usize::MAX);
        let fitting = &bytes[..bytes.len().min(room)];
        let mut done = 0;
        while done < fitting.len() {
            let count = self.file.write_at(&mut Source::from_kernel(&fitting[done..]), offset + done as u64)?;
            if count == 0 {
                return Err(Errno::ENOSPC);
            }
            done += count;
        }
        if done < bytes.len() { Err(Errno::EFBIG) } else { Ok(()) }
    }
}

fn header(segments: usize) -> ElfHeader {
    ElfHeader {
        identity: IDENTITY,
        kind: CORE,
        machine: X86_64,
        version: 1,
        segments: size_of::<ElfHeader>() as u64,
        header_size: size_of::<ElfHeader>() as u16,
        segment_size: size_of::<ElfSegment>() as u16,
        segment_count: segments as u16,
        ..ElfHeader::default()
    }
}

/// The record first: what the process is, and has, comes after it.
fn notes(
    cx: &Context,
    details: &Details,
    denial: Option<&Record>,
    threads: &[ThreadImage],
    pieces: &[Piece],
) -> Result<Notes> {
    let process = cx.process();
    let mut notes = Notes::new();
    match (denial, process.last_denial()) {
        (Some(denial), _) => add_denial(&mut notes, DENIAL, denial)?,
        (None, Some(last)) => add_denial(&mut notes, LAST_DENIAL, &last)?,
        (None, None) => {}
    }
    let Some((first, others)) = threads.split_first() else { return Ok(notes) };
    first.add_to(&mut notes, process, details, |notes| {
        notes.add("CORE", PROCESS, process_info(cx).as_bytes())?;
        notes.add("CORE", SIGNAL, details.to_siginfo().as_bytes())?;
        if let Some(program) = process.program() {
            notes.add("CORE", AUXILIARY, &program.auxiliary)?;
        }
        notes.add_files(pieces.iter().filter_map(|piece| {
            let region = &piece.region;
            let (start, end, offset) = (region.start, region.end, region.offset);
            region.path.as_deref().map(|path| MappedFile { start, end, offset, path })
        }))
    })?;
    others.iter().try_for_each(|thread| thread.add_to(&mut notes, process, details, |_| Ok(())))?;
    Ok(notes)
}

fn add_denial(notes: &mut Notes, kind: u32, record: &Record) -> Result<()> {
    let mut line = Line(Vec::new());
    writeln!(line, "{record}").map_err(|_| Errno::ENOMEM)?;
    notes.add("TESSERA", kind, &line.0)
}

/// A text whose memory may run out.
struct Line(Vec<u8>);

impl Write for Line {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.try_reserve(text.len()).map_err(|_| core::fmt::Error)?;
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn process_info(cx: &Context) -> ProcessInfo {
    let process = cx.process();
    let credentials = process.credentials();
    let mut arguments = [0; 80];
    if let Some(program) = process.program() {
        let (start, length) = program.arguments;
        let room = (arguments.len() - 1).min(length as usize);
        // They are the process's own, and may be gone.
        if cx.space.copy_from(start, &mut arguments[..room]).is_ok() {
            arguments[..room].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
        }
    }
    ProcessInfo {
        state: 0,
        letter: b'R',
        zombie: 0,
        nice: sched::current().nice().get() as i8,
        padding: 0,
        flags: 0,
        uid: credentials.uid,
        gid: credentials.gid,
        id: process.id(),
        parent: process.parent_id(),
        group: process.group_id(),
        session: process.session_id(),
        name: cx.task.name().0,
        arguments,
    }
}
