//! The host's terminal: given to the guest raw, and given back as it was, however we end.

use std::io::{self, IsTerminal};
use std::sync::{Mutex, Once, PoisonError};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use crate::failure::{Context, Result};

/// The settings to give back.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// While this lives, the terminal is in raw mode.
#[derive(Debug)]
pub struct RawTerminal(());

/// Whether a person sits at both ends: keys come from a terminal and output goes to one.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl RawTerminal {
    /// Switches standard input's terminal to raw mode.
    pub fn enter() -> Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let default = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                restore();
                default(panic);
            }));
        });
        let settings = tcgetattr(io::stdin()).context(|| "cannot read the terminal's settings".into())?;
        let mut raw = settings.clone();
        raw.make_raw();
        *SAVED.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
        let guard = Self(());
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw).context(|| "cannot set the terminal".into())?;
        Ok(guard)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    if let Some(settings) = SAVED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // The terminal may have gone; then there is nothing to restore.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &settings);
    }
}

/// Rows and columns of the terminal, if it says.
pub fn window_size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row, size.ws_col))
}
