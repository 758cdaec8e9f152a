//! Memory: mappings, the heap, advice.

use abi::consts::general;
use abi::table::FlagWord;
use abi::{Errno, MapFlags, MemfdFlags, OpenFlags, Promises, Protection, RemapFlags, Result, SyncFlags};
use arch::PAGE_SIZE;
use arch::layout::USER_END;
use caps::Rights;
use mm::space::{Advice, Backing, Growth, Label, Mapping, MoveTo, Place, Populate, Sharing};
use mm::user::UserPtr;
use object::revocation::LentPages;
use object::{Held, SealSet};
use process::limits::Resource;
use process::{Context, gate, promise_rules};

use crate::arguments::{Slot, UserPath};

/// `mmap`.
pub fn mmap(
    cx: &mut Context,
    addr: u64,
    len: usize,
    prot: Protection,
    flags: MapFlags,
    fd: Slot,
    offset: u64,
) -> Result<usize> {
    gate::demand(cx, promise_rules::memory(prot) | promise_rules::place(flags))?;
    if !offset.is_multiple_of(PAGE_SIZE as u64) {
        return Err(Errno::EINVAL);
    }
    // Files are looked up before anything else is looked at, as on Linux.
    let file = if flags.contains(MapFlags::ANONYMOUS) { None } else { Some(fd.get(cx, Rights::MMAP | Rights::SEEK)?) };
    if flags.contains(MapFlags::HUGE_TLB) {
        return Err(if file.is_some() { Errno::EINVAL } else { Errno::ENOMEM });
    }
    let len = page_up(len)?;
    let sharing = sharing_of(flags, file.as_ref())?;
    if offset.checked_add(len as u64).is_none() {
        return Err(Errno::EOVERFLOW);
    }
    let prot = prot & PROTECTION;
    let (mut lent, mut max_protection) = (None, PROTECTION);
    let backing = match &file {
        None => Backing::Anonymous,
        Some(file) => {
            max_protection = most_allowed(file, prot, sharing)?;
            let mut pager = file.object().pager()?;
            if let Some(grant) = file.grant() {
                let pages = LentPages::new(pager, grant)?;
                pager = pages.clone();
                lent = Some(pages);
            }
            Backing::Pages { pager, offset }
        }
    };
    let is_prefaulted = flags.intersects(MapFlags::POPULATE | MapFlags::LOCKED) && !flags.contains(MapFlags::NONBLOCK);
    let address = cx.space.map(Mapping {
        place: place_of(addr, flags)?,
        len,
        protection: prot,
        max_protection,
        sharing,
        backing,
        growth: if flags.contains(MapFlags::GROWS_DOWN) { Growth::Down } else { Growth::Fixed },
        populate: if is_prefaulted { Populate::Now } else { Populate::OnTouch },
        label: Label::None,
    })?;
    // Whoever narrowed the grant meanwhile may not have met the new region.
    if let Some(pages) = lent
        && !pages.allowed().contains(shared_part(max_protection, sharing))
    {
        pages.obey();
    }
    // Whoever sealed the file meanwhile may not have met it either.
    let writes = sharing == Sharing::Shared && max_protection.contains(Protection::WRITE);
    if writes && file.as_ref().is_some_and(is_sealed) {
        cx.space.unmap(address.as_u64(), len)?;
        return Err(Errno::EPERM);
    }
    Ok(address.as_u64() as usize)
}

/// The bits of `prot` that name an access.
const PROTECTION: Protection = Protection::READ.union(Protection::WRITE).union(Protection::EXECUTE);

/// A length in whole pages; EINVAL for none, ENOMEM for more than there can be.
fn page_up(len: usize) -> Result<usize> {
    if len == 0 {
        return Err(Errno::EINVAL);
    }
    len.checked_next_multiple_of(PAGE_SIZE).filter(|&len| len as u64 <= USER_END).ok_or(Errno::ENOMEM)
}

fn sharing_of(flags: MapFlags, file: Option<&Held>) -> Result<Sharing> {
    match flags.sharing_type() {
        general::MAP_SHARED => Ok(Sharing::Shared),
        general::MAP_PRIVATE => Ok(Sharing::Private),
        general::MAP_SHARED_VALIDATE if file.is_some() => {
            let known = MapFlags::all() - MapFlags::SYNC;
            if known.contains(flags) { Ok(Sharing::Shared) } else { Err(Errno::EOPNOTSUPP) }
        }
        _ => Err(Errno::EINVAL),
    }
}

