//! Random operations. Half of what they choose from is likely to be there, the other half to be not.

use crate::model::Narrowing;
use caps::{Kind, KindSet, Promises, Rights, Root, RootSet, SlotFlags, When};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

/// What processes do.
#[derive(Clone, Debug)]
pub enum Operation {
    Create {
        kind: usize,
        rights: Rights,
        flags: SlotFlags,
    },
    Open {
        beneath: i32,
        kind: usize,
        rights: Rights,
    },
    Send {
        slot: i32,
        to: usize,
    },
    Derive {
        slot: i32,
        limit: Rights,
    },
    Revoke {
        slot: i32,
    },
    NarrowGrant {
        slot: i32,
        kept: Rights,
    },
    Narrow(Vec<Narrowing>),
    /// Cut to what is there, so that it does not fail for widening.
    NarrowHeld(Vec<Narrowing>),
    Reserve {
        from: u32,
    },
    Cancel,
    Duplicate {
        slot: i32,
        from: u32,
        flags: SlotFlags,
    },
    DuplicateTo {
        slot: i32,
        target: u32,
        flags: SlotFlags,
    },
    Remove {
        slot: i32,
    },
    SetFlags {
        slot: i32,
        flags: SlotFlags,
    },
    Exec,
    Fork {
        to: usize,
    },
    Get {
        slot: i32,
        kinds: KindSet,
        rights: Rights,
    },
    Call {
        promises: Promises,
        roots: RootSet,
    },
}

/// Sets that a narrowing keeps: most keep much, or nothing would be left soon.
pub fn kept() -> impl Strategy<Value = Rights> {
    let any_bits = any::<[u64; 2]>().prop_map(|[low, high]| u128::from(low) | u128::from(high) << 64);
    prop_oneof![
        2 => any_bits.prop_map(Rights::from_bits_truncate),
        4 => vec(0..82u32, 0..6).prop_map(|bits| Rights::ALL - bits.iter().map(|bit| Rights::from_bits_truncate(1 << bit)).collect()),
        1 => select(vec![Rights::READER, Rights::BROWSER, Rights::EDITOR, Rights::NONE]),
    ]
}

fn few_rights() -> impl Strategy<Value = Rights> {
    vec(0..82u32, 0..4).prop_map(|bits| bits.iter().map(|bit| Rights::from_bits_truncate(1 << bit)).collect())
}

fn promises(most: usize) -> impl Strategy<Value = Promises> {
    vec(select(Promises::WORDS), 0..most).prop_map(|words| words.into_iter().map(|(_, promise)| promise).collect())
}

fn flags() -> impl Strategy<Value = SlotFlags> {
    (0..4u8).prop_map(SlotFlags::from_bits_truncate)
}

fn slot() -> impl Strategy<Value = i32> {
    prop_oneof![20 => 0..8i32, 2 => 0..150i32, 1 => any::<i32>()]
}

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![20 => 0..10u32, 2 => 0..150u32]
}

fn when() -> impl Strategy<Value = When> {
    select(vec![When::Now, When::AfterExec, When::Both])
}

fn narrowing() -> impl Strategy<Value = Narrowing> {
    let parts =
        (weighted(0.7, kept()), weighted(0.2, kept()), weighted(0.2, any::<u64>()), weighted(0.2, vec(0..6u32, 0..4)));
    prop_oneof![
        6 => (slot(), parts).prop_map(|(slot, (rights, inherited, fcntls, ioctls))| Narrowing::Slot { slot, rights, inherited, fcntls, ioctls }),
        2 => (select(Kind::ALL), kept(), when()).prop_map(|(kind, kept, when)| Narrowing::Kind(kind, kept, when)),
        2 => (select(Root::ALL), prop_oneof![kept(), Just(Rights::NONE)], when()).prop_map(|(root, kept, when)| Narrowing::Root(root, kept, when)),
        1 => (promises(30), when()).prop_map(|(kept, when)| Narrowing::Promises(kept, when)),
        1 => slot().prop_map(Narrowing::Close),
        1 => vec(0..12i32, 5..12).prop_map(|mut kept| { kept.sort_unstable(); Narrowing::CloseAllBut(kept) }),
        1 => vec(0..12i32, 2..5).prop_map(Narrowing::CloseAllBut),
        1 => (30..70usize).prop_map(Narrowing::SlotCount),
    ]
}

/// Anything, on one of `processes`.
pub fn operation(processes: usize) -> impl Strategy<Value = Operation> {
    use Operation::*;
    let kinds = select(vec![KindSet::ANY, KindSet::ANY, KindSet::FILE | KindSet::PIPE]);
    let roots = prop_oneof![Just(RootSet::empty()), select(Root::ALL).prop_map(Root::set), Just(RootSet::OUTWARD)];
    prop_oneof![
        8 => (0..3usize, kept(), flags()).prop_map(|(kind, rights, flags)| Create { kind, rights, flags }),
        4 => (slot(), 0..3usize, kept()).prop_map(|(beneath, kind, rights)| Open { beneath, kind, rights }),
        3 => (slot(), 0..processes).prop_map(|(slot, to)| Send { slot, to }),
        4 => (slot(), kept()).prop_map(|(slot, limit)| Derive { slot, limit }),
        2 => slot().prop_map(|slot| Revoke { slot }),
        2 => (slot(), kept()).prop_map(|(slot, kept)| NarrowGrant { slot, kept }),
        3 => vec(narrowing(), 1..4).prop_map(Narrow),
        5 => vec(narrowing(), 1..4).prop_map(NarrowHeld),
        1 => number().prop_map(|from| Reserve { from }),
        1 => Just(Cancel),
        3 => (slot(), number(), flags()).prop_map(|(slot, from, flags)| Duplicate { slot, from, flags }),
        3 => (slot(), number(), flags()).prop_map(|(slot, target, flags)| DuplicateTo { slot, target, flags }),
        2 => slot().prop_map(|slot| Remove { slot }),
        1 => (slot(), flags()).prop_map(|(slot, flags)| SetFlags { slot, flags }),
        1 => Just(Exec),
        1 => (0..processes).prop_map(|to| Fork { to }),
        8 => (slot(), kinds, few_rights()).prop_map(|(slot, kinds, rights)| Get { slot, kinds, rights }),
        2 => (promises(3), roots).prop_map(|(promises, roots)| Call { promises, roots }),
    ]
}
