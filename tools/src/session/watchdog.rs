//! Telling a guest that hangs from one that is merely not given time to run.
//!
//! Once a second the guest is asked for a sign of life. What counts against it is not the time that passes but the
//! time in which it could have run: the processor time that QEMU got, or the whole second if none of its threads had
//! to wait for a processor. On a host that is busy with other things the patience stretches accordingly.

use std::fs;
use std::time::{Duration, Instant};

/// How often the guest is asked.
pub const INTERVAL: Duration = Duration::from_secs(1);
/// Opportunity to run without a sign of life, after which the guest is taken to hang, unless `--patience` says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The same for a guest that has not come up yet.
pub const BOOT_PATIENCE: Duration = Duration::from_secs(120);

/// What QEMU's threads have spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Spent {
    running: Duration,
    waiting: Duration,
}

/// Counts the time in which the guest could have answered.
#[derive(Debug)]
pub struct Watchdog {
    process: u32,
    spent: Spent,
    checked: Instant,
    unanswered: Duration,
}

impl Watchdog {
    /// Watches the QEMU of this process id.
    pub fn new(process: u32) -> Self {
        Self { process, spent: Spent::default(), checked: Instant::now(), unanswered: Duration::ZERO }
    }

    /// The guest has given a sign of life.
    pub fn reset(&mut self) {
        self.unanswered = Duration::ZERO;
    }

    /// To be called each [`INTERVAL`]; returns the opportunity that passed since the last sign of life.
    pub fn check(&mut self) -> Duration {
        let now = Instant::now();
        let spent = read_spent(self.process);
        // This process may itself have been stopped, or blocked by a slow reader of its output, and the guest's
        // answers with it.
        let passed = (now - self.checked).min(2 * INTERVAL);
        self.unanswered += opportunity(self.spent, spent, passed);
        (self.spent, self.checked) = (spent, now);
        self.unanswered
    }
}

fn opportunity(before: Spent, after: Spent, passed: Duration) -> Duration {
    let running = after.running.saturating_sub(before.running);
    let waiting = after.waiting.saturating_sub(before.waiting);
    if waiting < passed / 4 { passed } else { running.min(passed) }
}

/// Sums up `/proc/PID/task/*/schedstat`: nanoseconds on a processor, nanoseconds of waiting for one.
fn read_spent(process: u32) -> Spent {
    let mut spent = Spent::default();
    let Ok(tasks) = fs::read_dir(format!("/proc/{process}/task")) else { return spent };
    for task in tasks.flatten() {
        let text = fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        let mut numbers = text.split_whitespace().map(|word| Duration::from_nanos(word.parse().unwrap_or(0)));
        spent.running += numbers.next().unwrap_or_default();
        spent.waiting += numbers.next().unwrap_or_default();
    }
    spent
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_starved_guest_is_not_blamed() {
        let after = Spent { running: SECOND / 100, waiting: SECOND };
        assert_eq!(opportunity(Spent::default(), after, SECOND), SECOND / 100);
    }

    #[test]
    fn an_idle_guest_and_a_spinning_one_are() {
        assert_eq!(opportunity(Spent::default(), Spent::default(), SECOND), SECOND);
        let spinning = Spent { running: 2 * SECOND, waiting: 6 * SECOND };
        assert_eq!(opportunity(Spent::default(), spinning, SECOND), SECOND);
    }
}