/// The most that a mapping of a file may ever allow, as far as the slot's rights go.
///
/// Private mappings need READ whatever they allow, since what is not written is read from the file. What the access mode
/// of the opening excludes is EACCES, as on Linux; what a narrowing took is ENOTCAPABLE.
fn most_allowed(file: &Held, prot: Protection, sharing: Sharing) -> Result<Protection> {
    let (opened, rights) = (file.status_flags(), file.rights());
    let is_written = sharing == Sharing::Shared;
    if !opened.can_read() || is_written && prot.contains(Protection::WRITE) && !opened.can_write() {
        return Err(Errno::EACCES);
    }
    file.demand(Rights::READ)?;
    let mut most = Protection::READ;
    for (access, right) in [(Protection::WRITE, Rights::WRITE), (Protection::EXECUTE, Rights::MMAP_EXECUTE)] {
        if access == Protection::WRITE && !is_written || rights.contains(right) {
            most |= access;
        } else if prot.contains(access) {
            file.demand(right)?;
            most |= access;
        }
    }
    if is_written && is_sealed(file) {
        // Also what is mapped for reading does not come to be written.
        most -= Protection::WRITE;
        return if prot.contains(Protection::WRITE) { Err(Errno::EPERM) } else { Ok(most) };
    }
    Ok(most)
}

/// Whether the file is sealed against writing.
fn is_sealed(file: &Held) -> bool {
    let seals = file.node().and_then(|node| node.seals());
    seals.is_some_and(|seals| seals.get().intersects(SealSet::READ_ONLY))
}

/// What a mapping does to the file itself: writes to a private one stay with the process.
fn shared_part(protection: Protection, sharing: Sharing) -> Protection {
    if sharing == Sharing::Private { protection - Protection::WRITE } else { protection }
}

fn place_of(addr: u64, flags: MapFlags) -> Result<Place> {
    let is_aligned = addr.is_multiple_of(PAGE_SIZE as u64);
    if flags.contains(MapFlags::FIXED_NO_REPLACE) {
        return if is_aligned { Ok(Place::FixedNoReplace(addr)) } else { Err(Errno::EINVAL) };
    }
    if flags.contains(MapFlags::FIXED) {
        return if is_aligned { Ok(Place::Fixed(addr)) } else { Err(Errno::EINVAL) };
    }
    if flags.contains(MapFlags::BELOW_4G) {
        return Ok(Place::Low);
    }
    // A hint is rounded down, and one that cannot be met is no error.
    let hint = addr - addr % PAGE_SIZE as u64;
    Ok(Place::Anywhere(if hint < USER_END { hint } else { 0 }))
}

/// A page-aligned range of user memory, its length rounded up. EINVAL for a start that is not aligned or a length that
/// overflows.
fn range(addr: u64, len: usize) -> Result<(u64, usize)> {
    if !addr.is_multiple_of(PAGE_SIZE as u64) {
        return Err(Errno::EINVAL);
    }
    let len = len.checked_next_multiple_of(PAGE_SIZE).ok_or(Errno::EINVAL)?;
    Ok((addr, len))
}

/// The same where a range that leaves user memory is ENOMEM.
fn mapped_range(addr: u64, len: usize) -> Result<(u64, usize)> {
    let (addr, len) = range(addr, len)?;
    match addr.checked_add(len as u64) {
        Some(end) if end <= USER_END => Ok((addr, len)),
        _ => Err(Errno::ENOMEM),
    }
}

/// `mprotect`.
pub fn mprotect(cx: &mut Context, addr: u64, len: usize, prot: Protection) -> Result<usize> {
    gate::demand(cx, promise_rules::memory(prot))?;
    let grows = prot & (Protection::GROWS_DOWN | Protection::GROWS_UP);
    if grows == Protection::GROWS_DOWN | Protection::GROWS_UP || !addr.is_multiple_of(PAGE_SIZE as u64) {
        return Err(Errno::EINVAL);
    }
    if len == 0 {
        return Ok(0);
    }
    let len = len.checked_next_multiple_of(PAGE_SIZE).ok_or(Errno::ENOMEM)?;
    if prot.bits() & !Protection::all().bits() != 0 {
        return Err(Errno::EINVAL);
    }
    let (addr, len) = mapped_range(addr, len)?;
    cx.space.protect(addr, len, prot)?;
    Ok(0)
}

/// `munmap`.
pub fn munmap(cx: &mut Context, addr: u64, len: usize) -> Result<usize> {
    let (addr, len) = range(addr, len)?;
    let is_user = addr.checked_add(len as u64).is_some_and(|end| end <= USER_END);
    if len == 0 || !is_user {
        return Err(Errno::EINVAL);
    }
    cx.space.unmap(addr, len)?;
    Ok(0)
}

