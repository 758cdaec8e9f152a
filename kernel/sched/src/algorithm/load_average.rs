//! The load average: an exponentially decaying mean of the number of runnable threads.

/// Bits of fraction in a load value.
pub const SHIFT: u32 = 11;
/// 1.0.
pub const ONE: u64 = 1 << SHIFT;
/// Time between samples, nanoseconds (5 s and a bit, so that it beats against nothing; as on Linux).
pub const INTERVAL_NS: u64 = 5_004_000_000;
/// e^(−5 s/1 min), e^(−5 s/5 min), e^(−5 s/15 min), in units of 1/2048.
const DECAY: [u64; 3] = [1884, 2014, 2037];

/// The means over 1, 5 and 15 minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadAverage(pub [u64; 3]);

impl LoadAverage {
    /// Takes a sample.
    pub fn add(&mut self, runnable: u64) {
        let now = runnable << SHIFT;
        for (load, decay) in self.0.iter_mut().zip(DECAY) {
            let mut sum = *load * decay + now * (ONE - decay);
            // Rounds towards the sample, so that a steady load is reached exactly.
            if now >= *load {
                sum += ONE - 1;
            }
            *load = sum >> SHIFT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LoadAverage, ONE};

    #[test]
    fn a_steady_load_is_reached_and_forgotten() {
        let mut load = LoadAverage::default();
        for _ in 0..5000 {
            load.add(3);
        }
        assert_eq!(load.0, [3 * ONE; 3]);
        for _ in 0..5000 {
            load.add(0);
        }
        assert!(load.0.iter().all(|load| *load < ONE / 50), "{load:?}");
    }

    #[test]
    fn the_minute_mean_moves_first() {
        let mut load = LoadAverage::default();
        for _ in 0..12 {
            load.add(1);
        }
        let [one, five, fifteen] = load.0;
        assert!(one > five && five > fifteen);
        assert!((ONE * 60 / 100..ONE * 66 / 100).contains(&one));
    }
}
