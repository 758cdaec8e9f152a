//! The reference model: what the algebra means, so plain that it is obviously right. Sets of bits, maps, and no sharing.

use caps::{Denied, Kind, KindSet, NarrowError, Place, Promises, Rights, Root, RootSet, SlotFlags, TableError, When};
use std::collections::{BTreeMap, BTreeSet};

/// A set of bits, and who took each bit that was taken: the number of the narrowing.
#[derive(Clone, Debug)]
pub struct Limit {
    pub left: u128,
    taken: BTreeMap<u32, u64>,
}

impl Limit {
    pub fn new(left: u128) -> Self {
        Self { left, taken: BTreeMap::new() }
    }

    pub fn keep(&mut self, kept: u128, by: u64) {
        for bit in (0..128).filter(|bit| self.left & !kept & 1 << bit != 0) {
            self.taken.insert(bit, by);
        }
        self.left &= kept;
    }

    fn takers(&self, missing: u128) -> impl Iterator<Item = u64> {
        self.taken.iter().filter(move |(bit, _)| missing & 1 << **bit != 0).map(|(_, by)| *by)
    }

    fn has_taken(&self, bits: u128) -> bool {
        self.takers(bits).next().is_some()
    }
}

#[derive(Clone, Debug)]
pub struct Slot {
    pub object: u32,
    pub kind: Kind,
    pub flags: SlotFlags,
    pub rights: Limit,
    pub inherited: Limit,
    pub fcntls: Limit,
    pub ioctls: Option<BTreeSet<u32>>,
    pub grant: Option<usize>,
}

#[derive(Clone, Debug)]
pub struct Grant {
    pub parent: Option<usize>,
    pub limit: Limit,
}

#[derive(Clone, Debug)]
pub struct Half {
    kinds: BTreeMap<u8, Limit>,
    roots: BTreeMap<u8, Limit>,
    pub promises: Limit,
}

impl Half {
    fn new() -> Self {
        let all = || Limit::new(Rights::ALL.bits());
        Self {
            kinds: Kind::ALL.iter().map(|kind| (*kind as u8, all())).collect(),
            roots: Root::ALL.iter().map(|root| (*root as u8, all())).collect(),
            promises: Limit::new(Promises::ALL.bits().into()),
        }
    }

    pub fn kind(&self, kind: Kind) -> Rights {
        Rights::from_bits_truncate(self.kinds[&(kind as u8)].left)
    }

    pub fn root(&self, root: Root) -> Rights {
        Rights::from_bits_truncate(self.roots[&(root as u8)].left)
    }

    pub fn roots(&self) -> RootSet {
        Root::ALL.iter().filter(|root| !self.root(**root).is_empty()).map(|root| root.set()).collect()
    }
}

/// One narrowing, in the model's words.
#[derive(Clone, Debug)]
pub enum Narrowing {
    Slot { slot: i32, rights: Option<Rights>, inherited: Option<Rights>, fcntls: Option<u64>, ioctls: Option<Vec<u32>> },
    Kind(Kind, Rights, When),
    Root(Root, Rights, When),
    Promises(Promises, When),
    Close(i32),
    CloseAllBut(Vec<i32>),
    SlotCount(usize),
}

/// One process: what it has, nothing else.
#[derive(Clone, Debug)]
pub struct Process {
    pub slots: BTreeMap<u32, Slot>,
    pub reserved: BTreeSet<u32>,
    pub now: Half,
    pub after_exec: Half,
    pub limit: usize,
}

impl Process {
    pub fn new(limit: usize) -> Self {
        let (now, after_exec) = (Half::new(), Half::new());
        Self { slots: BTreeMap::new(), reserved: BTreeSet::new(), now, after_exec, limit }
    }

    pub fn slot(&self, slot: i32) -> Option<&Slot> {
        self.slots.get(&u32::try_from(slot).ok()?)
    }

    pub fn lowest_free(&self, from: u32) -> Result<u32, TableError> {
        let is_free = |slot: &u32| !self.slots.contains_key(slot) && !self.reserved.contains(slot);
        (from..self.limit.max(from as usize) as u32).find(is_free).ok_or(TableError::Full)
    }

    pub fn fork(&self) -> Self {
        let mut child = self.clone();
        child.reserved.clear();
        child.slots.retain(|_, slot| !slot.flags.contains(SlotFlags::CLOSE_ON_FORK));
        child
    }

    pub fn exec(&mut self) {
        self.slots.retain(|_, slot| !slot.flags.contains(SlotFlags::CLOSE_ON_EXEC));
        self.now = self.after_exec.clone();
    }

