//! The tool on a pseudo-terminal, as a person sits before it.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

/// The safety net under every wait.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command on a terminal of its own.
pub struct Terminal {
    keys: File,
    slave: File,
    child: Child,
    screen: Arc<Screen>,
}

#[derive(Default)]
struct Screen {
    text: Mutex<Text>,
    more: Condvar,
}

#[derive(Default)]
struct Text {
    /// All that was shown and not yet waited for.
    unread: String,
    has_ended: bool,
}

impl Terminal {
    /// Starts the command with its standard streams on a new terminal of 24 rows and 80 columns.
    pub fn start(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        set_size(&master, 24, 80);
        let stream = || Stdio::from(slave.try_clone().unwrap());
        let child = command.stdin(stream()).stdout(stream()).stderr(stream()).env("TERM", "vt100").spawn().unwrap();
        let screen = Arc::new(Screen::default());
        let output = File::from(master.try_clone().unwrap());
        let shown = screen.clone();
        thread::spawn(move || show(output, &shown));
        Self { keys: File::from(master), slave, child, screen }
    }

    /// Types these keys.
    pub fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until `text` is shown; returns what was shown before it, which is not seen again.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut shown = self.screen.text.lock().unwrap();
        loop {
            if let Some(at) = shown.unread.find(text) {
                let before = shown.unread[..at].to_owned();
                shown.unread.drain(..at + text.len());
                return before;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && !shown.has_ended, "{text:?} was not shown; the rest is: {:?}", shown.unread);
            shown = self.screen.more.wait_timeout(shown, left).unwrap().0;
        }
    }

    /// Types these keys again and again until `text` is shown.
    #[track_caller]
    pub fn type_keys_until(&mut self, keys: &str, text: &str) {
        for _ in 0..PATIENCE.as_secs() {
            self.type_keys(keys);
            if self.is_shown_within(text, Duration::from_secs(1)) {
                return;
            }
        }
        self.wait_for(text);
    }

    fn is_shown_within(&self, text: &str, time: Duration) -> bool {
        let shown = self.screen.text.lock().unwrap();
        let (shown, _) =
            self.screen.more.wait_timeout_while(shown, time, |shown| !shown.unread.contains(text)).unwrap();
        shown.unread.contains(text)
    }

    /// Types a line and waits for `text` after its echo.
    #[track_caller]
    pub fn enter(&mut self, line: &str, text: &str) -> String {
        self.type_keys(&format!("{line}\r"));
        self.wait_for("\n");
        self.wait_for(text)
    }

    /// Has a shell that is at its prompt, or about to be, say a word of its own, and reads up to the prompt after it:
    /// whatever keys were typed in vain before, what is shown next belongs to what is typed next.
    #[track_caller]
    pub fn settle(&mut self, prompt: &str) {
        self.type_keys("echo set''tled\r");
        self.wait_for("settled\r\n");
        self.wait_for(prompt);
    }

    /// The terminal's settings.
    pub fn settings(&self) -> Termios {
        tcgetattr(&self.slave).unwrap()
    }

    /// Changes the window's size and tells the command, as a terminal emulator would its foreground group.
    pub fn resize(&self, rows: u16, columns: u16) {
        set_size(&self.slave, rows, columns);
        self.signal(rustix::process::Signal::WINCH);
    }

    /// Sends the command a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end; returns the exit code.
    #[track_caller]
    pub fn wait(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            let shown = || self.screen.text.lock().unwrap().unread.clone();
            assert!(Instant::now() < deadline, "it does not end; the rest is: {:?}", shown());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn set_size(terminal: impl std::os::fd::AsFd, rows: u16, columns: u16) {
    tcsetwinsize(terminal, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
}

fn show(mut output: File, screen: &Screen) {
    let mut bytes = [0; 4096];
    loop {
        let count = output.read(&mut bytes).unwrap_or(0);
        let mut text = screen.text.lock().unwrap();
        text.unread.push_str(&String::from_utf8_lossy(&bytes[..count]));
        text.has_ended |= count == 0;
        screen.more.notify_all();
        if count == 0 {
            return;
        }
    }
}
