//! Capability tables: what look-ups cost, and look-ups against closes on all processors.
#![allow(clippy::expect_used)]

use abi::{Errno, Mode, OpenFlags};
use alloc::sync::Arc;
use alloc::vec::Vec;
use arch::cpu::{self, CpuId};
use arch::{CpuSet, clock};
use caps::{Capability, Item, Kind, Need, Rights, SlotFlags, Spelling, When};
use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};
use fs::tmpfs::Tmpfs;
use ipc::eventfd::{EventCounter, Taking};
use object::narrow::next_cause;
use object::{Held, Namespace, Object, ObjectCapability, Table};
use sched::Thread;
use sync::ranks::TestSpinOuter;
use sync::{BigReaderLock, RwSpinLock};

use super::{Verdict, check};

/// What the checks of rights, ceiling and grant may add to a look-up.
const CHECKS: u64 = 25;
/// What a look-up may cost as a whole, with the drop of what it found.
const LOOK_UP: u64 = 125;

/// A table of its own, with a file tree of its own.
pub fn table() -> Table {
    let tmpfs = Tmpfs::new("tmpfs", Mode::from_raw(0o755)).expect("a file system");
    Table::new(Namespace::new(tmpfs).expect("a namespace").roots(), 4096)
}

fn object(value: u32) -> Arc<dyn Object> {
    EventCounter::new(value, Taking::All, OpenFlags::NONBLOCK).expect("a counter")
}

fn install(table: &Table, value: u32) -> i32 {
    table.install(object(value), Rights::ALL, SlotFlags::empty()).expect("a slot")
}

/// Ticks for one of many turns. The first warms everything up.
fn ticks(mut body: impl FnMut()) -> u64 {
    const ROUNDS: u64 = 1000;
    body();
    let start = clock::read_tsc();
    (0..ROUNDS).for_each(|_| body());
    (clock::read_tsc() - start) / ROUNDS
}

fn is_exact() -> bool {
    // Only under icount is the TSC 1 GHz.
    clock::tsc_hz().abs_diff(1_000_000_000) < 1_000_000 && !cfg!(debug_assertions)
}

type Slots = Vec<Option<(ObjectCapability, SlotFlags)>>;

/// What a look-up without any check finds.
struct Found {
    _capability: ObjectCapability,
    _slot: usize,
}

/// A look-up behind the same lock that finds the same and checks nothing.
#[inline(never)]
fn unchecked(slots: &BigReaderLock<Slots, TestSpinOuter>, slot: usize) -> Option<Found> {
    Some(Found { _capability: slots.read().get(slot)?.as_ref()?.0.clone(), _slot: slot })
}

/// The same behind a lock that all readers write.
#[inline(never)]
fn unchecked_shared(slots: &RwSpinLock<Slots, TestSpinOuter>, slot: usize) -> Option<Found> {
    Some(Found { _capability: slots.read().get(slot)?.as_ref()?.0.clone(), _slot: slot })
}

/// As a decoder of system calls does it.
#[inline(never)]
fn checked(table: &Table, slot: i32) -> abi::Result<Held> {
    match table.get_at_once(slot, &const { Need::rights(Rights::READ) }) {
        Some(held) => Ok(held),
        None => table.get(slot, Rights::READ),
    }
}

/// The index into the slots and the look at the object's kind, which a look-up without rights needs too.
#[inline(never)]
fn indexed(slots: &Slots, slot: i32, need: &Need) -> bool {
    matches!(slots.get(slot as u32 as usize), Some(Some((capability, _))) if need.kinds.has(capability.kind))
}

#[inline(never)]
fn demanded(slots: &caps::Table<Arc<dyn Object>>, slot: i32, need: &Need) -> bool {
    slots.find(slot, need).is_some()
}

/// A look-up with the checks of rights, grant and ceiling is little more than one without.
pub fn checks_of_a_look_up_cost_little() -> Verdict {
    let table = table();
    let slot = install(&table, 1);
    let slots = || -> Slots {
        let capability = Capability::new(object(1), Kind::Notification, Rights::ALL);
        alloc::vec![Some((capability, SlotFlags::empty()))]
    };
    let (bare, shared) = (BigReaderLock::new(slots()), RwSpinLock::new(slots()));
    let shared = ticks(|| drop(unchecked_shared(&shared, black_box(0))));
    let without = ticks(|| drop(unchecked(&bare, black_box(0))));
    let with = ticks(|| drop(checked(&table, black_box(slot))));
    let lent = table.derive(slot, Rights::ALL - Rights::WRITE, next_cause(Spelling::Derive)).expect("a grant");
    let lent = table.reserve().expect("a slot").commit_capability(lent, SlotFlags::empty());
    let kinds =
        [Kind::Notification, Kind::File].map(|kind| Item::Kind { kind, rights: Rights::READER, when: When::Both });
    table.narrow(&kinds, next_cause(Spelling::Narrow)).expect("narrowed");
    let need = Need::rights(Rights::READ);
    let bare = bare.read();
    let index = ticks(|| {
        black_box(indexed(&bare, black_box(0), black_box(&need)));
    });
    drop(bare);
    let look = |slot| {
        table.inspect(|slots| {
            ticks(|| {
                black_box(demanded(slots, black_box(slot), black_box(&need)));
            })
        })
    };
    let (rights, grant) = (look(install(&table, 1)), look(lent));
    let whole = ticks(|| drop(checked(&table, black_box(lent))));
    log::info!("look-up: {shared} ticks behind a shared lock, {without} behind the table's, {with} with checks");
    log::info!(
        "in the table alone: {index} ticks, {rights} with rights and ceiling, {grant} with a grant too; lent {whole}"
    );
    check(!is_exact() || rights <= index + CHECKS, "the checks of a look-up have grown")?;
    check(!is_exact() || grant <= index + CHECKS, "the checks of a look-up through a grant have grown")?;
    check(!is_exact() || with <= LOOK_UP, "a look-up has grown")
}

/// Look-ups on all processors while slots are closed, replaced and filled find whole capabilities or none.
pub fn look_ups_meet_closes_on_all_processors() -> Verdict {
    const SLOTS: i32 = 8;
    let table = Arc::new(table());
    (0..SLOTS).for_each(|_| _ = install(&table, 7));
    let is_over = Arc::new(AtomicBool::new(false));
    let cpus: Vec<CpuId> = cpu::online().iter().collect();
    let reader = |cpu: &CpuId| {
        let (table, is_over) = (table.clone(), is_over.clone());
        let body = move || {
            while !is_over.load(Ordering::Acquire) {
                for slot in 0..SLOTS {
                    match table.get(slot, Rights::READ) {
                        Ok(held) => assert_eq!(held.kind(), Kind::Notification),
                        Err(error) => assert_eq!(error, Errno::EBADF),
                    }
                }
                sched::yield_now();
            }
        };
        Thread::builder("reader").affinity(CpuSet::of(*cpu)).spawn(body).expect("a thread")
    };
    let readers: Vec<Arc<Thread>> = cpus.iter().map(reader).collect();
    for turn in 0..2000 {
        let slot = turn % SLOTS;
        match turn % 3 {
            0 => drop(table.close(slot)),
            1 => drop(table.replace((slot + 1) % SLOTS, slot, SlotFlags::empty())),
            _ => _ = install(&table, 7),
        }
    }
    is_over.store(true, Ordering::Release);
    readers.iter().for_each(|thread| thread.join());
    table.clear();
    check(table.count() == 0, "what was looked up is closed all the same")
}
