//! The threads that wait for something to be read.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH};
use signal_hook::iterator::Signals;

use super::Event;
use crate::failure::{Context, Result};
use crate::link;
use crate::machine::Machine;

/// Events under way; when standard output is slow, the guest waits with it.
const PENDING: usize = 64;

/// Starts the threads that listen to the machine and to signals.
pub fn listen(machine: &Machine) -> Result<(SyncSender<Event>, Receiver<Event>)> {
    let (sender, receiver) = sync_channel(PENDING);
    let clone = |line: &UnixStream| line.try_clone().context(|| "cannot listen to the machine".into());
    listen_to_bytes(clone(&machine.log)?, sender.clone(), Event::Log);
    listen_to_bytes(clone(&machine.console)?, sender.clone(), Event::Console);
    listen_to_link(clone(&machine.link)?, sender.clone());
    listen_to_signals(sender.clone())?;
    Ok((sender, receiver))
}

fn listen_to_bytes(mut line: UnixStream, sender: SyncSender<Event>, event: fn(Vec<u8>) -> Event) {
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = line.read(&mut bytes) {
            if sender.send(event(bytes[..count].to_vec())).is_err() {
                return;
            }
        }
        // The main thread has gone if nobody listens.
        let _ = sender.send(Event::Closed);
    });
}

fn listen_to_link(line: UnixStream, sender: SyncSender<Event>) {
    thread::spawn(move || {
        link::receive(line, |message| sender.send(Event::Link(message)).is_ok());
        let _ = sender.send(Event::Closed);
    });
}

fn listen_to_signals(sender: SyncSender<Event>) -> Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH]).context(|| "cannot catch signals".into())?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if sender.send(Event::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Reads standard input in portions and hands them on until its end, or until `take` says to stop.
pub fn read_stdin(mut take: impl FnMut(&[u8]) -> bool) {
    let mut bytes = [0; 4096];
    loop {
        match io::stdin().lock().read(&mut bytes) {
            Ok(0) => return,
            Ok(count) if !take(&bytes[..count]) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
