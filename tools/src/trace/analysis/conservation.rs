//! Work conservation: no CPU is idle while another has a thread waiting that might run there.

use std::collections::HashMap;

use super::super::model::{Class, Event, Kind, Leaving, Trace};

/// So long a CPU may be idle beside a waiting thread, in nanoseconds.
pub const LIMIT_NS: u64 = 1_000_000;

/// A CPU was idle while a thread waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idleness {
    /// Who was idle.
    pub cpu: u32,
    /// From when on a thread waited for it.
    pub start: u64,
    /// Until when.
    pub end: u64,
    /// Where a thread waited when that began.
    pub other: u32,
    /// The thread.
    pub thread: u32,
}

/// Each stretch longer than `limit` nanoseconds in which a CPU ran nobody while, all the time, a thread waited for it, or
/// some other CPU had a thread running and one waiting that was allowed on the idle one.
pub fn find_idleness(trace: &Trace, limit: u64) -> Vec<Idleness> {
    let mut machine = Machine::new(trace.cpus as usize);
    let from = trace.complete_from();
    let mut found = Vec::new();
    for event in &trace.events {
        if (event.cpu as usize) >= machine.cpus.len() {
            continue;
        }
        machine.take(event);
        if event.time >= from {
            machine.look(event.time, limit, &mut found);
        }
    }
    for cpu in 0..machine.cpus.len() {
        machine.close(cpu, trace.end(), limit, &mut found);
    }
    found.sort_by_key(|idleness| idleness.start);
    found
}

#[derive(Clone, Default)]
struct Cpu {
    /// Whether it runs its idle thread; unknown before its first switch.
    is_idle: Option<bool>,
    /// Threads that wait here, in no order.
    waiting: Vec<u32>,
    /// The present stretch of idleness beside a waiting thread.
    open: Option<Idleness>,
}

struct Machine {
    cpus: Vec<Cpu>,
    /// Where a waiting thread waits.
    places: HashMap<u32, usize>,
    /// The words of each thread's set of CPUs; who has none may run anywhere.
    allowed: HashMap<u32, Vec<u64>>,
    /// Whether anything changed that [`Machine::look`] looks at.
    has_changed: bool,
}

impl Machine {
    fn new(cpus: usize) -> Self {
        Self { cpus: vec![Cpu::default(); cpus], places: HashMap::new(), allowed: HashMap::new(), has_changed: false }
    }

    fn take(&mut self, event: &Event) {
        let here = event.cpu as usize;
        match event.kind {
            Kind::Switch => {
                let (next, class) = event.next();
                self.remove(next);
                // The idle thread never waits.
                let was_idle = self.cpus[here].is_idle == Some(true);
                if Leaving::from_raw(event.detail).is_runnable() && !was_idle && self.cpus[here].is_idle.is_some() {
                    self.place(event.thread, here);
                }
                self.cpus[here].is_idle = Some(class == Class::Idle);
                self.has_changed = true;
            }
            Kind::Wake => self.place(event.thread, event.data as usize),
            Kind::Migrate | Kind::Steal => self.place(event.thread, event.target() as usize),
            Kind::Affinity => {
                let words = self.allowed.entry(event.thread).or_default();
                words.resize(words.len().max(usize::from(event.detail) + 1), 0);
                words[usize::from(event.detail)] = event.data;
                self.has_changed = true;
            }
            _ => {}
        }
    }

    fn remove(&mut self, thread: u32) {
        if let Some(cpu) = self.places.remove(&thread) {
            self.cpus[cpu].waiting.retain(|waiting| *waiting != thread);
            self.has_changed = true;
        }
    }

    fn place(&mut self, thread: u32, cpu: usize) {
        self.remove(thread);
        if let Some(state) = self.cpus.get_mut(cpu) {
            state.waiting.push(thread);
            self.places.insert(thread, cpu);
            self.has_changed = true;
        }
    }

    fn may_run(&self, thread: u32, cpu: usize) -> bool {
        let word = |words: &Vec<u64>| words.get(cpu / 64).copied().unwrap_or(0);
        self.allowed.get(&thread).is_none_or(|words| word(words) >> (cpu % 64) & 1 != 0)
    }

