//! Ceilings: the most that a table allows whatever its slots hold, now and after the next exec.

use crate::{Cause, History, Kind, OutOfMemory, Promises, Rights, Root, RootSet, Taken};

/// Which half of the ceilings a narrowing lowers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// What is in force.
    Now,
    /// What the next exec puts in force.
    AfterExec,
    /// Both.
    Both,
}

impl When {
    /// Whether it lowers what is in force.
    pub const fn is_now(self) -> bool {
        matches!(self, Self::Now | Self::Both)
    }

    /// Whether it lowers what the next exec puts in force.
    pub const fn is_after_exec(self) -> bool {
        matches!(self, Self::AfterExec | Self::Both)
    }
}

/// What a narrowing leaves of one part of a half.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    Kind(Kind, Rights),
    Root(Root, Rights),
    Promises(Promises),
}

/// One half: limits for each kind of object, the promises, and the root capabilities.
#[derive(Debug, PartialEq, Eq)]
pub struct Half {
    kinds: [Rights; Kind::COUNT],
    roots: [Rights; Root::COUNT],
    promises: Promises,
    history: History,
}

impl Half {
    /// No limits.
    pub const fn new() -> Self {
        Self {
            kinds: [Rights::ALL; Kind::COUNT],
            roots: [Rights::ALL; Root::COUNT],
            promises: Promises::ALL,
            history: History::new(),
        }
    }

    /// The limit for a kind.
    #[inline]
    pub const fn kind(&self, kind: Kind) -> Rights {
        self.kinds[kind as usize]
    }

    /// What may be done with a root capability; nothing if it was given up.
    pub const fn root(&self, root: Root) -> Rights {
        self.roots[root as usize]
    }

    /// The root capabilities that anything may be done with.
    pub fn roots(&self) -> RootSet {
        let present = Root::ALL.iter().filter(|root| !self.root(**root).is_empty());
        present.fold(RootSet::empty(), |set, root| set | root.set())
    }

    /// The promises in force.
    pub const fn promises(&self) -> Promises {
        self.promises
    }

    /// The limits without their history.
    pub const fn limits(&self) -> Limits {
        Limits { kinds: self.kinds, roots: self.roots, promises: self.promises }
    }

    /// The first of what `other` allows and this half does not: promises, then root capabilities, then rights of kinds.
    pub fn lacks(&self, other: &Limits) -> Option<Taken> {
        let promises = Taken::Promises(other.promises - self.promises);
        let roots = Root::ALL.iter().map(|root| Taken::Root(*root, other.roots[*root as usize] - self.root(*root)));
        let kinds = Kind::ALL.iter().map(|kind| Taken::Kind(*kind, other.kinds[*kind as usize] - self.kind(*kind)));
        core::iter::once(promises).chain(roots).chain(kinds).find(|lack| !lack.is_nothing())
    }

    /// Who took what.
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// What keeping no more than `kept` of its part takes.
    const fn lost(&self, kept: Kept) -> Taken {
        match kept {
            Kept::Kind(kind, kept) => Taken::Kind(kind, self.kind(kind).difference(kept)),
            Kept::Root(root, kept) => Taken::Root(root, self.root(root).difference(kept)),
            Kept::Promises(kept) => Taken::Promises(self.promises.difference(kept)),
        }
    }

    /// Whether all that is to be kept is there.
    pub(crate) const fn has(&self, kept: Kept) -> bool {
        match kept {
            Kept::Kind(kind, kept) => self.kind(kind).contains(kept),
            Kept::Root(root, kept) => self.root(root).contains(kept),
            Kept::Promises(kept) => self.promises.contains(kept),
        }
    }

    /// Makes room in the history for `more` narrowings.
    pub(crate) fn try_reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        self.history.try_reserve(more)
    }

    /// Takes everything of a part but what is to be kept. There must be room in the history.
    pub(crate) fn keep(&mut self, kept: Kept, cause: Cause) {
        self.history.record(self.lost(kept), cause);
        match kept {
            Kept::Kind(kind, kept) => self.kinds[kind as usize] &= kept,
            Kept::Root(root, kept) => self.roots[root as usize] &= kept,
            Kept::Promises(kept) => self.promises &= kept,
        }
    }

    fn try_clone(&self) -> Result<Self, OutOfMemory> {
        let history = self.history.try_clone(0)?;
        Ok(Self { kinds: self.kinds, roots: self.roots, promises: self.promises, history })
    }
}

impl Default for Half {
    fn default() -> Self {
        Self::new()
    }
}

/// What a half limits, to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    kinds: [Rights; Kind::COUNT],
    roots: [Rights; Root::COUNT],
    promises: Promises,
}

/// Both halves.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// What is in force.
    pub now: Half,
    /// What the next exec puts in force. It may hold what `now` lacks: that was given up for this program only.
    pub after_exec: Half,
}

impl Ceilings {
    /// No limits.
    pub const fn new() -> Self {
        Self { now: Half::new(), after_exec: Half::new() }
    }

    /// Lets the exec half come into force; it also stays the exec half of what is executed then.
    pub fn exec(&mut self) -> Result<(), OutOfMemory> {
        self.now = self.after_exec.try_clone()?;
        Ok(())
    }

    /// A copy, for a forked child.
    pub fn try_clone(&self) -> Result<Self, OutOfMemory> {
        Ok(Self { now: self.now.try_clone()?, after_exec: self.after_exec.try_clone()? })
    }
}
