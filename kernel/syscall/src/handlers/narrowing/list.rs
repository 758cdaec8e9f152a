//! Lists of narrowings, from user memory to what each floor understands.

use crate::Context;
use abi::types::{NarrowItem, Rlimit};
use abi::{Errno, Result};
use alloc::vec::Vec;
use arch::CpuSet;
use caps::{FcntlSet, Gaps, Item, Kind, PathPermissions, Promises, Rights, Root, SlotNarrowing, When};
use core::ops::Range;
use mm::alloc::{try_push, try_vec};
use mm::user::{Source, UserPtr};
use object::ViewStep;
use object::namespace::PATH_MAX;
use process::limits::Resource;
use process::{Process, gate};

/// The most control requests of one slot.
const REQUESTS_MAX: u64 = 1024;
/// The longest item that is looked at.
const SIZE_MAX: usize = 4096;

/// An item, for a run of slots that items of their own ask the same for: who lists slots one by one mostly means many.
pub(super) struct Entry {
    item: NarrowItem,
    /// The last slot of the run; where the item is for a range or not for slots, as there.
    last: u32,
}

impl Entry {
    /// Whether `item` asks the same for the slot behind the run.
    fn goes_on_with(&self, item: &NarrowItem) -> bool {
        let Self { item: first, last } = self;
        item.what == NarrowItem::SLOT
            && item.first == item.last
            && first.first == first.last
            && last.checked_add(1) == Some(item.first)
            && *first == NarrowItem { first: first.first, last: first.last, ..*item }
    }
}

/// Copies the items in. Those of a newer program may be longer, if what is beyond is zero: E2BIG.
pub(super) fn read(items: UserPtr<NarrowItem>, count: usize) -> Result<Vec<Entry>> {
    let known = size_of::<NarrowItem>();
    let size = UserPtr::<u32>::new(items.address()).read()? as usize;
    if size < known {
        return Err(Errno::EINVAL);
    }
    let list = match size == known {
        true => items.read_slice(count)?,
        false => read_longer(items, count, size)?,
    };
    let mut entries: Vec<Entry> = Vec::new();
    for item in &list {
        match entries.last_mut() {
            Some(entry) if entry.goes_on_with(item) => entry.last = item.first,
            _ if item.size as usize != size => return Err(Errno::EINVAL),
            _ => try_push(&mut entries, Entry { item: *item, last: item.last })?,
        }
    }
    Ok(entries)
}

fn read_longer(items: UserPtr<NarrowItem>, count: usize, size: usize) -> Result<Vec<NarrowItem>> {
    if size > SIZE_MAX {
        return Err(Errno::E2BIG);
    }
    let known = size_of::<NarrowItem>();
    let mut list = try_vec(count)?;
    for index in 0..count {
        let address = items.address().wrapping_add((index * size) as u64);
        list.push(UserPtr::<NarrowItem>::new(address).read()?);
        let mut rest = Source::from_user(address.wrapping_add(known as u64), size - known);
        let mut byte = [0];
        while rest.remaining() > 0 {
            rest.copy_to(&mut byte)?;
            if byte[0] != 0 {
                return Err(Errno::E2BIG);
            }
        }
    }
    Ok(list)
}

/// A checked list.
pub(super) struct List<'a> {
    raw: &'a [Entry],
    /// The control requests of all slots, one after the other.
    requests: Vec<u32>,
    /// Which of them belong to which item.
    requests_of: Vec<(usize, Range<usize>)>,
    paths: Vec<(Vec<u8>, PathPermissions)>,
    limits: Vec<(Resource, Rlimit)>,
    cpus: Option<CpuSet>,
}

impl<'a> List<'a> {
    /// Checks each item as far as that can be done without the table's lock, and copies in what it points to.
    pub(super) fn decode(cx: &Context, raw: &'a [Entry]) -> Result<Self> {
        let mut list = Self {
            raw,
            requests: Vec::new(),
            requests_of: Vec::new(),
            paths: Vec::new(),
            limits: Vec::new(),
            cpus: None,
        };
        for (index, Entry { item, .. }) in raw.iter().enumerate() {
            check_unused(item)?;
            match item.what {
                NarrowItem::SLOT => list.add_requests(index, item)?,
                NarrowItem::VIEW => list.add_path(cx, item)?,
                NarrowItem::LIMIT => list.add_limit(cx, item)?,
                NarrowItem::CPUS => list.add_cpus(cx, item)?,
                _ => {}
            }
        }
        Ok(list)
    }