    /// A thread that waits on `cpu` itself; or one that waits behind a running one elsewhere, and may run on `cpu`.
    fn find_for(&self, cpu: usize) -> Option<(usize, u32)> {
        if let Some(thread) = self.cpus[cpu].waiting.first() {
            return Some((cpu, *thread));
        }
        let busy = self.cpus.iter().enumerate().filter(|(other, state)| *other != cpu && state.is_idle == Some(false));
        busy.flat_map(|(other, state)| state.waiting.iter().map(move |thread| (other, *thread)))
            .find(|(_, thread)| self.may_run(*thread, cpu))
    }

    fn look(&mut self, now: u64, limit: u64, found: &mut Vec<Idleness>) {
        if !std::mem::take(&mut self.has_changed) {
            return;
        }
        for cpu in 0..self.cpus.len() {
            let spare = if self.cpus[cpu].is_idle == Some(true) { self.find_for(cpu) } else { None };
            match (spare, self.cpus[cpu].open) {
                (Some((other, thread)), None) => {
                    let (cpu_number, other) = (cpu as u32, other as u32);
                    self.cpus[cpu].open = Some(Idleness { cpu: cpu_number, start: now, end: now, other, thread });
                }
                (None, Some(_)) => self.close(cpu, now, limit, found),
                _ => {}
            }
        }
    }

    fn close(&mut self, cpu: usize, now: u64, limit: u64, found: &mut Vec<Idleness>) {
        if let Some(open) = self.cpus[cpu].open.take()
            && now - open.start > limit
        {
            found.push(Idleness { end: now, ..open });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: u64 = (Class::Idle as u64) << 32;
    const FAIR: u64 = (Class::Fair as u64) << 32;

    fn event(time: u64, cpu: u32, kind: Kind, thread: u32, data: u64) -> Event {
        let detail = if kind == Kind::Switch { Leaving::Sleeps as u8 } else { 0 };
        Event { time, cpu, kind, detail, thread, data }
    }

    /// CPU 0 runs thread 10, CPU 1 idles, and thread 11 becomes runnable on CPU 0 at 1000.
    fn with_waiting(more: &[Event]) -> Trace {
        let mut events = vec![
            event(0, 1, Kind::Switch, 9, 2 | IDLE),
            event(0, 0, Kind::Switch, 1, 10 | FAIR),
            event(1000, 0, Kind::Wake, 11, 0),
        ];
        events.extend_from_slice(more);
        Trace { cpus: 2, lost: vec![0, 0], events, ..Trace::default() }
    }

    #[test]
    fn idleness_beside_a_waiting_thread_is_found() {
        let trace = with_waiting(&[event(3_000_000, 1, Kind::Steal, 11, 1 << 32)]);
        let expected = Idleness { cpu: 1, start: 1000, end: 3_000_000, other: 0, thread: 11 };
        assert_eq!(find_idleness(&trace, LIMIT_NS), [expected]);
    }

    #[test]
    fn short_idleness_is_none() {
        let trace = with_waiting(&[
            event(900_000, 1, Kind::Steal, 11, 1 << 32),
            event(901_000, 1, Kind::Switch, 2, 11 | FAIR),
            event(5_000_000, 0, Kind::CallEnter, 10, 0),
        ]);
        assert_eq!(find_idleness(&trace, LIMIT_NS), []);
    }

    #[test]
    fn a_processor_that_sleeps_over_its_own_work_is_found() {
        let trace =
            with_waiting(&[event(2000, 1, Kind::Steal, 11, 1 << 32), event(5_000_000, 0, Kind::CallEnter, 10, 0)]);
        assert_eq!(find_idleness(&trace, LIMIT_NS).len(), 1);
    }

    #[test]
    fn who_may_not_run_there_is_not_counted() {
        let mut trace = with_waiting(&[event(5_000_000, 0, Kind::CallEnter, 10, 0)]);
        assert_eq!(find_idleness(&trace, LIMIT_NS).len(), 1);
        trace.events.insert(2, event(500, 0, Kind::Affinity, 11, 0b01));
        assert_eq!(find_idleness(&trace, LIMIT_NS), []);
    }

    #[test]
    fn a_thread_that_runs_alone_needs_nobody() {
        let trace = Trace {
            cpus: 2,
            lost: vec![0, 0],
            events: vec![
                event(0, 1, Kind::Switch, 9, 2 | IDLE),
                event(0, 0, Kind::Switch, 1, 10 | FAIR),
                event(9_000_000, 0, Kind::CallEnter, 10, 0),
            ],
            ..Trace::default()
        };
        assert_eq!(find_idleness(&trace, LIMIT_NS), []);
    }
}