/// `brk`.
pub fn brk(cx: &mut Context, addr: u64) -> Result<usize> {
    Ok(cx.space.brk(addr).as_u64() as usize)
}

/// `mremap`.
pub fn mremap(
    cx: &mut Context,
    addr: u64,
    old_len: usize,
    new_len: usize,
    flags: RemapFlags,
    new_addr: u64,
) -> Result<usize> {
    let may_move = flags.contains(RemapFlags::MAY_MOVE);
    let is_known = RemapFlags::all().contains(flags) && !flags.contains(RemapFlags::DONT_UNMAP);
    let is_fixed = flags.contains(RemapFlags::FIXED);
    gate::demand(cx, if is_fixed { Promises::MAP_FIXED } else { Promises::empty() })?;
    if !is_known || (is_fixed && !may_move) || !addr.is_multiple_of(PAGE_SIZE as u64) {
        return Err(Errno::EINVAL);
    }
    let old_len = old_len.checked_next_multiple_of(PAGE_SIZE).ok_or(Errno::EINVAL)?;
    let new_len = new_len.checked_next_multiple_of(PAGE_SIZE).filter(|&len| len > 0).ok_or(Errno::EINVAL)?;
    let to = match (is_fixed, may_move) {
        (true, _) => {
            check_target(addr, old_len, new_addr, new_len)?;
            MoveTo::Fixed(new_addr)
        }
        (false, true) => MoveTo::Anywhere,
        (false, false) => MoveTo::InPlace,
    };
    Ok(cx.space.remap(addr, old_len, new_len, to)?.as_u64() as usize)
}

fn check_target(old: u64, old_len: usize, new: u64, new_len: usize) -> Result<()> {
    let fits = new_len as u64 <= USER_END && new <= USER_END - new_len as u64;
    let overlaps = old < new.saturating_add(new_len as u64) && new < old.saturating_add(old_len as u64);
    if !new.is_multiple_of(PAGE_SIZE as u64) || !fits || overlaps { Err(Errno::EINVAL) } else { Ok(()) }
}

/// `msync`.
pub fn msync(cx: &mut Context, addr: u64, len: usize, flags: SyncFlags) -> Result<usize> {
    let is_both = flags.contains(SyncFlags::ASYNC | SyncFlags::SYNC);
    if !SyncFlags::all().contains(flags) || is_both || !addr.is_multiple_of(PAGE_SIZE as u64) {
        return Err(Errno::EINVAL);
    }
    let (addr, len) = mapped_range(addr, len.checked_next_multiple_of(PAGE_SIZE).ok_or(Errno::ENOMEM)?)?;
    if len > 0 {
        cx.space.sync(addr, len)?;
    }
    Ok(0)
}

/// `mincore`: what is mapped counts as resident, since nothing is ever paged out.
pub fn mincore(cx: &mut Context, addr: u64, len: usize, vector: UserPtr<u8>) -> Result<usize> {
    let (addr, len) = mapped_range(addr, len)?;
    if len == 0 {
        return Ok(0);
    }
    // Answers ENOMEM where a page is not mapped, as `msync` does.
    cx.space.sync(addr, len)?;
    let chunk = [1_u8; 256];
    let mut left = len / PAGE_SIZE;
    let mut to = vector.address();
    while left > 0 {
        let count = left.min(chunk.len());
        UserPtr::new(to).write_slice(&chunk[..count])?;
        to += count as u64;
        left -= count;
    }
    Ok(0)
}

/// `madvise`.
pub fn madvise(cx: &mut Context, addr: u64, len: usize, advice: i32) -> Result<usize> {
    let advice = advice_of(advice).ok_or(Errno::EINVAL)?;
    let (addr, len) = range(addr, len)?;
    if len == 0 {
        return Ok(0);
    }
    if addr.checked_add(len as u64).is_none() {
        return Err(Errno::EINVAL);
    }
    let (addr, len) = mapped_range(addr, len)?;
    cx.space.advise(addr, len, advice)?;
    Ok(0)
}

