//! A terminal's modes as programs get and set them: in four spellings, some of them locked (termios(3), ioctl_tty(2)).

use abi::consts::ioctl;
use abi::types::{Termio, Termios, Termios2};
use abi::{Errno, Result, Signal};

use super::control::{at, put};
use super::{Tty, file};
use crate::line_discipline::{Input, Local, Output, Settings};

/// TCGETS2 and its three setters, which the constants' crate leaves out.
const TCGETS2: u32 = 0x802c_542a;
const TCSETS2: u32 = 0x402c_542b;
const TCSETSW2: u32 = 0x402c_542c;
const TCSETSF2: u32 = 0x402c_542d;
/// Bits of `c_cflag` that say "the speed is in its own field".
const BOTHER: u32 = 0o010000;
const CBAUD: u32 = 0o010017;
/// The line has no modem: nobody waits for its carrier.
const CLOCAL: u32 = 0o4000;
/// What `struct termio` has of each word of flags.
const SHORT: u32 = 0xffff;

/// When new modes take effect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    /// After everything written was sent.
    Drained,
    /// After that, and with the input thrown away.
    Flushed,
}

impl Tty {
    /// Carries out a control request on the modes for a file of `generation`.
    ///
    /// # Errors
    /// `ENOTTY`: it is none.
    pub(super) fn control_modes(&self, request: u32, argument: usize, generation: u64) -> Result<usize> {
        match request {
            ioctl::TCGETS => put(argument, &termios_of(&self.modes())),
            ioctl::TCSETS => self.set_termios(argument, When::Now, generation),
            ioctl::TCSETSW => self.set_termios(argument, When::Drained, generation),
            ioctl::TCSETSF => self.set_termios(argument, When::Flushed, generation),
            TCGETS2 => self.get_termios2(argument),
            TCSETS2 => self.set_termios2(argument, When::Now, generation),
            TCSETSW2 => self.set_termios2(argument, When::Drained, generation),
            TCSETSF2 => self.set_termios2(argument, When::Flushed, generation),
            ioctl::TCGETA => put(argument, &termio_of(&termios_of(&self.modes()))),
            ioctl::TCSETA => self.set_termio(argument, When::Now, generation),
            ioctl::TCSETAW => self.set_termio(argument, When::Drained, generation),
            ioctl::TCSETAF => self.set_termio(argument, When::Flushed, generation),
            ioctl::TIOCGLCKTRMIOS => put(argument, &{ self.state.lock().locked_modes }),
            ioctl::TIOCSLCKTRMIOS => {
                if !file::is_privileged() {
                    return Err(Errno::EPERM);
                }
                let locked = at(argument).read()?;
                self.state.lock().locked_modes = locked;
                Ok(0)
            }
            ioctl::TIOCGSOFTCAR => put(argument, &i32::from(self.modes().control & CLOCAL != 0)),
            ioctl::TIOCSSOFTCAR => {
                let is_local: i32 = at(argument).read()?;
                let mut modes = self.modes();
                modes.control = modes.control & !CLOCAL | if is_local == 0 { 0 } else { CLOCAL };
                self.apply(modes, When::Now, generation)
            }
            _ => Err(Errno::ENOTTY),
        }
    }

    fn modes(&self) -> Settings {
        self.state.lock().discipline.settings().clone()
    }

    fn get_termios2(&self, argument: usize) -> Result<usize> {
        let modes = self.modes();
        let Termios { input, output, control, local, line, characters } = termios_of(&modes);
        let (input_speed, output_speed) = (modes.input_speed, modes.output_speed);
        put(argument, &Termios2 { input, output, control, local, line, characters, input_speed, output_speed })
    }

    fn set_termios(&self, argument: usize, when: When, generation: u64) -> Result<usize> {
        self.check_background(Signal::TTOU)?;
        self.apply(with_coded_speed(&at(argument).read()?), when, generation)
    }