    /// Law 1 and law 5: what a use gets; the last part of a refusal is the number of the narrowing that is to blame (law 4).
    pub fn get(
        &self,
        slot: i32,
        kinds: KindSet,
        needed: Rights,
        grants: &[Grant],
    ) -> Result<(u32, Rights), (Denied, Option<u64>)> {
        let slot = self.slot(slot).ok_or((Denied::BadSlot, None))?;
        if !kinds.has(slot.kind) {
            return Err((Denied::WrongKind(slot.kind), None));
        }
        let granted = slot.grant.map(|grant| &grants[grant].limit);
        let places = [
            (Place::Slot, Some(&slot.rights)),
            (Place::Grant, granted),
            (Place::Ceiling, Some(&self.now.kinds[&(slot.kind as u8)])),
        ];
        let mut held = Rights::ALL;
        for (at, limit) in places.into_iter().filter_map(|(at, limit)| Some((at, limit?))) {
            let left = Rights::from_bits_truncate(limit.left);
            let rights = needed - left;
            if !rights.is_empty() {
                let passed_on = (at == Place::Slot).then(|| slot.inherited.takers(rights.bits()).min()).flatten();
                let by = limit.takers(rights.bits()).min().or(passed_on);
                return Err((Denied::Missing { rights, at, cause: None }, by));
            }
            held &= left;
        }
        Ok((slot.object, held))
    }

    /// Whether a call may be made that needs one of the promises and all of the roots; else who is to blame.
    pub fn may_call(&self, promises: Promises, roots: RootSet) -> Result<(), Option<u64>> {
        let one_of = u128::from((promises | Promises::UNPLEDGED).bits());
        if self.now.promises.left & one_of == 0 {
            return Err(self.now.promises.takers(one_of).max());
        }
        let Some(missing) = Root::ALL.iter().find(|root| (roots - self.now.roots()).has(**root)) else { return Ok(()) };
        Err(self.now.roots[&(*missing as u8)].takers(u128::MAX).max())
    }

    /// All of a list or nothing; the objects closed.
    pub fn narrow(&mut self, list: &[Narrowing], by: u64) -> Result<Vec<u32>, NarrowError> {
        for narrowing in list {
            self.check(narrowing)?;
        }
        let mut closed = Vec::new();
        for narrowing in list {
            match narrowing.clone() {
                Narrowing::Slot { slot, rights, inherited, fcntls, ioctls } => {
                    let Some(slot) = self.slots.get_mut(&(slot as u32)) else { continue };
                    slot.rights.keep(rights.map_or(u128::MAX, |kept| kept.bits()), by);
                    slot.inherited.keep(inherited.map_or(u128::MAX, |kept| kept.bits()), by);
                    slot.fcntls.keep(fcntls.map_or(u128::MAX, u128::from), by);
                    if let Some(kept) = ioctls {
                        let mut kept: BTreeSet<u32> = kept.into_iter().collect();
                        kept.retain(|request| slot.ioctls.as_ref().is_none_or(|old| old.contains(request)));
                        slot.ioctls = Some(kept);
                    }
                }
                Narrowing::Kind(kind, kept, when) => {
                    self.each(when, |half| half.kinds.get_mut(&(kind as u8)).unwrap().keep(kept.bits(), by));
                }
                Narrowing::Root(root, kept, when) => {
                    self.each(when, |half| half.roots.get_mut(&(root as u8)).unwrap().keep(kept.bits(), by));
                }
                Narrowing::Promises(kept, when) => self.each(when, |half| half.promises.keep(kept.bits().into(), by)),
                Narrowing::Close(_) | Narrowing::CloseAllBut(_) | Narrowing::SlotCount(_) => {}
            }
        }
        // Slots close last, so that a list may narrow a slot and close it.
        for narrowing in list {
            match narrowing {
                Narrowing::Close(slot) => closed.extend(self.slots.remove(&(*slot as u32)).map(|slot| slot.object)),
                Narrowing::CloseAllBut(kept) => {
                    let going: Vec<u32> =
                        self.slots.keys().copied().filter(|slot| !kept.contains(&(*slot as i32))).collect();
                    closed.extend(going.iter().filter_map(|slot| self.slots.remove(slot)).map(|slot| slot.object));
                }
                Narrowing::SlotCount(limit) => self.limit = self.limit.min(*limit),
                _ => {}
            }
        }
        Ok(closed)
    }

