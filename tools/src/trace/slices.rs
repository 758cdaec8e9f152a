//! From events to stretches of time: who ran, which calls, which interrupts, which waits. Every stretch is closed.

use std::collections::HashMap;

use super::model::{Class, Event, Kind, Leaving, Trace};

/// A thread on a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Where.
    pub cpu: u32,
    /// Who.
    pub thread: u32,
    /// Its class.
    pub class: Class,
    /// From when.
    pub start: u64,
    /// Until when.
    pub end: u64,
    /// Why it ended; `None` if it went on when the trace ended.
    pub leaving: Option<Leaving>,
}

/// What a stretch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The system call of this number.
    Call(u64),
    /// The interrupt of this vector.
    Interrupt(u8),
    /// A wait for a lock of this class, from this place in the code.
    Wait(u8, u64),
}

/// A stretch of a thread, or of a CPU if it is an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// What.
    pub what: What,
    /// The CPU on which it began.
    pub cpu: u32,
    /// The thread; 0 for interrupts.
    pub thread: u32,
    /// From when.
    pub start: u64,
    /// Until when.
    pub end: u64,
    /// A call's result; `None` if it did not end.
    pub result: Option<u64>,
}

/// A thread is woken, and later it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WakeUp {
    /// Who.
    pub thread: u32,
    /// Its class.
    pub class: Class,
    /// The CPU on which it was woken.
    pub from: u32,
    /// When.
    pub woken: u64,
    /// Where it ran.
    pub to: u32,
    /// When.
    pub ran: u64,
    /// Whether an interrupt's handler woke it.
    pub by_interrupt: bool,
}

/// All stretches of a trace, each kind in the order of their ends.
#[derive(Debug, Default)]
pub struct Slices {
    /// Who ran.
    pub runs: Vec<Run>,
    /// Calls, interrupts and waits.
    pub slices: Vec<Slice>,
    /// Wake-ups.
    pub wake_ups: Vec<WakeUp>,
}

/// What is open on a CPU.
#[derive(Clone, Copy, Default)]
struct Cpu {
    running: Option<(u32, Class, u64)>,
    interrupt: Option<(u8, u64)>,
}

/// Builds the stretches.
struct Builder {
    result: Slices,
    cpus: Vec<Cpu>,
    /// What each thread (or, with the highest bit, each CPU's interrupt handler) is in the midst of, the innermost last.
    open: HashMap<u64, Vec<Slice>>,
    /// Threads that were woken and have not run yet.
    woken: HashMap<u32, WakeUp>,
}

impl Slices {
    /// Those of a whole trace.
    pub fn of(trace: &Trace) -> Self {
        let cpus = vec![Cpu::default(); trace.cpus as usize];
        let mut builder = Builder { result: Self::default(), cpus, open: HashMap::new(), woken: HashMap::new() };
        for event in &trace.events {
            if (event.cpu as usize) < builder.cpus.len() {
                builder.take(event);
            }
        }
        builder.finish(trace.end())
    }
}

impl Builder {
    fn take(&mut self, event: &Event) {
        match event.kind {
            Kind::Switch => self.switch(event),
            Kind::Wake => self.wake(event),
            Kind::InterruptEnter => {
                self.cpus[event.cpu as usize].interrupt = Some((event.detail, event.time));
            }
            Kind::InterruptExit => self.end_interrupt(event.cpu, event.time),
            Kind::CallEnter => {
                // A call that is still open did not return: its thread went on another way, as after `exit`.
                self.close_all(u64::from(event.thread), event.time);
                self.begin(u64::from(event.thread), event, What::Call(event.data), event.thread);
            }
            Kind::CallExit => {
                self.end(u64::from(event.thread), event.time, Some(event.data), |what| matches!(what, What::Call(_)));
            }
            Kind::LockWait => {
                let (key, thread) = self.context(event.cpu);
                self.begin(key, event, What::Wait(event.detail, event.data), thread);
            }
            Kind::LockTaken => {
                let key = self.context(event.cpu).0;
                let class = event.detail;
                self.end(key, event.time, None, |what| matches!(what, What::Wait(of, _) if of == class));
            }
            Kind::Migrate | Kind::Steal | Kind::Ipi | Kind::Affinity => {}
        }
    }

    fn switch(&mut self, event: &Event) {
        let (next, class) = event.next();
        let cpu = &mut self.cpus[event.cpu as usize];
        let leaving = Leaving::from_raw(event.detail);
        // Whoever leaves first ran before the records began.
        if let Some((thread, class, start)) = cpu.running.replace((next, class, event.time)) {
            let run = Run { cpu: event.cpu, thread, class, start, end: event.time, leaving: Some(leaving) };
            self.result.runs.push(run);
        }
        if leaving == Leaving::Ends {
            self.close_all(u64::from(event.thread), event.time);
        }
        if let Some(wake_up) = self.woken.remove(&next) {
            self.result.wake_ups.push(WakeUp { to: event.cpu, ran: event.time, ..wake_up });
        }
    }

    fn wake(&mut self, event: &Event) {
        let wake_up = WakeUp {
            thread: event.thread,
            class: Class::from_raw(event.detail),
            from: event.cpu,
            woken: event.time,
            to: event.cpu,
            ran: event.time,
            by_interrupt: self.cpus[event.cpu as usize].interrupt.is_some(),
        };
        // Placed anew before it ran, it waits since the first time.
        self.woken.entry(event.thread).or_insert(wake_up);
    }

