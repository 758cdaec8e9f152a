//! Loading a program into a new address space, next to the one that runs: it can fail at any point without harm.

use super::image::{HEAD, Header, Image, Position, Segment, StackProtection};
use super::script::{self, Whole};
use super::stack::{Content, Strings};
use super::vdso;
use crate::limits::{Resource, ResourceLimits};
use crate::program::Program;
use abi::consts::auxvec;
use abi::{AccessMode, Errno, Protection, Result};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::fpu::SignalImage;
use arch::layout::USER_END;
use caps::PathPermissions;
use core::sync::atomic::{AtomicBool, Ordering};
use mm::AddressSpace;
use mm::space::{Backing, Growth, Label, Mapping, Place, Populate, Sharing};
use mm::user::Sink;
use object::namespace::MountFlags;
use object::{Credentials, Location, Lookup, NodeKind, Roots};

const PAGE: u64 = 4096;
/// Where position-independent programs lie, before randomisation.
const PROGRAM_BASE: u64 = 0x5555_5555_4000;
/// How far programs move at random, in pages: 16 GiB.
const PROGRAM_PAGES: u64 = 1 << 22;
/// How far stacks move, in pages: 128 MiB, so that as much is left for growth above the other mappings.
const STACK_PAGES: u64 = 1 << 15;
/// How much of the stack is mapped at first; it grows from there.
const STACK_START: u64 = 132 * 1024;
/// Clock ticks a second, as AT_CLKTCK tells.
const TICKS: u64 = 100;

static FIXED_LAYOUT: AtomicBool = AtomicBool::new(false);

/// Places programs and stacks at the same addresses in every run.
pub fn fix_layout() {
    FIXED_LAYOUT.store(true, Ordering::Relaxed);
}

/// What to load and for whom.
pub(crate) struct Request<'a> {
    pub location: Location,
    pub path: &'a [u8],
    pub arguments: Strings,
    pub environment: &'a Strings,
    pub roots: &'a Roots,
    /// Whether the root capability that a path starts from lets programs be executed: for interpreters and loaders.
    pub check_start: &'a dyn Fn(&[u8]) -> Result<()>,
    pub credentials: &'a Arc<Credentials>,
    pub limits: &'a ResourceLimits,
    pub set_id: SetId,
}

/// What the set-id bits of a program's file do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetId {
    /// They change the effective ids.
    Obeyed,
    /// Nothing, after `no_new_privs`.
    Ignored,
    /// The program is not run, EACCES: with promises made for it by others, a program with privileges might go on where
    /// something that it relies on was refused.
    Refused,
}

/// A program in its own address space, ready to run.
pub(crate) struct Loaded {
    pub space: Arc<AddressSpace>,
    pub entry: u64,
    pub stack_pointer: u64,
    pub program: Program,
    pub credentials: Arc<Credentials>,
}

/// A file opened for execution, with its first bytes.
struct File {
    location: Location,
    head: [u8; HEAD],
    head_length: usize,
    size: u64,
}

/// An image in memory.
struct Placed {
    bias: u64,
    entry: u64,
    end: u64,
}

/// Loads the program, going through `#!` interpreters.
pub(crate) fn load(mut request: Request<'_>) -> Result<Loaded> {
    let mut file = File::open(request.location.clone(), request.credentials)?;
    for _ in 0..script::DEPTH_LIMIT {
        let whole = if file.size > HEAD as u64 { Whole::No } else { Whole::Yes };
        let Some(script) = script::parse(&file.head[..file.head_length], whole)? else {
            return load_image(&request, file);
        };
        let mut arguments = Strings::new();
        arguments.push(script.interpreter)?;
        if let Some(argument) = script.argument {
            arguments.push(argument)?;
        }
        arguments.push(request.path)?;
        arguments.append(&request.arguments, 1)?;
        request.arguments = arguments;
        let location = find(&request, script.interpreter, PathPermissions::EXECUTE)?;
        file = File::open(location, request.credentials)?;
    }
    Err(Errno::ELOOP)
}

/// Finds an interpreter: one of a script's line is run, one that a program names is read like the libraries that it loads.
fn find(request: &Request<'_>, path: &[u8], needed: PathPermissions) -> Result<Location> {
    (request.check_start)(path)?;
    let lookup = Lookup::new(request.roots, None, request.credentials).with(object::LookupFlags::NAMED);
    lookup.needing(needed).find(path)
}

