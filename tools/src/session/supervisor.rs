//! The main thread of a boot: hears what the others tell, and decides when and how it ends.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGPIPE, SIGWINCH};

use super::feed::{Feed, pass_keys};
use super::outcome::{Ending, Judge, judge};
use super::terminal::{RawTerminal, is_interactive, window_size};
use super::watchdog::{BOOT_PATIENCE, INTERVAL, PATIENCE, Watchdog};
use super::{Event, LINES, readers, trace};
use crate::command_line::{Clock, Debugger, Options};
use crate::failure::{Context, Failure, MACHINE, Result, SIGNAL_BASE, TIMED_OUT};
use crate::initramfs::run_file::Streams;
use crate::kernel_log::{KernelLog, Panic};
use crate::link::{Command, Message};
use crate::machine::Machine;

/// What a boot is for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose {
    /// What the first program reads and writes.
    pub streams: Streams,
    /// The exit code when the person leaves with Ctrl-A x.
    pub quit_code: u8,
    /// Who says what a panic means.
    pub judge_of_panics: Judge,
}

/// How far the guest has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Its first program has not started yet.
    Booting,
    /// It answers, or ought to.
    Running,
    /// It did not answer, and was told to show its trace.
    Hanging,
    /// It has told its exit code, and is to power off.
    Ending,
}

struct Supervisor<'a> {
    options: &'a Options,
    purpose: Purpose,
    machine: Machine,
    log: KernelLog,
    feed: Feed,
    watchdog: Watchdog,
    phase: Phase,
    open_lines: usize,
    has_started: bool,
    exit_code: Option<u8>,
    forced: Option<Failure>,
}

/// Runs the machine to its end; returns the exit code.
pub fn supervise(options: &Options, purpose: Purpose, machine: Machine, log: KernelLog) -> Result<u8> {
    let (sender, receiver) = readers::listen(&machine)?;
    let link = machine.link.try_clone().context(|| "cannot write to the host link".into())?;
    let raw = match purpose.streams {
        Streams::Terminal => {
            let console = machine.console.try_clone().context(|| "cannot write to the console".into())?;
            let raw = if is_interactive() { Some(RawTerminal::enter()?) } else { None };
            pass_keys(console, sender);
            raw
        }
        Streams::Channels => None,
    };
    let mut supervisor = Supervisor {
        options,
        purpose,
        watchdog: Watchdog::new(machine.id()),
        feed: Feed::new(link),
        machine,
        log,
        phase: Phase::Booting,
        open_lines: LINES,
        has_started: false,
        exit_code: None,
        forced: None,
    };
    supervisor.run(&receiver);
    drop(raw);
    supervisor.finish()
}