    fn add_requests(&mut self, index: usize, item: &NarrowItem) -> Result<()> {
        if item.fields & NarrowItem::IOCTLS == 0 {
            return Ok(());
        }
        if item.length > REQUESTS_MAX {
            return Err(Errno::E2BIG);
        }
        let requests = UserPtr::<u32>::new(item.address).read_slice(item.length as usize)?;
        let start = self.requests.len();
        self.requests.try_reserve(requests.len()).map_err(|_| Errno::ENOMEM)?;
        self.requests.extend_from_slice(&requests);
        Ok(try_push(&mut self.requests_of, (index, start..self.requests.len()))?)
    }

    fn add_path(&mut self, cx: &Context, item: &NarrowItem) -> Result<()> {
        gate::demand(cx, Promises::UNVEIL)?;
        gate::demand_root(cx, Root::Namespace)?;
        let permissions = u8::try_from(item.values[0]).ok().and_then(PathPermissions::from_bits);
        let permissions = permissions.ok_or(Errno::EINVAL)?;
        if item.length >= PATH_MAX as u64 {
            return Err(Errno::ENAMETOOLONG);
        }
        let path = UserPtr::<u8>::new(item.address).read_slice(item.length as usize)?;
        Ok(try_push(&mut self.paths, (path, permissions))?)
    }

    /// What the view is to be narrowed by.
    pub(super) fn view_steps(&self) -> Result<Vec<ViewStep<'_>>> {
        let mut paths = self.paths.iter();
        let of = |item: &NarrowItem| match item.what {
            NarrowItem::VIEW => paths.next().map(|(path, permissions)| ViewStep::Unveil(path, *permissions)),
            NarrowItem::VIEW_LOCK => Some(ViewStep::Lock),
            _ => None,
        };
        let mut steps = Vec::new();
        for step in self.raw.iter().map(|entry| &entry.item).filter_map(of) {
            try_push(&mut steps, step)?;
        }
        Ok(steps)
    }

    fn add_limit(&mut self, cx: &Context, item: &NarrowItem) -> Result<()> {
        let resource = Resource::from_raw(item.first)?;
        let [soft, hard] = item.values;
        let now = cx.process().limits().get(resource);
        if soft > hard {
            return Err(Errno::EINVAL);
        }
        if soft > now.soft || hard > now.hard {
            return Err(Errno::EPERM);
        }
        Ok(try_push(&mut self.limits, (resource, Rlimit { soft, hard }))?)
    }

    fn add_cpus(&mut self, cx: &Context, item: &NarrowItem) -> Result<()> {
        let mut bytes = [0; arch::cpu::MAX_CPUS.div_ceil(64) * 8];
        let length = usize::try_from(item.length).unwrap_or(usize::MAX).min(bytes.len());
        let mut source = Source::from_user(item.address, length);
        if source.copy_to(&mut bytes[..length])? < length {
            return Err(Errno::EFAULT);
        }
        let asked = CpuSet::from_bytes(&bytes).intersect(&arch::cpu::online());
        let allowed = self.cpus.unwrap_or_else(|| cx.process().allowed_cpus());
        let cpus = asked.intersect(&allowed);
        if asked.is_empty() {
            return Err(Errno::EINVAL);
        }
        if cpus != asked {
            return Err(Errno::EPERM);
        }
        self.cpus = Some(cpus);
        Ok(())
    }

    /// What the table is to be narrowed by.
    pub(super) fn table_items(&self) -> Result<Vec<Item<'_>>> {
        let mut items = try_vec(self.raw.len())?;
        let mut requests = self.requests_of.iter().peekable();
        for (index, entry) in self.raw.iter().enumerate() {
            let item = &entry.item;
            // There is room for each.
            match item.what {
                NarrowItem::SLOT | NarrowItem::CLOSE => {
                    let range = requests.next_if(|(owner, _)| *owner == index).map(|(_, range)| range.clone());
                    items.push(slot_item(entry, range.map(|range| &self.requests[range]))?);
                }
                NarrowItem::KIND => {
                    let kind = *Kind::ALL.get(item.first as usize).ok_or(Errno::EINVAL)?;
                    items.push(Item::Kind { kind, rights: rights_of(item.values)?, when: when_of(item)? });
                }
                NarrowItem::ROOT => {
                    let root = *Root::ALL.get(item.first as usize).ok_or(Errno::EINVAL)?;
                    items.push(Item::Root { root, rights: rights_of(item.values)?, when: when_of(item)? });
                }
                NarrowItem::PROMISES => {
                    items.push(Item::Promises { promises: promises_of(item)?, when: when_of(item)? });
                }
                _ => {}
            }
        }
        Ok(items)
    }

    /// Lowers the limits, and has every thread leave the CPUs that it may not use any more. Cannot fail.
    pub(super) fn apply_to_process(&self, process: &Process) {
        process.narrow_limits(&self.limits);
        if let Some(cpus) = &self.cpus {
            process.narrow_cpus(cpus);
            process.leave_cpus(cpus);
        }
    }

    /// Once more, for threads that were being made meanwhile.
    pub(super) fn apply_cpus(&self, process: &Process) {
        if let Some(cpus) = &self.cpus {
            process.leave_cpus(cpus);
        }
    }
}

