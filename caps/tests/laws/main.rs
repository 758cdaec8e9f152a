//! The laws as properties: random operations on several processes, against a model so plain that it is obviously right.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod model;
mod operation;
mod world;

use caps::{Kind, KindSet, Need, Promises, Rights, Root, RootSet, SlotFlags};
use operation::{Operation, kept, operation};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use world::{KINDS, World};

/// How many operations a case has at most.
const OPERATIONS: usize = if cfg!(miri) { 12 } else { 100 };
const PROCESSES: usize = 3;

/// Miri runs a few cases only: it looks for undefined behaviour, not for wrong answers.
fn config() -> ProptestConfig {
    let mut config = ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 120 });
    if cfg!(miri) {
        config.failure_persistence = None;
    }
    config
}

/// Everything that one process can do or could do after its next exec: bits by object or root, and by what they mean.
fn reach(world: &World, at: usize) -> BTreeMap<(u32, u8), u128> {
    let table = &world.processes[at].table;
    let mut reach = BTreeMap::new();
    let mut add = |what: u32, how: u8, bits: u128| *reach.entry((what, how)).or_default() |= bits;
    let halves = [&table.ceilings().now, &table.ceilings().after_exec];
    for (_, held, _) in table.iter() {
        halves.iter().for_each(|half| add(held.object, 0, (held.effective() & half.kind(held.kind)).bits()));
    }
    for half in halves {
        add(0, 1, half.promises().bits().into());
        Root::ALL.iter().for_each(|root| add(*root as u32, 2, half.root(*root).bits()));
    }
    reach
}

/// Whether nothing is in reach now that was not before.
fn has_not_grown(before: &BTreeMap<(u32, u8), u128>, now: &BTreeMap<(u32, u8), u128>) -> bool {
    now.iter().all(|(what, bits)| bits & !before.get(what).copied().unwrap_or_default() == 0)
}

/// Asks for each right alone and for many at once, and for calls that need each promise, two of them, and each root.
fn check_everything(world: &mut World, at: usize) {
    let bundles = Rights::BUNDLES.iter().map(|(_, bundle)| *bundle);
    let needs: Vec<Rights> = Rights::ALL.iter().chain(bundles).collect();
    for (slot, rights) in (0..12).flat_map(|slot| needs.iter().map(move |rights| (slot, *rights))) {
        world.check_get(at, slot, &Need::rights(rights));
    }
    let words = Promises::WORDS.iter().map(|(_, promise)| *promise);
    let mut calls: Vec<(Promises, RootSet)> =
        words.clone().zip(words.skip(1)).map(|(one, other)| (one | other, RootSet::empty())).collect();
    calls.extend(RootSet::ALL.iter().chain([RootSet::OUTWARD]).map(|roots| (Promises::ALL, roots)));
    for (promises, roots) in calls {
        world.run(at, Operation::Call { promises, roots });
    }
}