impl Supervisor<'_> {
    fn run(&mut self, events: &Receiver<Event>) {
        let deadline = self.options.timeout.map(|timeout| Instant::now() + timeout);
        let mut next_check = Instant::now() + INTERVAL;
        while self.open_lines > 0 {
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                let seconds = self.options.timeout.unwrap_or_default().as_secs_f64();
                self.force(TIMED_OUT, format!("the time limit of {seconds} s is over"));
            }
            if next_check <= now {
                self.check();
                next_check = Instant::now() + INTERVAL;
            }
            let until = deadline.filter(|_| self.forced.is_none()).map_or(next_check, |at| at.min(next_check));
            match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Log(bytes) => {
                self.log.feed(&bytes);
                if self.phase == Phase::Booting || self.log.panic() != Panic::None {
                    self.watchdog.reset();
                }
            }
            Event::Link(message) => {
                if self.phase != Phase::Hanging {
                    self.watchdog.reset();
                }
                self.handle_message(message);
            }
            Event::Console(bytes) if self.purpose.streams == Streams::Terminal => self.put_stdout(&bytes),
            Event::Console(_) => {}
            Event::Closed => self.open_lines -= 1,
            Event::Signal(SIGWINCH) => self.send_window_size(),
            Event::Signal(signal) => {
                self.force(SIGNAL_BASE.wrapping_add(signal as u8), format!("ended by signal {signal}"));
            }
            // A pipe that feeds the console may end long before the guest does.
            Event::Quit if is_interactive() => self.force(self.purpose.quit_code, "left".into()),
            Event::Quit => {}
        }
    }

    fn handle_message(&mut self, message: Message) {
        match message {
            Message::Stdout(bytes) => self.put_stdout(&bytes),
            Message::Stderr(bytes) => {
                // Nobody reads our standard error; the program's exit code still counts.
                let _ = io::stderr().lock().write_all(&bytes);
            }
            Message::Exit(code) => {
                self.exit_code = Some(code);
                self.phase = Phase::Ending;
            }
            Message::Ready if self.has_started => {}
            Message::Ready => {
                self.phase = Phase::Running;
                self.has_started = true;
                match self.purpose.streams {
                    Streams::Terminal => self.send_window_size(),
                    Streams::Channels => self.feed.pass_stdin(),
                }
            }
            Message::Taken(bytes) => self.feed.add_credit(bytes),
            Message::Pong => {}
        }
    }

    fn put_stdout(&mut self, bytes: &[u8]) {
        let mut stdout = io::stdout().lock();
        if let Err(error) = stdout.write_all(bytes).and_then(|()| stdout.flush()) {
            let code = if error.kind() == io::ErrorKind::BrokenPipe { SIGNAL_BASE + SIGPIPE as u8 } else { MACHINE };
            self.force(code, format!("cannot write to standard output: {error}"));
        }
    }

    fn send_window_size(&self) {
        if let Some((rows, columns)) = window_size() {
            self.feed.send(Command::WindowSize(rows, columns));
        }
    }

    /// Ends the machine now; the first reason counts.
    fn force(&mut self, code: u8, message: String) {
        self.forced.get_or_insert(Failure { code, message });
        self.machine.kill();
    }

    fn check(&mut self) {
        let unanswered = self.watchdog.check();
        if self.options.debugger == Debugger::Wait {
            return;
        }
        let is_dying = self.log.panic() != Panic::None || self.phase == Phase::Hanging;
        match self.phase {
            _ if is_dying && unanswered >= PATIENCE => self.give_up(),
            _ if is_dying => {}
            Phase::Booting if unanswered >= BOOT_PATIENCE => self.force_trace(unanswered),
            Phase::Running if unanswered >= self.options.patience => self.force_trace(unanswered),
            // The exit code is known; how the machine ends is no matter.
            Phase::Ending if unanswered >= PATIENCE => self.machine.kill(),
            Phase::Running if self.may_ping(unanswered) => self.feed.send(Command::Ping),
            _ => {}
        }
    }

    /// A ping is an interrupt that no other run has at the same instruction, so a guest whose instructions are
    /// counted is asked only when it has been silent for long.
    fn may_ping(&self, unanswered: Duration) -> bool {
        self.options.clock == Clock::Host || unanswered >= self.options.patience / 2
    }

    fn force_trace(&mut self, unanswered: Duration) {
        let seconds = unanswered.as_secs();
        eprintln!("\rtessera: the guest has not answered for {seconds} s; asking for a trace\r");
        self.phase = Phase::Hanging;
        self.watchdog.reset();
        if let Err(failure) = self.machine.monitor.inject_nmi() {
            eprintln!("\rtessera: {failure}\r");
            self.give_up();
        }
    }

    /// The guest cannot even die by itself.
    fn give_up(&mut self) {
        if self.log.panic() == Panic::None {
            match trace::read(&mut self.machine.monitor, self.log.symbols()) {
                Ok(lines) => lines.iter().for_each(|line| self.log.show(line)),
                Err(failure) => eprintln!("\rtessera: no trace: {failure}\r"),
            }
        }
        let what = if self.phase == Phase::Hanging { "the guest hangs" } else { "the kernel panicked" };
        self.force(MACHINE, what.into());
    }

    fn finish(mut self) -> Result<u8> {
        self.log.finish();
        let (status, complaints) = self.machine.wait()?;
        judge(Ending {
            status,
            complaints,
            panic: self.log.panic(),
            is_silent: self.log.is_empty() && !self.has_started,
            is_hanging: self.phase == Phase::Hanging,
            has_started: self.has_started,
            judge_of_panics: self.purpose.judge_of_panics,
            forced: self.forced,
            exit_code: self.exit_code,
        })
    }
}
