//! When something expires, and how often: arithmetic on the times of any clock.

/// The next expiry and the period of a timer, on the clock that it counts by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The next expiry; `None` for a timer that is not armed.
    pub due_ns: Option<u64>,
    /// Time between expiries; 0 for a single one.
    pub interval_ns: u64,
}

impl Schedule {
    /// A timer that is not armed.
    pub const OFF: Self = Self { due_ns: None, interval_ns: 0 };

    /// One that first expires `left_ns` from `now_ns`, or never if that is 0.
    pub fn after(now_ns: u64, left_ns: u64, interval_ns: u64) -> Self {
        Self { due_ns: (left_ns > 0).then(|| now_ns.saturating_add(left_ns)), interval_ns }
    }

    /// The time left, never 0 while it is armed.
    pub fn left_ns(&self, now_ns: u64) -> u64 {
        self.due_ns.map_or(0, |due| due.saturating_sub(now_ns).max(1))
    }

    /// How often it has expired by `now_ns`; it goes on to the first expiry after that.
    pub fn advance(&mut self, now_ns: u64) -> u64 {
        let Some(due) = self.due_ns.filter(|due| *due <= now_ns) else { return 0 };
        let Some(periods) = (now_ns - due).checked_div(self.interval_ns) else {
            self.due_ns = None;
            return 1;
        };
        self.due_ns = Some(due.saturating_add((periods + 1).saturating_mul(self.interval_ns)));
        periods + 1
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn a_single_expiry_disarms() {
        let mut schedule = Schedule::after(100, 10, 0);
        assert_eq!((schedule.advance(109), schedule.left_ns(109)), (0, 1));
        assert_eq!((schedule.advance(110), schedule), (1, Schedule::OFF));
        assert_eq!(schedule.advance(u64::MAX), 0);
    }

    #[test]
    fn missed_periods_are_counted_and_the_beat_is_kept() {
        let mut schedule = Schedule::after(0, 10, 7);
        assert_eq!(schedule.advance(10), 1);
        assert_eq!(schedule.due_ns, Some(17));
        assert_eq!(schedule.advance(17 + 7 * 3 + 2), 4);
        assert_eq!(schedule.due_ns, Some(17 + 7 * 4));
    }

    #[test]
    fn times_without_end_do_not_wrap() {
        let mut schedule = Schedule::after(5, u64::MAX, u64::MAX);
        assert_eq!(schedule.left_ns(5), u64::MAX - 5);
        assert_eq!(schedule.advance(u64::MAX), 1);
        assert_eq!(schedule.due_ns, Some(u64::MAX));
    }
}
