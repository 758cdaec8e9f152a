//! A line of people: who came first stands in front, and whoever stands anywhere may leave.
//!
//! Room for one is always there; what more takes is given back when they have left, so a line that was long once does
//! not stay large. Growth is fallible and separate: [`Line::reserve`] first.

use alloc::collections::{TryReserveError, VecDeque};

/// A line.
pub struct Line<T> {
    /// Nobody only if there is nobody at all.
    first: Option<T>,
    rest: VecDeque<T>,
}

impl<T> Line<T> {
    /// Nobody.
    pub const fn new() -> Self {
        Self { first: None, rest: VecDeque::new() }
    }

    /// How many stand there.
    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    /// Whether nobody does.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Who stands behind `at` others.
    pub fn get(&self, at: usize) -> Option<&T> {
        match at.checked_sub(1) {
            None => self.first.as_ref(),
            Some(at) => self.rest.get(at),
        }
    }

    /// All, from the front.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }

    /// All, from the front, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.rest)
    }

    /// Room for `additional` more.
    pub fn reserve(&mut self, additional: usize) -> Result<(), TryReserveError> {
        match additional.saturating_sub(usize::from(self.first.is_none())) {
            0 => Ok(()),
            more => self.rest.try_reserve(more),
        }
    }

    /// One more, at the end, for whom room was reserved.
    pub fn push_back(&mut self, one: T) {
        match self.first {
            None => self.first = Some(one),
            Some(_) => self.rest.push_back(one),
        }
    }

    /// Whoever stands behind `at` others leaves.
    pub fn remove(&mut self, at: usize) -> Option<T> {
        let gone = match at.checked_sub(1) {
            None => core::mem::replace(&mut self.first, self.rest.pop_front()),
            Some(at) => self.rest.remove(at),
        };
        if self.rest.is_empty() && self.rest.capacity() != 0 {
            self.rest = VecDeque::new();
        }
        gone
    }
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_is_a_queue_that_anybody_may_leave(steps in prop::collection::vec((any::<bool>(), 0usize..6), 0..60)) {
            let mut line = Line::new();
            let mut model = Vec::new();
            for (number, (enters, at)) in steps.into_iter().enumerate() {
                if enters {
                    line.reserve(1).unwrap();
                    line.push_back(number);
                    model.push(number);
                } else {
                    let expected = (at < model.len()).then(|| model.remove(at));
                    prop_assert_eq!(line.remove(at), expected);
                }
                prop_assert_eq!(line.iter().copied().collect::<Vec<_>>(), model.clone());
                prop_assert_eq!(line.len(), model.len());
                prop_assert_eq!(line.is_empty(), model.is_empty());
                prop_assert!((0..8).all(|at| line.get(at) == model.get(at)));
            }
        }
    }

    #[test]
    fn a_line_that_was_long_keeps_nothing() {
        let mut line = Line::new();
        line.reserve(1000).unwrap();
        (0..1000).for_each(|number| line.push_back(number));
        while line.len() > 1 {
            line.remove(1);
        }
        assert_eq!((line.rest.capacity(), line.remove(0)), (0, Some(0)));
    }
}
