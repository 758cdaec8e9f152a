//! The table against a model so plain that it is obviously right: random operations on several processes at once.

use caps::{
    Capability, Cause, Denied, Grant, HostGround, Item, Kind, KindSet, Need, Place, Reservation, Rights, SlotFlags,
    SlotNarrowing, Spelling, Table, TableError, When,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Slots that operations choose from; the limit lies among them.
const SLOTS: u32 = 150;
/// How many operations a case has at most.
const OPERATIONS: usize = if cfg!(miri) { 15 } else { 120 };
const KINDS: [Kind; 3] = [Kind::File, Kind::Directory, Kind::Pipe];

const CAUSE: Cause = Cause { sequence: 1, process: 1, spelling: Spelling::Narrow, time_ns: 0 };

fn narrow_slot(table: &mut Table<u32>, slot: i32, kept: Rights) -> bool {
    // Only what is there can be asked for.
    let Ok((capability, _)) = table.get(slot, &Need::rights(Rights::NONE)) else { return false };
    let kept = kept & capability.rights;
    let item = Item::Slot(SlotNarrowing { rights: Some(kept), ..SlotNarrowing::of(slot) });
    table.narrow(&[item], CAUSE, &HostGround).is_ok()
}

fn narrow_ceiling(table: &mut Table<u32>, kind: Kind, kept: Rights) {
    let rights = kept & table.ceilings().now.kind(kind);
    table.narrow(&[Item::Kind { kind, rights, when: When::Now }], CAUSE, &HostGround).unwrap();
}

/// A refusal without the cause, which the model does not know.
fn plain(denied: Denied) -> Denied {
    match denied {
        Denied::Missing { rights, at, .. } => Denied::Missing { rights, at, cause: None },
        other => other,
    }
}

/// What a slot holds, in the model.
#[derive(Clone, Debug)]
struct Held {
    object: u32,
    kind: Kind,
    rights: Rights,
    flags: SlotFlags,
    grant: Option<usize>,
}

/// A process, in the model: what it has, nothing else.
#[derive(Clone, Debug)]
struct Model {
    slots: BTreeMap<u32, Held>,
    reserved: BTreeSet<u32>,
    ceilings: BTreeMap<u8, Rights>,
    limit: usize,
}

impl Model {
    fn new(limit: usize) -> Self {
        Self { slots: BTreeMap::new(), reserved: BTreeSet::new(), ceilings: BTreeMap::new(), limit }
    }

    fn lowest_free(&self, from: u32) -> Option<u32> {
        (from..self.limit as u32).find(|slot| !self.slots.contains_key(slot) && !self.reserved.contains(slot))
    }

    fn fork(&self) -> Self {
        let mut child = self.clone();
        child.reserved.clear();
        child.slots.retain(|_, held| !held.flags.contains(SlotFlags::CLOSE_ON_FORK));
        child
    }

    fn get(&self, slot: i32, need: &Need, grants: &[Rights]) -> Result<(u32, Rights), Denied> {
        let held = u32::try_from(slot).ok().and_then(|slot| self.slots.get(&slot)).ok_or(Denied::BadSlot)?;
        if !need.kinds.has(held.kind) {
            return Err(Denied::WrongKind(held.kind));
        }
        let granted = held.grant.map_or(Rights::ALL, |grant| grants[grant]);
        let ceiling = self.ceilings.get(&(held.kind as u8)).copied().unwrap_or(Rights::ALL);
        for (limit, at) in [(held.rights, Place::Slot), (granted, Place::Grant), (ceiling, Place::Ceiling)] {
            if !limit.contains(need.rights) {
                return Err(Denied::Missing { rights: need.rights - limit, at, cause: None });
            }
        }
        Ok((held.object, held.rights & granted & ceiling))
    }
}

/// One process: the table, its model, and the reservations under way.
struct Process {
    table: Table<u32>,
    model: Model,
    reservations: Vec<Reservation>,
}

#[derive(Clone, Debug)]
enum Operation {
    Reserve { from: u32 },
    Commit { kind: usize, rights: Rights, flags: SlotFlags, grant: Option<usize> },
    Cancel,
    Duplicate { slot: i32, from: u32, flags: SlotFlags },
    DuplicateTo { slot: i32, target: u32, flags: SlotFlags },
    Remove { slot: i32 },
    RemoveRange { first: u32, last: u32 },
    SetFlags { slot: i32, flags: SlotFlags },
    Narrow { slot: i32, rights: Rights },
    NarrowCeiling { kind: usize, rights: Rights },
    NarrowGrant { grant: usize, rights: Rights },
    SetLimit { limit: usize },
    Exec,
    Fork { to: usize },
    Get { slot: i32, kinds: KindSet, rights: Rights },
}

fn rights() -> impl Strategy<Value = Rights> {
    any::<[u64; 2]>().prop_map(|[low, high]| {
        Rights::from_bits_truncate((u128::from(low) | u128::from(high) << 64) | Rights::READ.bits())
    })
}

fn few_rights() -> impl Strategy<Value = Rights> {
    proptest::sample::select(vec![Rights::NONE, Rights::READ, Rights::WRITE, Rights::PREAD, Rights::AUDIT_READ])
}

fn flags() -> impl Strategy<Value = SlotFlags> {
    (0..4u8).prop_map(SlotFlags::from_bits_truncate)
}

fn slot() -> impl Strategy<Value = i32> {
    prop_oneof![20 => 0..12i32, 3 => 0..SLOTS as i32, 1 => any::<i32>()]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![20 => 0..12u32, 3 => 0..SLOTS]
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let grant = || proptest::option::of(0..4usize);
    prop_oneof![
        4 => number().prop_map(|from| Reserve { from }),
        6 => (0..3usize, rights(), flags(), grant()).prop_map(|(kind, rights, flags, grant)| Commit { kind, rights, flags, grant }),
        1 => Just(Cancel),
        3 => (slot(), number(), flags()).prop_map(|(slot, from, flags)| Duplicate { slot, from, flags }),
        3 => (slot(), number(), flags()).prop_map(|(slot, target, flags)| DuplicateTo { slot, target, flags }),
        3 => slot().prop_map(|slot| Remove { slot }),
        1 => (number(), number()).prop_map(|(first, last)| RemoveRange { first, last }),
        1 => (slot(), flags()).prop_map(|(slot, flags)| SetFlags { slot, flags }),
        2 => (slot(), rights()).prop_map(|(slot, rights)| Narrow { slot, rights }),
        1 => (0..3usize, rights()).prop_map(|(kind, rights)| NarrowCeiling { kind, rights }),
        1 => (0..4usize, rights()).prop_map(|(grant, rights)| NarrowGrant { grant, rights }),
        1 => (0..SLOTS as usize).prop_map(|limit| SetLimit { limit }),
        1 => Just(Exec),
        1 => (0..3usize).prop_map(|to| Fork { to }),
        6 => (slot(), prop_oneof![Just(KindSet::ANY), Just(KindSet::FILE | KindSet::PIPE)], few_rights())
            .prop_map(|(slot, kinds, rights)| Get { slot, kinds, rights }),
    ]
}

struct World {
    processes: Vec<Process>,
    grants: Vec<Arc<Grant>>,
    limits: Vec<Rights>,
    objects: u32,
}

impl World {
    fn new() -> Self {
        let limit = 100;
        let process = || Process { table: Table::new(limit), model: Model::new(limit), reservations: Vec::new() };
        let mut grants = vec![Grant::root(Rights::ALL, CAUSE, &HostGround).unwrap()];
        for depth in 0..3 {
            grants.push(grants[depth].derive(Rights::ALL, CAUSE, &HostGround).unwrap());
        }
        Self {
            processes: vec![process(), process(), process()],
            limits: vec![Rights::ALL; grants.len()],
            grants,
            objects: 0,
        }
    }

    fn run(&mut self, at: usize, operation: Operation) {
        let Self { processes, grants, limits, objects } = self;
        let Process { table, model, reservations } = &mut processes[at];
        match operation {
            Operation::Reserve { from } => match table.reserve(from) {
                Ok(reservation) => {
                    assert_eq!(Some(reservation.slot()), model.lowest_free(from));
                    model.reserved.insert(reservation.slot());
                    reservations.push(reservation);
                }
                Err(error) => {
                    assert_eq!(error, TableError::Full);
                    assert_eq!(model.lowest_free(from), None);
                }
            },
            Operation::Commit { kind, rights, flags, grant } => {
                let Some(reservation) = reservations.pop() else { return };
                *objects += 1;
                let kind = KINDS[kind];
                let mut capability = Capability::new(*objects, kind, rights);
                capability.grant = grant.map(|grant| grants[grant].clone());
                let slot = table.commit(reservation, capability, flags);
                model.reserved.remove(&slot);
                model.slots.insert(slot, Held { object: *objects, kind, rights, flags, grant });
            }
            Operation::Cancel => {
                let Some(reservation) = reservations.pop() else { return };
                model.reserved.remove(&reservation.slot());
                table.cancel(reservation);
            }
            Operation::Duplicate { slot, from, flags } => {
                let held = model.slots.get(&(slot as u32)).cloned();
                let expected = match (&held, model.lowest_free(from)) {
                    (None, _) => Err(TableError::BadSlot),
                    (Some(_), None) => Err(TableError::Full),
                    (Some(_), Some(free)) => Ok(free),
                };
                assert_eq!(table.duplicate(slot, from, flags), expected);
                if let (Ok(free), Some(held)) = (expected, held) {
                    model.slots.insert(free, Held { flags, ..held });
                }
            }
            Operation::DuplicateTo { slot, target, flags } => {
                let held = model.slots.get(&(slot as u32)).cloned();
                let old = model.slots.get(&target).map(|held| held.object);
                let result = table.duplicate_to(slot, target, flags);
                match held {
                    None => assert_eq!(result.err(), Some(TableError::BadSlot)),
                    Some(_) if target as usize >= model.limit => {
                        assert_eq!(result.err(), Some(TableError::BeyondLimit))
                    }
                    Some(_) if model.reserved.contains(&target) => assert_eq!(result.err(), Some(TableError::Reserved)),
                    Some(held) => {
                        assert_eq!(result.ok().flatten().map(|old| old.object), old);
                        model.slots.insert(target, Held { flags, ..held });
                    }
                }
            }
            Operation::Remove { slot } => {
                let removed = table.remove(slot).map(|capability| capability.object);
                assert_eq!(removed, model.slots.remove(&(slot as u32)).map(|held| held.object));
            }
            Operation::RemoveRange { first, last } => {
                let mut from = first;
                while let Some((slot, capability)) = table.remove_next(from, last) {
                    assert_eq!(model.slots.remove(&slot).map(|held| held.object), Some(capability.object));
                    from = slot + 1;
                }
                assert_eq!(
                    model.slots.keys().find(|slot| (first..=last.max(first)).contains(slot) && **slot <= last),
                    None
                );
            }
            Operation::SetFlags { slot, flags } => {
                let held = model.slots.get_mut(&(slot as u32));
                assert_eq!(table.set_flags(slot, flags), held.is_some());
                held.into_iter().for_each(|held| held.flags = flags);
            }
            Operation::Narrow { slot, rights } => {
                let held = model.slots.get_mut(&(slot as u32));
                assert_eq!(narrow_slot(table, slot, rights), held.is_some());
                held.into_iter().for_each(|held| held.rights &= rights);
            }
            Operation::NarrowCeiling { kind, rights } => {
                narrow_ceiling(table, KINDS[kind], rights);
                *model.ceilings.entry(KINDS[kind] as u8).or_insert(Rights::ALL) &= rights;
            }
            Operation::NarrowGrant { grant, rights } => {
                drop(grants[grant].narrow(rights, CAUSE).unwrap());
                limits[grant..].iter_mut().for_each(|limit| *limit &= rights);
            }
            Operation::SetLimit { limit } => {
                table.set_limit(limit);
                model.limit = limit;
            }
            Operation::Exec => {
                let mut from = 0;
                while let Some((slot, _)) = table.remove_next_on_exec(from) {
                    from = slot + 1;
                    assert!(
                        model.slots.remove(&slot).is_some_and(|held| held.flags.contains(SlotFlags::CLOSE_ON_EXEC))
                    );
                }
                assert!(model.slots.values().all(|held| !held.flags.contains(SlotFlags::CLOSE_ON_EXEC)));
            }
            Operation::Fork { to } if to != at => {
                let child = Process { table: table.fork().unwrap(), model: model.fork(), reservations: Vec::new() };
                // What the replaced process still reserved goes with its table.
                processes[to] = child;
            }
            Operation::Fork { .. } => {}
            Operation::Get { slot, kinds, rights } => {
                let need = Need::of(kinds, rights);
                let got = table.get(slot, &need).map(|(capability, rights)| (capability.object, rights)).map_err(plain);
                assert_eq!(got, model.get(slot, &need, limits));
            }
        }
    }

    /// Every table shows exactly what its model holds.
    fn check(&self) {
        for Process { table, model, .. } in &self.processes {
            let shown: Vec<_> =
                table.iter().map(|(slot, held, flags)| (slot, held.object, held.rights, flags)).collect();
            let expected: Vec<_> =
                model.slots.iter().map(|(slot, held)| (*slot, held.object, held.rights, held.flags)).collect();
            assert_eq!(shown, expected);
            assert_eq!(table.len(), model.slots.len());
        }
    }
}

/// Miri runs a few cases only: it looks for undefined behaviour, not for wrong answers.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig::with_cases(if cfg!(miri) { 1 } else { 500 });
    if cfg!(miri) {
        config.failure_persistence = None;
    }
    config
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tables_do_what_the_model_does(operations in proptest::collection::vec((0..3usize, operation()), 1..OPERATIONS)) {
        let mut world = World::new();
        for (at, operation) in operations {
            world.run(at, operation);
            world.check();
        }
    }

    /// Law 2: whatever a process does with what it has, no slot ends with a right that none had.
    #[test]
    fn no_operation_of_a_process_widens_its_authority(
        first in rights(),
        operations in proptest::collection::vec(operation(), 1..OPERATIONS),
    ) {
        let mut table = Table::new(64);
        let reservation = table.reserve(0).unwrap();
        table.commit(reservation, Capability::new(1, Kind::File, first), SlotFlags::empty());
        let mut most = first;
        for operation in operations {
            match operation {
                Operation::Duplicate { slot, from, flags } => drop(table.duplicate(slot, from, flags)),
                Operation::DuplicateTo { slot, target, flags } => drop(table.duplicate_to(slot, target, flags)),
                Operation::Narrow { slot, rights } => drop(narrow_slot(&mut table, slot, rights)),
                Operation::NarrowCeiling { kind, rights } => narrow_ceiling(&mut table, KINDS[kind], rights),
                Operation::Remove { slot } => drop(table.remove(slot)),
                Operation::Fork { .. } => table = table.fork().unwrap(),
                Operation::SetFlags { slot, flags } => drop(table.set_flags(slot, flags)),
                _ => {}
            }
            let all = table.iter().fold(Rights::NONE, |all, (_, held, _)| all | held.rights);
            prop_assert!(most.contains(all));
            most = all;
        }
    }
}

