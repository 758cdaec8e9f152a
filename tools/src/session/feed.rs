//! What goes into the guest: standard input or the terminal's keys, pings, the window's size.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::Event;
use super::readers::read_stdin;
use crate::link::{self, Command, STDIN_WINDOW};

/// Commands that may wait for the line; a guest that reads nothing leaves no more than these unsent.
const PENDING: usize = 16;
/// Ctrl-A, which introduces a command to this tool.
const ESCAPE: u8 = 0x01;

/// The way into the guest over the host link.
#[derive(Clone, Debug)]
pub struct Feed {
    queue: SyncSender<Command>,
    credit: Arc<Credit>,
}

/// Bytes of standard input that the guest still has room for.
#[derive(Debug)]
struct Credit {
    bytes: Mutex<usize>,
    more: Condvar,
}

impl Feed {
    /// Starts the thread that writes to the host link.
    pub fn new(line: UnixStream) -> Self {
        let (queue, commands) = sync_channel(PENDING);
        thread::spawn(move || write_commands(line, commands));
        Self { queue, credit: Arc::new(Credit { bytes: Mutex::new(STDIN_WINDOW), more: Condvar::new() }) }
    }

    /// Sends a ping or a window size unless the line is stuck; a ping that is not sent is not answered, which is
    /// what a stuck line means.
    pub fn send(&self, command: Command) {
        let _ = self.queue.try_send(command);
    }

    /// The guest's programs have taken `bytes` of standard input.
    pub fn add_credit(&self, bytes: usize) {
        let mut credit = self.credit.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *credit = (*credit + bytes).min(STDIN_WINDOW);
        self.credit.more.notify_all();
    }

    /// Starts the thread that passes standard input on.
    pub fn pass_stdin(&self) {
        let feed = self.clone();
        thread::spawn(move || {
            read_stdin(|bytes| feed.pass(bytes));
            // Fails only if the machine has gone.
            let _ = feed.queue.send(Command::Stdin(Vec::new()));
        });
    }

    /// Sends all of `bytes`, as the guest has room; false if the machine has gone.
    fn pass(&self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let mut credit = self.credit.bytes.lock().unwrap_or_else(PoisonError::into_inner);
            while *credit == 0 {
                credit = self.credit.more.wait(credit).unwrap_or_else(PoisonError::into_inner);
            }
            let (now, later) = bytes.split_at(bytes.len().min(*credit));
            *credit -= now.len();
            drop(credit);
            if self.queue.send(Command::Stdin(now.to_vec())).is_err() {
                return false;
            }
            bytes = later;
        }
        true
    }
}

fn write_commands(line: UnixStream, commands: Receiver<Command>) {
    for command in commands {
        if link::send(&line, &command).is_err() {
            return;
        }
    }
}

/// Starts the thread that passes the terminal's keys to the console.
pub fn pass_keys(mut console: UnixStream, events: SyncSender<Event>) {
    thread::spawn(move || {
        let mut escape = Escape::default();
        read_stdin(|bytes| match escape.filter(bytes) {
            Some(keys) => console.write_all(&keys).is_ok(),
            None => false,
        });
        // Ctrl-A x, or the terminal has gone.
        let _ = events.send(Event::Quit);
    });
}

/// Recognises Ctrl-A x (leave) and Ctrl-A Ctrl-A (one Ctrl-A).
#[derive(Debug, Default)]
struct Escape {
    is_pending: bool,
}

impl Escape {
    /// The keys that are for the guest; `None` at Ctrl-A x.
    fn filter(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut keys = Vec::with_capacity(bytes.len() + 1);
        for byte in bytes {
            match (std::mem::take(&mut self.is_pending), *byte) {
                (true, b'x' | b'X') => return None,
                (true, ESCAPE) => keys.push(ESCAPE),
                (true, other) => keys.extend([ESCAPE, other]),
                (false, ESCAPE) => self.is_pending = true,
                (false, other) => keys.push(other),
            }
        }
        Some(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_a_x_leaves_and_all_else_passes() {
        let mut escape = Escape::default();
        assert_eq!(escape.filter(b"ab\x01\x01c"), Some(b"ab\x01c".to_vec()));
        assert_eq!(escape.filter(b"\x01"), Some(vec![]));
        assert_eq!(escape.filter(b"q"), Some(b"\x01q".to_vec()));
        assert_eq!(escape.filter(b"a\x01"), Some(b"a".to_vec()));
        assert_eq!(escape.filter(b"x"), None);
    }

    #[test]
    fn input_stops_at_the_window_and_goes_on_when_it_is_taken() {
        let (ours, its) = UnixStream::pair().unwrap();
        let feed = Feed::new(ours);
        let sender = feed.clone();
        let input = vec![7; STDIN_WINDOW + 100];
        let thread = thread::spawn(move || sender.pass(&input));
        let mut bytes = vec![0; STDIN_WINDOW + 4 * 3];
        std::io::Read::read_exact(&mut &its, &mut bytes).unwrap();
        its.set_nonblocking(true).unwrap();
        assert!(std::io::Read::read(&mut &its, &mut [0]).is_err());
        its.set_nonblocking(false).unwrap();
        feed.add_credit(100);
        let mut bytes = [0; 103];
        std::io::Read::read_exact(&mut &its, &mut bytes).unwrap();
        assert!(thread.join().unwrap());
    }
}