    fn set_termios2(&self, argument: usize, when: When, generation: u64) -> Result<usize> {
        self.check_background(Signal::TTOU)?;
        let Termios2 { input, output, control, local, line, characters, input_speed, output_speed } =
            at::<Termios2>(argument).read()?;
        let mut modes = with_coded_speed(&Termios { input, output, control, local, line, characters });
        if control & CBAUD == BOTHER {
            (modes.input_speed, modes.output_speed) = (input_speed, output_speed);
        }
        self.apply(modes, when, generation)
    }

    fn set_termio(&self, argument: usize, when: When, generation: u64) -> Result<usize> {
        self.check_background(Signal::TTOU)?;
        let new: Termio = at(argument).read()?;
        let old = termios_of(&self.modes());
        self.apply(with_coded_speed(&spread(&new, &old)), when, generation)
    }

    fn apply(&self, modes: Settings, when: When, generation: u64) -> Result<usize> {
        if when != When::Now {
            self.drain(generation)?;
        }
        let mut state = self.state.lock();
        if when == When::Flushed {
            state.discipline.flush_input();
        }
        let kept = keep_locked(&state.locked_modes, state.discipline.settings(), modes);
        state.discipline.set_settings(kept);
        state.pump(&*self.wire);
        drop(state);
        self.wire.resume();
        self.wait_queue().wake_all();
        Ok(0)
    }
}

/// `new` with each mode that `locked` names as it was in `old`.
fn keep_locked(locked: &Termios, old: &Settings, new: Settings) -> Settings {
    fn choose(locked: u32, old: u32, new: u32) -> u32 {
        old & locked | new & !locked
    }
    let mut kept = Settings {
        input: Input::from_bits_retain(choose(locked.input, old.input.bits(), new.input.bits())),
        output: Output::from_bits_retain(choose(locked.output, old.output.bits(), new.output.bits())),
        control: choose(locked.control, old.control, new.control),
        local: Local::from_bits_retain(choose(locked.local, old.local.bits(), new.local.bits())),
        line: if locked.line == 0 { new.line } else { old.line },
        ..new
    };
    for (position, _) in locked.characters.iter().enumerate().filter(|&(_, &locked)| locked != 0) {
        kept.characters[position] = old.characters[position];
    }
    kept
}

fn termios_of(modes: &Settings) -> Termios {
    Termios {
        input: modes.input.bits(),
        output: modes.output.bits(),
        control: modes.control,
        local: modes.local.bits(),
        line: modes.line,
        characters: modes.characters,
    }
}

/// The modes that `new` says, with the speed that is coded in its control flags.
fn with_coded_speed(new: &Termios) -> Settings {
    let speed = speed_of(new.control);
    Settings {
        input: Input::from_bits_retain(new.input),
        output: Output::from_bits_retain(new.output),
        control: new.control,
        local: Local::from_bits_retain(new.local),
        line: new.line,
        characters: new.characters,
        input_speed: speed,
        output_speed: speed,
    }
}

/// The part of `modes` that System V's structure has room for.
fn termio_of(modes: &Termios) -> Termio {
    let mut characters = [0; 8];
    characters.copy_from_slice(&modes.characters[..8]);
    Termio {
        input: modes.input as u16,
        output: modes.output as u16,
        control: modes.control as u16,
        local: modes.local as u16,
        line: modes.line,
        characters,
        padding: 0,
    }
}

/// `old` with what `new` has room for replaced.
fn spread(new: &Termio, old: &Termios) -> Termios {
    let mut whole = Termios {
        input: old.input & !SHORT | u32::from(new.input),
        output: old.output & !SHORT | u32::from(new.output),
        control: old.control & !SHORT | u32::from(new.control),
        local: old.local & !SHORT | u32::from(new.local),
        line: new.line,
        characters: old.characters,
    };
    whole.characters[..new.characters.len()].copy_from_slice(&new.characters);
    whole
}

/// The speed behind the code in `c_cflag`.
fn speed_of(control: u32) -> u32 {
    const SLOW: [u32; 16] = [0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19_200, 38_400];
    const FAST: [u32; 16] = [
        38_400, 57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_152_000, 1_500_000,
        2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
    ];
    let code = (control & 0o17) as usize;
    if control & BOTHER == 0 { SLOW[code] } else { FAST[code] }
}
