//! The same operations on the real tables and on the model, side by side.

use crate::model::{self, Limit, Narrowing};
use crate::operation::Operation;
use caps::{
    Capability, Cause, Denied, FcntlSet, Grant, HostGround, IoctlSet, Item, Kind, Lacking, Need, Reservation, Rights,
    SlotFlags, SlotNarrowing, Spelling, Table, TableError,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many slots a process may have at first.
const LIMIT: usize = 60;
pub const KINDS: [Kind; 3] = [Kind::File, Kind::Directory, Kind::Pipe];

pub fn cause(sequence: u64) -> Cause {
    Cause { sequence, process: 1, spelling: Spelling::Narrow, time_ns: sequence }
}

/// One process: the table, its model, and the reservations under way.
pub struct Process {
    pub table: Table<u32>,
    pub model: model::Process,
    reservations: Vec<Reservation>,
}

impl Process {
    fn new() -> Self {
        Self { table: Table::new(LIMIT), model: model::Process::new(LIMIT), reservations: Vec::new() }
    }

    fn put(&mut self, capability: Capability<u32>, slot: model::Slot) {
        let real = self.table.reserve(0).map(|reservation| self.table.commit(reservation, capability, slot.flags));
        let free = self.model.lowest_free(0);
        assert_eq!(real, free);
        if let Ok(free) = free {
            self.model.slots.insert(free, slot);
        }
    }
}

pub struct World {
    pub processes: Vec<Process>,
    pub grants: Vec<model::Grant>,
    sequence: u64,
}

impl World {
    pub fn new(processes: usize) -> Self {
        let processes = (0..processes).map(|_| Process::new()).collect();
        Self { processes, grants: Vec::new(), sequence: 0 }
    }

    /// A new object in the lowest free slot.
    pub fn create(&mut self, at: usize, kind: Kind, rights: Rights, flags: SlotFlags) {
        self.sequence += 1;
        let object = self.sequence as u32;
        let all = || Limit::new(Rights::ALL.bits());
        let slot = model::Slot {
            object,
            kind,
            flags,
            rights: Limit::new(rights.bits()),
            inherited: all(),
            fcntls: Limit::new(u64::MAX.into()),
            ioctls: None,
            grant: None,
        };
        self.processes[at].put(Capability::new(object, kind, rights), slot);
    }

    pub fn run(&mut self, at: usize, operation: Operation) {
        self.sequence += 1;
        match operation {
            Operation::Create { kind, rights, flags } => self.create(at, KINDS[kind], rights, flags),
            Operation::Open { beneath, kind, rights } => self.open(at, beneath, KINDS[kind], rights),
            Operation::Send { slot, to } => self.send(at, slot, to),
            Operation::Derive { slot, limit } => self.derive(at, slot, limit),
            Operation::Revoke { slot } => self.narrow_grants(at, slot, None),
            Operation::NarrowGrant { slot, kept } => self.narrow_grants(at, slot, Some(kept)),
            Operation::Narrow(list) => self.narrow(at, &list),
            Operation::NarrowHeld(mut list) => {
                list.iter_mut().for_each(|narrowing| self.processes[at].model.cut(narrowing));
                self.narrow(at, &list);
            }
            Operation::Fork { to } if to != at => {
                let Process { table, model, .. } = &self.processes[at];
                let child = Process { table: table.fork().unwrap(), model: model.fork(), reservations: Vec::new() };
                // What the replaced process still reserved goes with its table.
                self.processes[to] = child;
            }
            Operation::Fork { .. } => {}
            Operation::Get { slot, kinds, rights } => self.check_get(at, slot, &Need::of(kinds, rights)),
            Operation::Call { promises, roots } => {
                let Process { table, model, .. } = &self.processes[at];
                let denied = table.explain_call(promises, roots).map(|denied| {
                    let first = matches!(denied.missing, Lacking::Promises(_));
                    assert_eq!(
                        first,
                        (promises | caps::Promises::UNPLEDGED) & table.promises() == caps::Promises::empty()
                    );
                    denied.cause.map(|cause| cause.sequence)
                });
                assert_eq!(denied, model.may_call(promises, roots).err());
            }
            local => self.processes[at].run(local),
        }
    }

    /// Law 2's one way to grow, with a directory: what is opened beneath it.
    fn open(&mut self, at: usize, beneath: i32, kind: Kind, rights: Rights) {
        let process = &mut self.processes[at];
        let need = Need::of(Kind::Directory.set(), Rights::LOOKUP);
        let Ok((directory, effective)) = process.table.get(beneath, &need) else { return };
        let mut held = directory.clone();
        held.rights = effective;
        let child = held.child(self.sequence as u32, kind, rights);
        let mut slot = process.model.slot(beneath).unwrap().clone();
        let most = rights & effective & Rights::from_bits_truncate(slot.inherited.left);
        slot.rights.left = most.bits();
        slot = model::Slot { object: self.sequence as u32, kind, flags: SlotFlags::empty(), ..slot };
        process.put(child, slot);
    }

    fn send(&mut self, at: usize, slot: i32, to: usize) {
        let Ok((capability, _)) = self.processes[at].table.get(slot, &Need::rights(Rights::NONE)) else { return };
        let sent = capability.clone();
        let slot = self.processes[at].model.slot(slot).unwrap().clone();
        self.processes[to].put(sent, model::Slot { flags: SlotFlags::empty(), ..slot });
    }

    fn grant_of(&mut self, at: usize, slot: i32) -> Option<(Arc<Grant>, usize)> {
        let Process { table, model, .. } = &mut self.processes[at];
        let real = table.grant_of(slot, cause(self.sequence), &HostGround);
        let Some(slot) = model.slots.get_mut(&(slot as u32)) else {
            assert_eq!(real.err(), Some(TableError::BadSlot));
            return None;
        };
        let root = || model::derive(&mut self.grants, None, Rights::ALL, self.sequence);
        Some((real.unwrap(), *slot.grant.get_or_insert_with(root)))
    }

    fn derive(&mut self, at: usize, slot: i32, limit: Rights) {
        let Some((_, parent)) = self.grant_of(at, slot) else { return };
        let process = &mut self.processes[at];
        let derived = process.table.derive(slot, limit, cause(self.sequence), &HostGround).unwrap();
        let grant = model::derive(&mut self.grants, Some(parent), limit, self.sequence);
        let slot =
            model::Slot { grant: Some(grant), flags: SlotFlags::empty(), ..process.model.slot(slot).unwrap().clone() };
        process.put(derived, slot);
    }

    /// Revokes what derives from a slot's grant, or narrows the grant.
    fn narrow_grants(&mut self, at: usize, slot: i32, kept: Option<Rights>) {
        let Some((grant, top)) = self.grant_of(at, slot) else { return };
        let cause = cause(self.sequence);
        let walk = kept.map_or_else(|| grant.revoke_descendants(cause), |kept| grant.narrow(kept, cause).unwrap());
        let narrowed = walk.count();
        let (itself, kept) = (kept.is_some(), kept.unwrap_or(Rights::NONE));
        let mut reached = model::narrow_grants(&mut self.grants, top, itself, kept, self.sequence);
        // Nobody has the others any more; the one at hand is held here.
        let slots = || self.processes.iter().flat_map(|process| process.model.slots.values());
        reached.retain(|grant| *grant == top || slots().any(|slot| slot.grant == Some(*grant)));
        assert_eq!(narrowed, reached.len());
    }

    fn narrow(&mut self, at: usize, list: &[Narrowing]) {
        let Process { table, model, .. } = &mut self.processes[at];
        let items: Vec<Item<'_>> = list.iter().map(item).collect();
        let closed = table.narrow(&items, cause(self.sequence), &HostGround);
        let closed = closed.map(|closed| closed.into_iter().map(|old| old.object).collect::<Vec<_>>());
        assert_eq!(closed, model.narrow(list, self.sequence));
    }

    pub fn check_get(&self, at: usize, slot: i32, need: &Need) {
        let Process { table, model, .. } = &self.processes[at];
        let got =
            table.get(slot, need).map(|(capability, rights)| (capability.object, rights)).map_err(
                |denied| match denied {
                    Denied::Missing { rights, at, cause } => {
                        (Denied::Missing { rights, at, cause: None }, cause.map(|cause| cause.sequence))
                    }
                    other => (other, None),
                },
            );
        assert_eq!(got, model.get(slot, need.kinds, need.rights, &self.grants));
    }

    /// Every table shows exactly what its model has.
    pub fn check(&self) {
        for Process { table, model, .. } in &self.processes {
            let mut shown = BTreeMap::new();
            for (slot, held, flags) in table.iter() {
                let bounds = held.bounds.as_deref();
                let inherited = bounds.map_or(Rights::ALL, |bounds| bounds.inherited);
                let fcntls = bounds.map_or(FcntlSet::ALL, |bounds| bounds.fcntls);
                let ioctls = bounds.and_then(|bounds| match &bounds.ioctls {
                    IoctlSet::All => None,
                    IoctlSet::Listed(list) => Some(list.iter().copied().collect()),
                });
                let granted = held.grant.as_ref().map(|grant| grant.limit());
                shown.insert(slot, (held.object, flags, held.rights, inherited, fcntls.bits(), ioctls, granted));
            }
            let rights = Rights::from_bits_truncate;
            let expected: BTreeMap<_, _> = model
                .slots
                .iter()
                .map(|(number, slot)| {
                    let granted = slot.grant.map(|grant| rights(self.grants[grant].limit.left));
                    let (own, inherited) = (rights(slot.rights.left), rights(slot.inherited.left));
                    (
                        *number,
                        (
                            slot.object,
                            slot.flags,
                            own,
                            inherited,
                            slot.fcntls.left as u64,
                            slot.ioctls.clone(),
                            granted,
                        ),
                    )
                })
                .collect();
            assert_eq!(shown, expected);
            assert_eq!((table.len(), table.limit()), (model.slots.len(), model.limit));
            let halves = [(&table.ceilings().now, &model.now), (&table.ceilings().after_exec, &model.after_exec)];
            for (real, model) in halves {
                assert!(Kind::ALL.iter().all(|kind| real.kind(*kind) == model.kind(*kind)));
                assert_eq!(real.roots(), model.roots());
                assert_eq!(u128::from(real.promises().bits()), model.promises.left);
            }
        }
    }
}

impl Process {
    /// What a process does with its own table.
    fn run(&mut self, operation: Operation) {
        let Self { table, model, reservations } = self;
        match operation {
            Operation::Reserve { from } => {
                let reserved = table.reserve(from);
                let free = model.lowest_free(from);
                assert_eq!(reserved.as_ref().map(Reservation::slot).map_err(|error| *error), free);
                model.reserved.extend(free);
                reservations.extend(reserved);
            }
            Operation::Cancel => {
                let Some(reservation) = reservations.pop() else { return };
                model.reserved.remove(&reservation.slot());
                table.cancel(reservation);
            }
            Operation::Duplicate { slot, from, flags } => {
                let held = model.slot(slot).cloned().ok_or(TableError::BadSlot);
                let expected = held.and_then(|held| Ok((model.lowest_free(from)?, held)));
                let free = expected.as_ref().map(|(free, _)| *free).map_err(|error| *error);
                assert_eq!(table.duplicate(slot, from, flags), free);
                model.slots.extend(expected.map(|(free, held)| (free, model::Slot { flags, ..held })));
            }
            Operation::DuplicateTo { slot, target, flags } => {
                let result = table.duplicate_to(slot, target, flags).map(|old| old.map(|old| old.object));
                let expected = match model.slot(slot).cloned() {
                    None => Err(TableError::BadSlot),
                    Some(_) if target as usize >= model.limit => Err(TableError::BeyondLimit),
                    Some(_) if model.reserved.contains(&target) => Err(TableError::Reserved),
                    Some(held) => Ok(model.slots.insert(target, model::Slot { flags, ..held }).map(|old| old.object)),
                };
                assert_eq!(result, expected);
            }
            Operation::Remove { slot } => {
                let removed = table.remove(slot).map(|capability| capability.object);
                assert_eq!(removed, model.slots.remove(&(slot as u32)).map(|held| held.object));
            }
            Operation::SetFlags { slot, flags } => {
                let held = model.slots.get_mut(&(slot as u32));
                assert_eq!(table.set_flags(slot, flags), held.is_some());
                held.into_iter().for_each(|held| held.flags = flags);
            }
            Operation::Exec => {
                let mut from = 0;
                while let Some((slot, _)) = table.remove_next_on_exec(from) {
                    from = slot + 1;
                }
                table.exec().unwrap();
                model.exec();
            }
            other => unreachable!("{other:?} is not local"),
        }
    }
}

fn item(narrowing: &Narrowing) -> Item<'_> {
    match narrowing {
        Narrowing::Slot { slot, rights, inherited, fcntls, ioctls } => Item::Slot(SlotNarrowing {
            slot: *slot,
            rights: *rights,
            ioctls: ioctls.as_deref(),
            fcntls: fcntls.map(FcntlSet::from_bits),
            inherited: *inherited,
        }),
        Narrowing::Kind(kind, rights, when) => Item::Kind { kind: *kind, rights: *rights, when: *when },
        Narrowing::Root(root, rights, when) => Item::Root { root: *root, rights: *rights, when: *when },
        Narrowing::Promises(promises, when) => Item::Promises { promises: *promises, when: *when },
        Narrowing::Close(slot) => Item::Close { slot: *slot },
        Narrowing::CloseAllBut(slots) => Item::CloseAllBut { slots },
        Narrowing::SlotCount(limit) => Item::SlotCount { limit: *limit },
    }
}
