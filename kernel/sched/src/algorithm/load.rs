//! How much a CPU has to run: threads and their weights, in one word, so that one atomic operation counts both.

/// Bits of the word that count threads; the rest sums up weights.
const COUNT_BITS: u32 = 20;

/// A CPU's load, or a thread's part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load(u64);

impl Load {
    /// The part of one thread.
    #[inline]
    pub const fn of(weight: u32) -> Self {
        Self((weight as u64) << COUNT_BITS | 1)
    }

    /// From its word.
    #[inline]
    pub const fn from_word(word: u64) -> Self {
        Self(word)
    }

    /// The word to add to a CPU's, or to subtract.
    #[inline]
    pub const fn word(self) -> u64 {
        self.0
    }

    /// How many threads.
    #[inline]
    pub const fn count(self) -> u32 {
        (self.0 & ((1 << COUNT_BITS) - 1)) as u32
    }

    /// Their weights together.
    #[inline]
    pub const fn weight(self) -> u64 {
        self.0 >> COUNT_BITS
    }

    /// The heaviest thread that makes both CPUs more alike if it goes from here to there, by enough to be worth a cold
    /// cache. 0 if none does. The same thread then is too heavy to come back.
    pub const fn heaviest_to_give(self, there: Self) -> u64 {
        let difference = self.weight().saturating_sub(there.weight());
        difference - difference / 8
    }
}

#[cfg(test)]
mod tests {
    use super::Load;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn sum(weights: &[u32]) -> Load {
        Load::from_word(weights.iter().map(|weight| Load::of(*weight).word()).sum())
    }

    proptest! {
        #[test]
        fn threads_and_weights_are_counted_apart(weights in prop::collection::vec(1_u32..88762, 0..1000)) {
            let load = sum(&weights);
            prop_assert_eq!(load.count() as usize, weights.len());
            prop_assert_eq!(load.weight(), weights.iter().map(|weight| u64::from(*weight)).sum::<u64>());
        }

        // What balancing does between two CPUs, until there is nothing more to do: it ends, since the sum of the
        // squares falls with each move, and nobody is left that fits into the difference.
        #[test]
        fn giving_ends_and_leaves_a_small_difference(
            mut here in prop::collection::vec(3_u32..90000, 0..50), mut there in prop::collection::vec(3_u32..90000, 0..50),
        ) {
            let mut moves = 0;
            loop {
                let (from, to) = if sum(&here).weight() > sum(&there).weight() { (&mut here, &mut there) } else { (&mut there, &mut here) };
                let most = sum(from).heaviest_to_give(sum(to));
                let Some(found) = from.iter().position(|weight| u64::from(*weight) < most) else { break };
                to.push(from.swap_remove(found));
                moves += 1;
                prop_assert!(moves < 10_000);
            }
            let (heavy, light) = if sum(&here).weight() > sum(&there).weight() { (&here, &there) } else { (&there, &here) };
            let difference = sum(heavy).weight() - sum(light).weight();
            let lightest: Option<&u32> = heavy.iter().collect::<Vec<_>>().into_iter().min();
            prop_assert!(lightest.is_none_or(|lightest| u64::from(*lightest) * 8 + 8 >= difference * 7));
        }
    }

    #[test]
    fn equal_threads_do_not_move_for_a_difference_of_one() {
        assert!(sum(&[1024; 4]).heaviest_to_give(sum(&[1024; 3])) <= 1024);
        assert!(sum(&[1024; 5]).heaviest_to_give(sum(&[1024; 3])) > 1024);
    }
}