impl File {
    fn open(location: Location, credentials: &Credentials) -> Result<Self> {
        let node = location.node();
        if node.kind() != NodeKind::File || location.mount().flags().contains(MountFlags::NO_EXECUTE) {
            return Err(Errno::EACCES);
        }
        if !credentials.may(AccessMode::EXECUTE, &node.permissions()?, NodeKind::File) {
            return Err(Errno::EACCES);
        }
        let size = node.size()?;
        let mut head = [0; HEAD];
        let head_length = size.min(HEAD as u64) as usize;
        let mut file = Self { location, head: [0; HEAD], head_length, size };
        file.read(&mut head[..head_length], 0)?;
        file.head = head;
        Ok(file)
    }

    /// Fills `bytes` from `offset` on; a file that ends before is ENOEXEC.
    fn read(&self, bytes: &mut [u8], offset: u64) -> Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            let mut sink = Sink::from_kernel(&mut bytes[done..]);
            match self.location.node().read_at(&mut sink, offset + done as u64)? {
                0 => return Err(Errno::ENOEXEC),
                count => done += count,
            }
        }
        Ok(())
    }

    fn plan(&self) -> Result<Image> {
        let header = Header::parse(&self.head[..self.head_length])?;
        let (offset, length) = header.table();
        let end = offset.checked_add(length as u64).ok_or(Errno::ENOEXEC)?;
        if end > self.size {
            return Err(Errno::ENOEXEC);
        }
        let mut table = mm::alloc::try_vec_of(0, length)?;
        self.read(&mut table, offset)?;
        header.plan(&table, self.size, USER_END)
    }

    fn interpreter(&self, image: &Image) -> Result<Option<Vec<u8>>> {
        let Some((offset, length)) = image.interpreter else { return Ok(None) };
        let mut path = mm::alloc::try_vec_of(0, length)?;
        self.read(&mut path, offset)?;
        match path.pop() {
            Some(0) if !path.contains(&0) => Ok(Some(path)),
            _ => Err(Errno::ENOEXEC),
        }
    }
}

fn load_image(request: &Request<'_>, file: File) -> Result<Loaded> {
    let image = file.plan()?;
    let interpreter = match file.interpreter(&image)? {
        Some(path) => {
            let file = File::open(find(request, &path, PathPermissions::READ)?, request.credentials)?;
            // A broken interpreter is the library's fault, not the program's.
            let image = file.plan().map_err(|error| if error == Errno::ENOEXEC { Errno::ELIBBAD } else { error })?;
            Some((file, image))
        }
        None => None,
    };
    let space = AddressSpace::new()?;
    space.set_limits(mm::space::Limits {
        address_space: request.limits.soft(Resource::AddressSpace),
        data: request.limits.soft(Resource::Data),
        stack: request.limits.soft(Resource::Stack),
    });
    let placed = map_image(&space, &file, &image, PROGRAM_BASE)?;
    space.set_brk_start(address(placed.end.next_multiple_of(PAGE))?);
    let (entry, base) = match &interpreter {
        Some((file, image)) => {
            let placed = map_image(&space, file, image, 0)?;
            (placed.entry, placed.bias)
        }
        None => (placed.entry, 0),
    };
    let credentials = privileged(request, &file)?;
    let vector = auxiliary(request, &credentials, &image, &placed, [base, vdso::map(&space)?]);
    let (stack_pointer, program) = build_stack(request, &space, &image, &vector, file.location)?;
    Ok(Loaded { space, entry, stack_pointer, program, credentials })
}

fn address(value: u64) -> Result<arch::VirtAddr> {
    arch::VirtAddr::try_new(value).map_err(|_| Errno::ENOEXEC)
}

