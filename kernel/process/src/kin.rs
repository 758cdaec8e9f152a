//! Who belongs to whom: lists of ids, threaded through a table of ids.
//!
//! Children hang on their parent and members on their group by number, not by pointer: inserting and removing is
//! O(1), needs no memory and so can be done under the process list's lock.

/// What links one id to others. Zero is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kin {
    links: [Link; 3],
    lists: [List; 3],
}

impl Kin {
    /// Linked to nobody.
    pub const NONE: Self = Self { links: [Link { next: 0, previous: 0 }; 3], lists: [List { first: 0, last: 0 }; 3] };
}

/// The kinds of list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    /// The children of a process.
    Children,
    /// The members of a process group.
    Members,
    /// The threads that a process traces.
    Tracees,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Link {
    next: i32,
    previous: i32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct List {
    first: i32,
    last: i32,
}

/// A table that has [`Kin`] for every id that is live.
pub trait KinTable {
    /// The kin of an id.
    fn kin(&self, id: i32) -> &Kin;

    /// The kin of an id, to change.
    fn kin_mut(&mut self, id: i32) -> &mut Kin;

    /// The first id on the owner's list, or 0.
    fn first(&self, chain: Chain, owner: i32) -> i32 {
        self.kin(owner).lists[chain as usize].first
    }

    /// The id after this one on its list, or 0.
    fn next(&self, chain: Chain, id: i32) -> i32 {
        self.kin(id).links[chain as usize].next
    }

    /// Puts an id that is on no such list at the end of the owner's.
    fn push_back(&mut self, chain: Chain, owner: i32, id: i32) {
        let at = chain as usize;
        let last = self.kin(owner).lists[at].last;
        self.kin_mut(id).links[at] = Link { next: 0, previous: last };
        match last {
            0 => self.kin_mut(owner).lists[at].first = id,
            last => self.kin_mut(last).links[at].next = id,
        }
        self.kin_mut(owner).lists[at].last = id;
    }

    /// Puts an id that is on no such list at the start of the owner's.
    fn push_front(&mut self, chain: Chain, owner: i32, id: i32) {
        let at = chain as usize;
        let first = self.kin(owner).lists[at].first;
        self.kin_mut(id).links[at] = Link { next: first, previous: 0 };
        match first {
            0 => self.kin_mut(owner).lists[at].last = id,
            first => self.kin_mut(first).links[at].previous = id,
        }
        self.kin_mut(owner).lists[at].first = id;
    }

    /// Takes an id off the owner's list, on which it is.
    fn unlink(&mut self, chain: Chain, owner: i32, id: i32) {
        let at = chain as usize;
        let Link { next, previous } = core::mem::take(&mut self.kin_mut(id).links[at]);
        match previous {
            0 => self.kin_mut(owner).lists[at].first = next,
            previous => self.kin_mut(previous).links[at].next = next,
        }
        match next {
            0 => self.kin_mut(owner).lists[at].last = previous,
            next => self.kin_mut(next).links[at].previous = previous,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Table(Vec<Kin>);

    impl KinTable for Table {
        fn kin(&self, id: i32) -> &Kin {
            &self.0[id as usize]
        }
        fn kin_mut(&mut self, id: i32) -> &mut Kin {
            &mut self.0[id as usize]
        }
    }

    fn list(table: &Table, owner: i32) -> Vec<i32> {
        let forward: Vec<i32> = core::iter::successors(Some(table.first(Chain::Children, owner)), |&id| {
            Some(table.next(Chain::Children, id))
        })
        .take_while(|&id| id != 0)
        .collect();
        let at = Chain::Children as usize;
        assert_eq!(table.kin(owner).lists[at].last, forward.last().copied().unwrap_or(0));
        for pair in forward.windows(2) {
            assert_eq!(table.kin(pair[1]).links[at].previous, pair[0]);
        }
        forward
    }

    #[test]
    fn lists_keep_their_order_through_any_removal() {
        let mut table = Table(vec![Kin::default(); 10]);
        for id in 2..6 {
            table.push_back(Chain::Children, 1, id);
        }
        table.push_front(Chain::Children, 1, 6);
        assert_eq!(list(&table, 1), [6, 2, 3, 4, 5]);
        for (gone, rest) in [(3, vec![6, 2, 4, 5]), (6, vec![2, 4, 5]), (5, vec![2, 4]), (2, vec![4]), (4, vec![])] {
            table.unlink(Chain::Children, 1, gone);
            assert_eq!(list(&table, 1), rest);
        }
        table.push_front(Chain::Children, 1, 7);
        assert_eq!(list(&table, 1), [7]);
    }

    #[test]
    fn the_two_chains_do_not_disturb_each_other() {
        let mut table = Table(vec![Kin::default(); 10]);
        table.push_back(Chain::Children, 1, 2);
        table.push_back(Chain::Members, 2, 2);
        table.push_back(Chain::Members, 2, 1);
        table.unlink(Chain::Members, 2, 2);
        assert_eq!(list(&table, 1), [2]);
        assert_eq!(table.first(Chain::Members, 2), 1);
    }
}
