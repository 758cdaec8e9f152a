//! The host link: COM3, framed as [`abi::host_link`] says.
//!
//! One thread reads frames. Standard input goes to a bounded buffer that readers of `/dev/host/stdin` empty; as they
//! do, the host is told how much was taken, and it keeps no more than [`WINDOW`] bytes on the way, so that pings
//! never wait behind unread input. Pings are answered by this thread: an answer says that threads run.
//!
//! Frames are sent whole under the port's sending lock.

mod devices;
mod input;
mod sender;

use abi::host_link::{Channel, Decoder};
use abi::types::Winsize;
use abi::{Errno, Result};
use sched::Thread;

pub use devices::HostDevice;
pub use input::WINDOW;
use sender::send_frame;

use crate::console;
use crate::ports::COM3;

/// Starts the link; ENODEV where the machine has no third serial port.
pub fn start() -> Result<()> {
    input::start()?;
    COM3.start()?;
    Thread::builder("host-link").spawn(serve).map_err(|_| Errno::ENOMEM)?;
    Ok(())
}

/// Tells the host that the first program is about to start.
pub fn announce_ready() {
    send_frame(Channel::Ready, &[]);
}

/// Reports the exit code of the run; the machine should power off next.
pub fn report_exit(code: u8) {
    send_frame(Channel::Exit, &[code]);
}

/// The link's thread.
fn serve() {
    let Ok(mut decoder) = mm::alloc::try_box(Decoder::new()) else {
        log::error!("no memory for the host link");
        return;
    };
    let mut bytes = [0; 256];
    loop {
        let count = COM3.receive(&mut bytes);
        for &byte in &bytes[..count] {
            if let Some(frame) = decoder.push(byte) {
                handle(frame.channel, frame.payload);
            }
        }
    }
}

fn handle(channel: u8, payload: &[u8]) {
    match Channel::from_raw(channel) {
        Some(Channel::Stdin) if payload.is_empty() => input::end(),
        Some(Channel::Stdin) => input::deliver(payload),
        Some(Channel::Ping) => send_frame(Channel::Ping, payload),
        Some(Channel::WindowSize) => {
            if let &[row_low, row_high, column_low, column_high] = payload {
                let rows = u16::from_le_bytes([row_low, row_high]);
                let columns = u16::from_le_bytes([column_low, column_high]);
                console::set_window_size(Winsize { rows, columns, ..Winsize::default() });
            }
        }
        _ => log::warn!("host link: frame on channel {channel} ignored"),
    }
}