/// Maps an image; one that may lie anywhere goes near `base`, or where the space likes if that is 0.
fn map_image(space: &AddressSpace, file: &File, image: &Image, base: u64) -> Result<Placed> {
    let (start, length) = image.span();
    let bias = match image.position {
        Position::Fixed => 0,
        Position::Relocatable { alignment } => {
            let at = match base {
                0 => find_room(space, length + alignment)?,
                base => base + random_pages(PROGRAM_PAGES) * PAGE,
            };
            at.next_multiple_of(alignment).wrapping_sub(start)
        }
    };
    if start.wrapping_add(bias).checked_add(length).is_none_or(|end| end > USER_END) {
        return Err(Errno::ENOEXEC);
    }
    for segment in &image.segments {
        map_segment(space, file, segment, bias)?;
    }
    let end = image.segments.last().map_or(0, Segment::end).wrapping_add(bias);
    Ok(Placed { bias, entry: image.entry.wrapping_add(bias), end })
}

/// An address range that is free.
fn find_room(space: &AddressSpace, length: u64) -> Result<u64> {
    let place = space.map(Mapping { protection: Protection::empty(), ..Mapping::anonymous(length as usize) })?;
    space.unmap(place.as_u64(), length as usize)?;
    Ok(place.as_u64())
}

fn map_segment(space: &AddressSpace, file: &File, segment: &Segment, bias: u64) -> Result<()> {
    let start = (segment.address & !(PAGE - 1)).wrapping_add(bias);
    let lead = segment.address % PAGE;
    let file_end = segment.address.wrapping_add(bias) + segment.file_size;
    let file_pages = (lead + segment.file_size).next_multiple_of(PAGE);
    let pages = (lead + segment.memory_size).next_multiple_of(PAGE);
    if segment.file_size > 0 {
        let backing = Backing::Pages { pager: object::pages_of(&file.location)?, offset: segment.offset - lead };
        space.map(fixed(start, file_pages, segment.protection, backing))?;
        let tail = start + file_pages - file_end;
        if segment.memory_size > segment.file_size && tail > 0 {
            zero(space, file_end, tail as usize)?;
        }
    }
    let mapped = if segment.file_size > 0 { file_pages } else { 0 };
    if pages > mapped {
        space.map(fixed(start + mapped, pages - mapped, segment.protection, Backing::Anonymous))?;
    }
    Ok(())
}

fn fixed(start: u64, length: u64, protection: Protection, backing: Backing) -> Mapping {
    Mapping { place: Place::Fixed(start), protection, backing, ..Mapping::anonymous(length as usize) }
}

/// Zeroes the rest of a page whose beginning comes from the file.
fn zero(space: &AddressSpace, from: u64, length: usize) -> Result<()> {
    const ZEROS: [u8; PAGE as usize] = [0; PAGE as usize];
    space.copy_to(from, &ZEROS[..length]).map_err(|error| match error {
        mm::FaultError::OutOfMemory => Errno::ENOMEM,
        _ => Errno::ENOEXEC,
    })
}

fn random_pages(limit: u64) -> u64 {
    if FIXED_LAYOUT.load(Ordering::Relaxed) { 0 } else { arch::random::entropy() % limit }
}

/// The credentials after exec: a set-id file changes the effective ids, where that is not forbidden.
fn privileged(request: &Request<'_>, file: &File) -> Result<Arc<Credentials>> {
    let permissions = file.location.node().permissions()?;
    let old = request.credentials;
    let is_honoured = !file.location.mount().flags().contains(MountFlags::NO_SET_ID);
    let changes_user = permissions.mode.contains(abi::Mode::SET_UID);
    let changes_group = permissions.mode.contains(abi::Mode::SET_GID | abi::Mode::GROUP_EXECUTE);
    if is_honoured && request.set_id == SetId::Refused && (changes_user || changes_group) {
        return Err(Errno::EACCES);
    }
    let can_gain = is_honoured && request.set_id == SetId::Obeyed;
    let mut new = Credentials { suid: old.euid, sgid: old.egid, fsuid: old.euid, fsgid: old.egid, ..(**old).clone() };
    if can_gain && changes_user {
        (new.euid, new.suid, new.fsuid) = (permissions.uid, permissions.uid, permissions.uid);
    }
    if can_gain && changes_group {
        (new.egid, new.sgid, new.fsgid) = (permissions.gid, permissions.gid, permissions.gid);
    }
    let same = (new.euid, new.suid, new.fsuid, new.egid, new.sgid, new.fsgid)
        == (old.euid, old.suid, old.fsuid, old.egid, old.sgid, old.fsgid);
    if same { Ok(Arc::clone(old)) } else { Ok(mm::alloc::try_arc(new)?) }
}