/// The narrowing or closing of one slot, which must be filled, or of what is filled in a range.
fn slot_item<'a>(Entry { item, last: end }: &Entry, ioctls: Option<&'a [u32]>) -> Result<Item<'a>> {
    let first = i32::try_from(item.first).map_err(|_| Errno::EBADF)?;
    let last = i32::try_from(item.last).unwrap_or(i32::MAX);
    if last < first {
        return Err(Errno::EINVAL);
    }
    if item.what == NarrowItem::CLOSE {
        return Ok(if first == last { Item::Close { slot: first } } else { Item::CloseRange { first, last } });
    }
    let has = |field| item.fields & field != 0;
    let narrowing = SlotNarrowing {
        slot: first,
        rights: if has(NarrowItem::RIGHTS) { Some(rights_of(item.values)?) } else { None },
        ioctls,
        fcntls: has(NarrowItem::FCNTLS).then(|| FcntlSet::from_bits(item.fcntls)),
        inherited: if has(NarrowItem::INHERITED) { Some(rights_of(item.inherited)?) } else { None },
    };
    let end = i32::try_from(*end).unwrap_or(i32::MAX);
    Ok(match first == last {
        true if end == first => Item::Slot(narrowing),
        // A slot beyond those that there can be is as empty as any.
        true => Item::Slots { narrowing, last: end, gaps: Gaps::Refused },
        false => Item::Slots { narrowing, last, gaps: Gaps::Allowed },
    })
}

fn rights_of([low, high]: [u64; 2]) -> Result<Rights> {
    Rights::from_bits(u128::from(low) | u128::from(high) << 64).ok_or(Errno::EINVAL)
}

fn when_of(item: &NarrowItem) -> Result<When> {
    const BOTH: u32 = NarrowItem::NOW | NarrowItem::AFTER_EXEC;
    match item.when {
        NarrowItem::NOW => Ok(When::Now),
        NarrowItem::AFTER_EXEC => Ok(When::AfterExec),
        BOTH => Ok(When::Both),
        _ => Err(Errno::EINVAL),
    }
}

/// Promises that have words; to have promised anything at all takes what no word covers.
fn promises_of(item: &NarrowItem) -> Result<Promises> {
    let promises = Promises::from_bits(item.values[0]).ok_or(Errno::EINVAL)?;
    if promises.contains(Promises::UNPLEDGED) { Err(Errno::EINVAL) } else { Ok(promises) }
}

/// EINVAL for an item of no kind, or with something in a field that does not count.
fn check_unused(item: &NarrowItem) -> Result<()> {
    const FIELDS: u32 = NarrowItem::RIGHTS | NarrowItem::IOCTLS | NarrowItem::FCNTLS | NarrowItem::INHERITED;
    let nothing = NarrowItem { size: item.size, ..NarrowItem::new(item.what) };
    let NarrowItem { when, fields, first, last, values, inherited, fcntls, address, length, .. } = *item;
    let allowed = match item.what {
        NarrowItem::SLOT if fields & !FIELDS == 0 => {
            let has = |field| fields & field != 0;
            let mut allowed = NarrowItem { fields, first, last, ..nothing };
            if has(NarrowItem::RIGHTS) {
                allowed.values = values;
            }
            if has(NarrowItem::INHERITED) {
                allowed.inherited = inherited;
            }
            if has(NarrowItem::FCNTLS) {
                allowed.fcntls = fcntls;
            }
            if has(NarrowItem::IOCTLS) {
                (allowed.address, allowed.length) = (address, length);
            }
            allowed
        }
        NarrowItem::CLOSE => NarrowItem { first, last, ..nothing },
        NarrowItem::KIND | NarrowItem::ROOT => NarrowItem { when, first, values, ..nothing },
        NarrowItem::PROMISES => NarrowItem { when, values: [values[0], 0], ..nothing },
        NarrowItem::VIEW => NarrowItem { values: [values[0], 0], address, length, ..nothing },
        NarrowItem::VIEW_LOCK => nothing,
        NarrowItem::LIMIT => NarrowItem { first, values, ..nothing },
        NarrowItem::CPUS => NarrowItem { address, length, ..nothing },
        _ => return Err(Errno::EINVAL),
    };
    if allowed == *item { Ok(()) } else { Err(Errno::EINVAL) }
}