proptest! {
    #![proptest_config(config())]

    /// Laws 1, 4 and 5, and what every operation means: the tables show, give, refuse and blame as the model does.
    #[test]
    fn tables_do_what_the_model_does(operations in vec((0..PROCESSES, operation(PROCESSES)), 1..OPERATIONS)) {
        let mut world = World::new(PROCESSES);
        for (at, kind) in (0..PROCESSES).flat_map(|at| KINDS.iter().cycle().take(6).map(move |kind| (at, *kind))) {
            world.create(at, kind, Rights::ALL, SlotFlags::empty());
        }
        for (at, operation) in operations {
            world.run(at, operation);
            world.check();
        }
        for at in 0..PROCESSES {
            check_everything(&mut world, at);
        }
    }

    /// Law 2: whatever a process does with what it has, it reaches nothing that it did not reach before.
    #[test]
    fn no_operation_of_a_process_widens_its_authority(operations in vec(operation(1), 1..OPERATIONS), first in kept()) {
        let mut world = World::new(1);
        for kind in [Kind::File, Kind::Directory, Kind::Pipe] {
            world.create(0, kind, first, SlotFlags::empty());
        }
        let mut most = reach(&world, 0);
        for operation in operations {
            // Objects that were not there before come from elsewhere.
            if matches!(operation, Operation::Create { .. } | Operation::Open { .. }) {
                continue;
            }
            world.run(0, operation);
            let now = reach(&world, 0);
            prop_assert!(has_not_grown(&most, &now));
            most = now;
        }
    }

    /// Law 2 where objects do come: what is opened beneath a directory has no right that the directory did not pass on.
    #[test]
    fn nothing_opened_beneath_a_directory_has_more_than_it_passes_on(operations in vec(operation(1), 1..OPERATIONS), first in kept()) {
        let mut world = World::new(1);
        world.create(0, Kind::Directory, first | Rights::LOOKUP, SlotFlags::empty());
        for operation in operations {
            if !matches!(operation, Operation::Create { .. }) {
                world.run(0, operation);
            }
            let most = world.processes[0].table.iter().fold(Rights::NONE, |all, (_, held, _)| all | held.rights);
            prop_assert!((first | Rights::LOOKUP).contains(most));
        }
    }

    /// Law 3: what derives from a revoked grant does nothing, whoever holds it; everything else does what it did.
    #[test]
    fn a_revoked_grant_leaves_nothing_to_those_beneath_it_and_all_to_the_others(
        operations in vec((0..PROCESSES, operation(PROCESSES)), 1..OPERATIONS), at in 0..PROCESSES, slot in 0..8i32,
    ) {
        let mut world = World::new(PROCESSES);
        for (at, operation) in operations {
            world.run(at, operation);
        }
        let Some(top) = world.processes[at].model.slot(slot).and_then(|slot| slot.grant) else { return Ok(()) };
        let held = |world: &World| -> Vec<Rights> {
            world.processes.iter().flat_map(|process| process.table.iter().map(|(_, held, _)| held.effective())).collect()
        };
        let before = held(&world);
        world.run(at, Operation::Revoke { slot });
        let beneath: Vec<bool> = world.processes.iter().flat_map(|process| process.model.slots.values()).map(|slot| {
            let above = std::iter::successors(slot.grant, |grant| world.grants[*grant].parent).skip(1);
            above.into_iter().any(|grant| grant == top)
        }).collect();
        for ((after, before), is_beneath) in held(&world).into_iter().zip(before).zip(beneath) {
            prop_assert_eq!(after, if is_beneath { Rights::NONE } else { before });
        }
    }

    /// Narrowing by exactly what was used leaves exactly that: what was learned of a program lets it run.
    #[test]
    fn narrowing_to_what_was_used_leaves_every_use_and_nothing_else(
        rights in vec(kept(), 1..8), uses in vec((0..8i32, 0..82u32), 1..20), calls in vec(0..29usize, 0..6),
    ) {
        let mut world = World::new(1);
        rights.iter().for_each(|rights| world.create(0, Kind::File, *rights, SlotFlags::empty()));
        let may = |world: &World, slot: i32, right: Rights| world.processes[0].table.get(slot, &Need::of(KindSet::FILE, right)).is_ok();
        let mut used = BTreeMap::<i32, Rights>::new();
        for (slot, bit) in uses {
            let right = Rights::from_bits_truncate(1 << bit);
            if may(&world, slot, right) {
                *used.entry(slot).or_default() |= right;
            }
        }
        let kept: Promises = calls.iter().map(|word| Promises::WORDS[*word].1).collect();
        let mut list: Vec<_> = used.iter().map(|(slot, rights)| model::Narrowing::Slot {
            slot: *slot, rights: Some(*rights), inherited: None, fcntls: None, ioctls: None,
        }).collect();
        list.push(model::Narrowing::CloseAllBut(used.keys().copied().collect()));
        list.push(model::Narrowing::Promises(kept, caps::When::Both));
        world.run(0, Operation::Narrow(list));
        for (slot, right) in (0..8).flat_map(|slot| Rights::ALL.iter().map(move |right| (slot, right))) {
            prop_assert_eq!(may(&world, slot, right), used.get(&slot).is_some_and(|used| used.contains(right)));
        }
        for (_, promise) in Promises::WORDS {
            let is_denied = world.processes[0].table.explain_call(*promise, caps::RootSet::empty()).is_some();
            prop_assert_eq!(is_denied, !kept.contains(*promise));
        }
    }
}