fn auxiliary(
    request: &Request<'_>,
    credentials: &Credentials,
    image: &Image,
    placed: &Placed,
    [base, vdso]: [u64; 2],
) -> [(u32, u64); 17] {
    let old = request.credentials;
    let is_secure = credentials.euid != old.uid || credentials.egid != old.gid;
    [
        (auxvec::AT_HWCAP, u64::from(raw_cpuid::cpuid!(1).edx)),
        (auxvec::AT_PAGESZ, PAGE),
        (auxvec::AT_CLKTCK, TICKS),
        (auxvec::AT_PHDR, image.program_headers.map_or(0, |at| at.wrapping_add(placed.bias))),
        (auxvec::AT_PHENT, 56),
        (auxvec::AT_PHNUM, u64::from(image.program_header_count)),
        (auxvec::AT_BASE, base),
        (auxvec::AT_FLAGS, 0),
        (auxvec::AT_ENTRY, placed.entry),
        (auxvec::AT_UID, u64::from(credentials.uid)),
        (auxvec::AT_EUID, u64::from(credentials.euid)),
        (auxvec::AT_GID, u64::from(credentials.gid)),
        (auxvec::AT_EGID, u64::from(credentials.egid)),
        (auxvec::AT_SECURE, u64::from(is_secure)),
        (auxvec::AT_HWCAP2, hardware_hints()),
        (auxvec::AT_MINSIGSTKSZ, minimum_signal_stack() as u64),
        (auxvec::AT_SYSINFO_EHDR, vdso),
    ]
}

/// AT_HWCAP2: bit 1 says that programs may write their segment bases.
fn hardware_hints() -> u64 {
    u64::from(raw_cpuid::cpuid!(7, 0).ebx & 1) << 1
}

/// The smallest signal stack on which a handler can run: AT_MINSIGSTKSZ.
pub fn minimum_signal_stack() -> usize {
    crate::signal::frame::minimum_stack(SignalImage::size())
}

/// Maps the stack and fills it.
fn build_stack(
    request: &Request<'_>,
    space: &AddressSpace,
    image: &Image,
    auxiliary: &[(u32, u64)],
    location: Location,
) -> Result<(u64, Program)> {
    let size = request.arguments.size() + request.environment.size();
    let limit = (request.limits.soft(Resource::Stack) / 4).clamp(super::stack::STRING_LIMIT as u64, 6 << 20);
    if size as u64 > limit {
        return Err(Errno::E2BIG);
    }
    let top = USER_END - random_pages(STACK_PAGES) * PAGE;
    let mut random = [0; 16];
    for half in random.chunks_exact_mut(8) {
        half.copy_from_slice(&arch::random::entropy().to_le_bytes());
    }
    let content = Content {
        arguments: &request.arguments,
        environment: request.environment,
        path: request.path,
        random,
        auxiliary,
    };
    let built = content.build(top)?;
    let mapped = (built.bytes.len() as u64 + STACK_START).next_multiple_of(PAGE);
    let mut protection = Protection::READ | Protection::WRITE;
    if image.stack == StackProtection::Executable {
        protection |= Protection::EXECUTE;
    }
    space.map(Mapping {
        growth: Growth::Down,
        label: Label::Stack,
        sharing: Sharing::Private,
        populate: Populate::OnTouch,
        ..fixed(top - mapped, mapped, protection, Backing::Anonymous)
    })?;
    space.copy_to(built.pointer, &built.bytes)?;
    let mut vector = mm::alloc::try_vec((auxiliary.len() + 1) * 16)?;
    for &(kind, value) in auxiliary.iter().chain(&[(auxvec::AT_NULL, 0)]) {
        vector.extend_from_slice(&u64::from(kind).to_le_bytes());
        vector.extend_from_slice(&value.to_le_bytes());
    }
    let program = Program {
        location: Some(location),
        path: mm::alloc::try_to_vec(request.path)?,
        arguments: built.arguments,
        environment: built.environment,
        stack_start: built.pointer,
        auxiliary: vector,
    };
    Ok((built.pointer, program))
}