    /// Who acts on a CPU: the key of what is open, and the thread if it is one.
    fn context(&self, cpu: u32) -> (u64, u32) {
        let state = &self.cpus[cpu as usize];
        match (state.interrupt, state.running) {
            (None, Some((thread, ..))) => (u64::from(thread), thread),
            _ => (1 << 63 | u64::from(cpu), 0),
        }
    }

    fn begin(&mut self, key: u64, event: &Event, what: What, thread: u32) {
        let slice = Slice { what, cpu: event.cpu, thread, start: event.time, end: event.time, result: None };
        self.open.entry(key).or_default().push(slice);
    }

    /// Ends the innermost of what `is_it` says, and with it what is open inside.
    fn end(&mut self, key: u64, time: u64, result: Option<u64>, is_it: impl Fn(What) -> bool) {
        let Some(open) = self.open.get_mut(&key) else { return };
        let Some(position) = open.iter().rposition(|slice| is_it(slice.what)) else { return };
        let mut inner = open.split_off(position);
        inner[0].result = result;
        self.result.slices.extend(inner.into_iter().map(|slice| Slice { end: time, ..slice }));
    }

    fn end_interrupt(&mut self, cpu: u32, time: u64) {
        self.close_all(1 << 63 | u64::from(cpu), time);
        if let Some((vector, start)) = self.cpus[cpu as usize].interrupt.take() {
            let what = What::Interrupt(vector);
            self.result.slices.push(Slice { what, cpu, thread: 0, start, end: time, result: None });
        }
    }

    fn close_all(&mut self, key: u64, time: u64) {
        let open = self.open.remove(&key).unwrap_or_default();
        self.result.slices.extend(open.into_iter().map(|slice| Slice { end: time, ..slice }));
    }

    fn finish(mut self, end: u64) -> Slices {
        for cpu in 0..self.cpus.len() as u32 {
            self.end_interrupt(cpu, end);
            if let Some((thread, class, start)) = self.cpus[cpu as usize].running.take() {
                self.result.runs.push(Run { cpu, thread, class, start, end, leaving: None });
            }
        }
        let mut keys: Vec<u64> = self.open.keys().copied().collect();
        keys.sort_unstable();
        for key in keys {
            self.close_all(key, end);
        }
        self.result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAIR: u64 = (Class::Fair as u64) << 32;
    const IDLE: u64 = (Class::Idle as u64) << 32;

    fn event(time: u64, kind: Kind, detail: u8, thread: u32, data: u64) -> Event {
        Event { time, cpu: 0, kind, detail, thread, data }
    }

    fn slices(events: &[Event]) -> Slices {
        Slices::of(&Trace { cpus: 1, lost: vec![0], events: events.to_vec(), ..Trace::default() })
    }

    #[test]
    fn what_is_open_when_the_trace_ends_is_closed_then() {
        let found = slices(&[
            event(10, Kind::Switch, Leaving::Sleeps as u8, 1, 7 | FAIR),
            event(20, Kind::CallEnter, 0, 7, 39),
            event(30, Kind::LockWait, 3, 0, 0xabc),
            event(90, Kind::Ipi, 0xf1, 0, 0),
        ]);
        let run = Run { cpu: 0, thread: 7, class: Class::Fair, start: 10, end: 90, leaving: None };
        assert_eq!(found.runs, [run]);
        assert!(found.slices.iter().all(|slice| slice.thread == 7 && slice.end == 90 && slice.result.is_none()));
        assert_eq!(found.slices.len(), 2);
    }

    #[test]
    fn a_call_ends_with_its_result_and_an_interrupt_has_its_own_waits() {
        let found = slices(&[
            event(10, Kind::Switch, Leaving::Sleeps as u8, 1, 7 | FAIR),
            event(20, Kind::CallEnter, 0, 7, 39),
            event(30, Kind::InterruptEnter, 0xf0, 0, 0),
            event(31, Kind::LockWait, 3, 0, 0),
            event(35, Kind::LockTaken, 3, 0, 0),
            event(40, Kind::InterruptExit, 0xf0, 0, 0),
            event(50, Kind::CallExit, 0, 7, 5),
        ]);
        let kinds: Vec<_> =
            found.slices.iter().map(|slice| (slice.what, slice.start, slice.end, slice.thread)).collect();
        let expected = [(What::Wait(3, 0), 31, 35, 0), (What::Interrupt(0xf0), 30, 40, 0), (What::Call(39), 20, 50, 7)];
        assert_eq!(kinds, expected);
        assert_eq!(found.slices[2].result, Some(5));
    }

    #[test]
    fn a_wake_up_lasts_from_the_first_wake_until_it_runs() {
        let found = slices(&[
            event(10, Kind::Switch, Leaving::Sleeps as u8, 7, 2 | IDLE),
            event(20, Kind::InterruptEnter, 0xf0, 0, 0),
            event(25, Kind::Wake, Class::Fifo as u8, 7, 0),
            event(30, Kind::InterruptExit, 0xf0, 0, 0),
            event(45, Kind::Switch, Leaving::Preempted as u8, 2, 7 | (Class::Fifo as u64) << 32),
        ]);
        let expected = WakeUp { thread: 7, class: Class::Fifo, from: 0, woken: 25, to: 0, ran: 45, by_interrupt: true };
        assert_eq!(found.wake_ups, [expected]);
    }
}