    fn each(&mut self, when: When, mut narrow: impl FnMut(&mut Half)) {
        if when != When::AfterExec {
            narrow(&mut self.now);
        }
        if when != When::Now {
            narrow(&mut self.after_exec);
        }
    }

    /// Cuts a narrowing to what is there, so that it widens nothing.
    pub fn cut(&self, narrowing: &mut Narrowing) {
        match narrowing {
            Narrowing::Slot { slot, rights, inherited, .. } => {
                let Some(filled) = self.slots.keys().cycle().nth(slot.unsigned_abs() as usize % 64) else { return };
                *slot = *filled as i32;
                let slot = &self.slots[filled];
                let there = |limit: &Limit| Rights::from_bits_truncate(limit.left);
                *rights = rights.map(|kept| kept & there(&slot.rights));
                *inherited = inherited.map(|kept| kept & there(&slot.inherited));
            }
            Narrowing::Kind(kind, kept, _) => *kept &= self.now.kind(*kind) & self.after_exec.kind(*kind),
            Narrowing::Root(root, kept, _) => *kept &= self.now.root(*root) & self.after_exec.root(*root),
            Narrowing::Promises(kept, _) => {
                let both = self.now.promises.left & self.after_exec.promises.left;
                *kept &= Promises::from_bits_truncate(both as u64);
            }
            Narrowing::Close(_) | Narrowing::CloseAllBut(_) | Narrowing::SlotCount(_) => {}
        }
    }

    /// Keeping what is gone is an error; but what a capability never had may be listed among its rights.
    fn check(&self, narrowing: &Narrowing) -> Result<(), NarrowError> {
        let lacks = |when: When, lacks: &dyn Fn(&Half) -> bool| {
            when != When::AfterExec && lacks(&self.now) || when != When::Now && lacks(&self.after_exec)
        };
        let fits = match narrowing {
            Narrowing::Slot { slot, rights, inherited, fcntls, ioctls } => {
                let slot = self.slot(*slot).ok_or(NarrowError::BadSlot)?;
                let asked = rights.map_or(0, |rights| rights.bits()) & !slot.rights.left;
                !slot.rights.has_taken(asked)
                    && !slot.inherited.has_taken(asked)
                    && inherited.map_or(0, |kept| kept.bits()) & !slot.inherited.left == 0
                    && u128::from(fcntls.unwrap_or(0)) & !slot.fcntls.left == 0
                    && slot.ioctls.as_ref().is_none_or(|old| ioctls.iter().flatten().all(|kept| old.contains(kept)))
            }
            Narrowing::Kind(kind, kept, when) => !lacks(*when, &|half| !half.kind(*kind).contains(*kept)),
            Narrowing::Root(root, kept, when) => !lacks(*when, &|half| !half.root(*root).contains(*kept)),
            Narrowing::Promises(kept, when) => {
                let widens = lacks(*when, &|half| u128::from(kept.bits()) & !half.promises.left != 0);
                return if widens { Err(NarrowError::WidensPromises) } else { Ok(()) };
            }
            Narrowing::Close(slot) => return self.slot(*slot).map(|_| ()).ok_or(NarrowError::BadSlot),
            Narrowing::CloseAllBut(kept) if !kept.is_sorted() => return Err(NarrowError::Invalid),
            Narrowing::CloseAllBut(_) => true,
            Narrowing::SlotCount(limit) => *limit <= self.limit,
        };
        if fits { Ok(()) } else { Err(NarrowError::Widens) }
    }
}

/// Makes a grant beneath another, or a root; its number.
pub fn derive(grants: &mut Vec<Grant>, parent: Option<usize>, limit: Rights, by: u64) -> usize {
    let mut child = parent.map_or(Limit::new(Rights::ALL.bits()), |parent| grants[parent].limit.clone());
    child.keep(limit.bits(), by);
    grants.push(Grant { parent, limit: child });
    grants.len() - 1
}

/// Takes from every grant beneath one, and from that too if so asked, what is not kept; how many were reached.
pub fn narrow_grants(grants: &mut [Grant], top: usize, and_itself: bool, kept: Rights, by: u64) -> Vec<usize> {
    let beneath = |grants: &[Grant], grant: usize| {
        std::iter::successors(Some(grant), |grant| grants[*grant].parent).skip(1).any(|above| above == top)
    };
    let reached: Vec<usize> =
        (0..grants.len()).filter(|grant| *grant == top && and_itself || beneath(grants, *grant)).collect();
    for grant in &reached {
        grants[*grant].limit.keep(kept.bits(), by);
    }
    reached
}