fn advice_of(advice: i32) -> Option<Advice> {
    Some(match advice as u32 {
        general::MADV_DONTNEED => Advice::DontNeed,
        general::MADV_FREE => Advice::Free,
        general::MADV_WILLNEED => Advice::WillNeed,
        general::MADV_DONTFORK => Advice::DontFork,
        general::MADV_DOFORK => Advice::DoFork,
        general::MADV_POPULATE_READ => Advice::PopulateRead,
        general::MADV_POPULATE_WRITE => Advice::PopulateWrite,
        general::MADV_NORMAL
        | general::MADV_RANDOM
        | general::MADV_SEQUENTIAL
        | general::MADV_HUGEPAGE
        | general::MADV_NOHUGEPAGE
        | general::MADV_COLD
        | general::MADV_PAGEOUT
        | general::MADV_DONTDUMP
        | general::MADV_DODUMP
        | general::MADV_MERGEABLE
        | general::MADV_UNMERGEABLE => Advice::Hint,
        _ => return None,
    })
}

/// `mlock`: memory is never paged out, so that faulting it in is all there is to do.
pub fn mlock(cx: &mut Context, addr: u64, len: usize) -> Result<usize> {
    let (addr, len) = widened(addr, len)?;
    if len as u64 > lockable(cx)? {
        return Err(Errno::ENOMEM);
    }
    if len > 0 {
        cx.space.populate(addr, len)?;
    }
    Ok(0)
}

/// `munlock`.
pub fn munlock(cx: &mut Context, addr: u64, len: usize) -> Result<usize> {
    let (addr, len) = widened(addr, len)?;
    if len > 0 {
        // Answers ENOMEM where a page is not mapped.
        cx.space.sync(addr, len)?;
    }
    Ok(0)
}

/// `mlockall`.
pub fn mlockall(cx: &mut Context, flags: u32) -> Result<usize> {
    let known = general::MCL_CURRENT | general::MCL_FUTURE | general::MCL_ONFAULT;
    if flags == 0 || flags & !known != 0 || flags == general::MCL_ONFAULT {
        return Err(Errno::EINVAL);
    }
    let limit = lockable(cx)?;
    let mapped = cx.space.usage().virtual_pages as u64 * PAGE_SIZE as u64;
    if flags & general::MCL_CURRENT != 0 && mapped > limit { Err(Errno::ENOMEM) } else { Ok(0) }
}

/// `munlockall`.
pub fn munlockall(_cx: &mut Context) -> Result<usize> {
    Ok(0)
}

/// A range widened to whole pages; EINVAL when it overflows.
fn widened(addr: u64, len: usize) -> Result<(u64, usize)> {
    let inset = (addr % PAGE_SIZE as u64) as usize;
    let len = len.checked_add(inset).ok_or(Errno::EINVAL)?;
    let (addr, len) = (addr - inset as u64, len.checked_next_multiple_of(PAGE_SIZE).ok_or(Errno::EINVAL)?);
    if addr.checked_add(len as u64).is_none() {
        return Err(Errno::EINVAL);
    }
    mapped_range(addr, len)
}

/// How many bytes the caller may lock. EPERM when that is none at all.
fn lockable(cx: &Context) -> Result<u64> {
    if cx.process().credentials().is_privileged() {
        return Ok(u64::MAX);
    }
    match cx.process().limit(Resource::LockedMemory) {
        0 => Err(Errno::EPERM),
        limit => Ok(limit),
    }
}

/// The longest name of a memory file, so that with its prefix it is a file name.
const MEMORY_NAME_MAX: usize = 249;

/// `memfd_create`.
pub fn memfd_create(cx: &mut Context, name: UserPath, flags: MemfdFlags) -> Result<usize> {
    if flags.has_unknown() || flags.contains(MemfdFlags::HUGE_TLB) {
        return Err(Errno::EINVAL);
    }
    let name = name.read()?;
    if name.len() > MEMORY_NAME_MAX {
        return Err(Errno::EINVAL);
    }
    let mut shown = mm::alloc::try_to_vec(b"memfd:")?;
    shown.try_reserve(name.len()).map_err(|_| Errno::ENOMEM)?;
    shown.extend_from_slice(&name);
    let mode = if flags.contains(MemfdFlags::NO_EXEC_SEAL) { 0o666 } else { 0o777 };
    let credentials = cx.process().credentials();
    let owner = object::Owner { uid: credentials.fsuid, gid: credentials.fsgid };
    let seals = if flags.contains(MemfdFlags::NO_EXEC_SEAL) {
        Some(SealSet::EXECUTE)
    } else {
        flags.contains(MemfdFlags::ALLOW_SEALING).then_some(SealSet::empty())
    };
    let file = fs::memory_file::create(&shown, abi::Mode::from_raw(mode), owner, seals)?;
    let closing = if flags.contains(MemfdFlags::CLOSE_ON_EXEC) { OpenFlags::CLOSE_ON_EXEC } else { OpenFlags::empty() };
    crate::handlers::descriptors::install(cx, file, closing)
}
