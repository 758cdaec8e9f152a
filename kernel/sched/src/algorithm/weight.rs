//! Nice values as weights, and the division by a weight.

/// The weight of nice 0.
pub const NICE_0_WEIGHT: u32 = 1024;
/// The weight of SCHED_IDLE.
pub const IDLE_WEIGHT: u32 = 3;

/// Linux's weights for nice −20 to 19: a step of one nice value is a ratio of about 1.25.
const WEIGHTS: [u32; 40] = [
    88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501,
    1991, 1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
];

/// A weight and what division by it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    value: u32,
    /// 2³² · 1024 / value, so that a division is a multiplication and a shift.
    inverse: u64,
}

impl Weight {
    /// The weight of a nice value, which is cut to −20..=19.
    pub const fn of_nice(nice: i32) -> Self {
        let index = if nice < -20 {
            0
        } else if nice > 19 {
            39
        } else {
            (nice + 20) as usize
        };
        Self::new(WEIGHTS[index])
    }

    /// The weight of SCHED_IDLE.
    pub const fn of_idle_policy() -> Self {
        Self::new(IDLE_WEIGHT)
    }

    const fn new(value: u32) -> Self {
        Self { value, inverse: ((NICE_0_WEIGHT as u64) << 32) / value as u64 }
    }

    /// The weight itself.
    pub const fn get(self) -> u32 {
        self.value
    }

    /// Real time as this weight's virtual time: `ns` · 1024 / weight.
    #[inline]
    pub const fn to_virtual(self, ns: u64) -> u64 {
        if self.value == NICE_0_WEIGHT {
            return ns;
        }
        // A 64 × 64 → 128 multiplication and a shift; no division.
        ((ns as u128 * self.inverse as u128) >> 32) as u64
    }

    /// Virtual time as real time: the inverse of [`to_virtual`](Self::to_virtual), rounded up.
    #[inline]
    pub const fn to_real(self, virtual_ns: u64) -> u64 {
        if self.value == NICE_0_WEIGHT {
            return virtual_ns;
        }
        ((virtual_ns as u128 * self.value as u128) >> 10) as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::Weight;

    #[test]
    fn virtual_time_runs_inversely_to_the_weight() {
        for nice in -20..=19 {
            let weight = Weight::of_nice(nice);
            let exact = 1_000_000_000_u128 * 1024 / u128::from(weight.get());
            let got = u128::from(weight.to_virtual(1_000_000_000));
            assert!(exact.abs_diff(got) <= exact / 1_000_000 + 1, "nice {nice}: {got} is not {exact}");
            let back = weight.to_real(weight.to_virtual(3_000_000));
            assert!(back.abs_diff(3_000_000) <= 100, "nice {nice}: {back}");
        }
    }
}