#[test]
fn narrowing_a_slot_leaves_its_duplicates_and_narrowing_a_grant_takes_from_all() {
    let mut table = Table::new(16);
    let grant = Grant::root(Rights::ALL, CAUSE, &HostGround).unwrap();
    let reservation = table.reserve(0).unwrap();
    let mut capability = Capability::new(1, Kind::File, Rights::READER);
    capability.grant = Some(grant.clone());
    table.commit(reservation, capability, SlotFlags::empty());
    let copy = table.duplicate(0, 0, SlotFlags::empty()).unwrap() as i32;
    let read = Need::rights(Rights::READ);
    assert!(narrow_slot(&mut table, 0, Rights::FSTAT));
    assert!(table.get(0, &read).is_err());
    assert!(table.get(copy, &read).is_ok());
    drop(grant.narrow(Rights::NONE, CAUSE).unwrap());
    let denied = Denied::Missing { rights: Rights::READ, at: Place::Grant, cause: Some(CAUSE) };
    assert_eq!(table.get(copy, &read).unwrap_err(), denied);
}

#[test]
fn a_derived_grant_never_allows_more_than_its_parent_did() {
    let parent = Grant::root(Rights::READER, CAUSE, &HostGround).unwrap();
    let child = parent.derive(Rights::ALL, CAUSE, &HostGround).unwrap();
    assert_eq!(child.limit(), Rights::READER);
    assert_eq!(child.depth(), 1);
}
