//! The console: the terminal on COM1.
//!
//! Its thread stands between the port's interrupts and the terminal: keys send signals, which takes locks that
//! interrupt handlers must not take.

use alloc::sync::Arc;

use abi::types::Winsize;
use abi::{Errno, Result};
use arch::clock;
use sched::{Thread, Wait};
use sync::Once;

use crate::line_discipline::{Input, Settings};
use crate::ports::COM1;
use crate::tty::{LossOfSession, Tty, Wire};

/// The device number of the first serial terminal, `/dev/ttyS0`: 4, 64.
pub const DEVICE: u64 = 4 << 8 | 64;
/// How long output waits for the port's interrupt before the thread looks by itself.
const LOOK_NS: u64 = 10_000_000;

static CONSOLE: Once<Arc<Tty>> = Once::new();

/// Starts the console.
pub fn start() -> Result<()> {
    let mut settings = Settings::new();
    // People's terminals are UTF-8 nowadays, and erasing half a character helps nobody.
    settings.input |= Input::IUTF8;
    let tty = mm::alloc::try_arc(Tty::new(DEVICE, mm::alloc::try_arc(Port)?, settings)?)?;
    CONSOLE.call_once(|| tty);
    COM1.start()?;
    Thread::builder("console").spawn(serve).map_err(|_| Errno::ENOMEM)?;
    Ok(())
}

/// The console's terminal; `None` before [`start`].
pub fn tty() -> Option<&'static Arc<Tty>> {
    CONSOLE.get()
}

/// Sets the size of the console's window.
pub fn set_window_size(size: Winsize) {
    if let Some(tty) = tty() {
        tty.set_window_size(size);
    }
}

/// COM1 as a terminal's wire.
struct Port;

impl Wire for Port {
    fn try_transmit(&self, bytes: &[u8]) -> usize {
        COM1.try_send(bytes)
    }

    fn resume(&self) {
        COM1.changed().wake_all();
    }

    fn loss_of_session(&self) -> LossOfSession {
        LossOfSession::HangUp
    }
}

/// Received bytes on their way to the terminal.
struct Held {
    bytes: [u8; 128],
    start: usize,
    end: usize,
}

impl Held {
    /// Gets bytes from the port if there are none yet; whether there are any.
    fn fill(&mut self) -> bool {
        if self.start == self.end {
            self.start = 0;
            self.end = COM1.try_receive(&mut self.bytes);
        }
        self.start < self.end
    }
}

/// The console's thread.
fn serve() {
    let Some(tty) = tty() else { return };
    let mut held = Held { bytes: [0; 128], start: 0, end: 0 };
    loop {
        let look_again = tty.pump().then(|| clock::now_ns().saturating_add(LOOK_NS));
        let mut is_first_look = true;
        let how = Wait { deadline_ns: look_again, ..Wait::UNINTERRUPTIBLE };
        let ready = COM1.changed().wait_until(how, || {
            let has_input = held.fill() && tty.has_room();
            // The port has just taken all it could; any wake-up after that is a reason to pump again. Writers may have
            // filled the queue since, so the terminal is asked anew.
            let may_send = !core::mem::take(&mut is_first_look) && tty.is_waiting_for_wire();
            (has_input || may_send).then_some(())
        });
        if ready.is_ok() && held.start < held.end {
            held.start += tty.receive(&held.bytes[held.start..held.end]);
        }
    }
}
