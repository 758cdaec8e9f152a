//! A terminal's settings: termios as types.
//!
//! Bit values and character positions are those of `asm-generic/termbits.h`, so that a user's `struct termios`
//! converts field by field.

use bitflags::bitflags;

bitflags! {
    /// How received bytes are mapped before anything else looks at them (`c_iflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Input: u32 {
        /// A break is ignored.
        const IGNBRK = 0o1;
        /// A break interrupts the foreground group.
        const BRKINT = 0o2;
        /// Bytes with a parity error are dropped.
        const IGNPAR = 0o4;
        /// Errors are marked in the input with 0xff 0x00, and 0xff is doubled.
        const PARMRK = 0o10;
        /// Parity is checked.
        const INPCK = 0o20;
        /// The eighth bit is cleared.
        const ISTRIP = 0o40;
        /// NL becomes CR.
        const INLCR = 0o100;
        /// CR is dropped.
        const IGNCR = 0o200;
        /// CR becomes NL.
        const ICRNL = 0o400;
        /// Upper case becomes lower case.
        const IUCLC = 0o1000;
        /// ^S and ^Q stop and restart output.
        const IXON = 0o2000;
        /// Any byte restarts stopped output.
        const IXANY = 0o4000;
        /// The terminal is told to stop when the input buffer fills.
        const IXOFF = 0o10000;
        /// Ring the bell when the input buffer is full.
        const IMAXBEL = 0o20000;
        /// Input is UTF-8: erasing takes whole characters.
        const IUTF8 = 0o40000;
        const _ = !0;
    }

    /// How written bytes are mapped on their way out (`c_oflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Output: u32 {
        /// Any mapping at all.
        const OPOST = 0o1;
        /// Lower case becomes upper case.
        const OLCUC = 0o2;
        /// NL becomes CR NL.
        const ONLCR = 0o4;
        /// CR becomes NL.
        const OCRNL = 0o10;
        /// No CR at column 0.
        const ONOCR = 0o20;
        /// NL also returns the carriage.
        const ONLRET = 0o40;
        /// Both bits: tabs are written as spaces.
        const XTABS = 0o14000;
        const _ = !0;
    }

    /// Editing, echo and signals (`c_lflag`).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Local: u32 {
        /// Keys send signals.
        const ISIG = 0o1;
        /// Input is delivered line by line, with editing.
        const ICANON = 0o2;
        /// Input is echoed.
        const ECHO = 0o10;
        /// Erase wipes the character from the screen.
        const ECHOE = 0o20;
        /// Kill is followed by a new line.
        const ECHOK = 0o40;
        /// NL is echoed even without ECHO.
        const ECHONL = 0o100;
        /// Signals leave the queues as they are.
        const NOFLSH = 0o200;
        /// Background writers are stopped.
        const TOSTOP = 0o400;
        /// Control characters are echoed as ^X.
        const ECHOCTL = 0o1000;
        /// Erased characters are printed between \ and /.
        const ECHOPRT = 0o2000;
        /// Kill wipes the line from the screen.
        const ECHOKE = 0o4000;
        /// Input is being reprinted.
        const FLUSHO = 0o10000;
        /// Word erase, literal next, reprint and the second end of line work.
        const IEXTEN = 0o100000;
        /// The editing is done elsewhere.
        const EXTPROC = 0o200000;
        const _ = !0;
    }
}

/// Positions in [`Settings::characters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Character {
    /// Sends SIGINT.
    Interrupt = 0,
    /// Sends SIGQUIT.
    Quit = 1,
    /// Erases the last character.
    Erase = 2,
    /// Erases the line.
    Kill = 3,
    /// Ends the input.
    EndOfFile = 4,
    /// Raw reads: the time between bytes, in tenths of a second.
    Time = 5,
    /// Raw reads: the least number of bytes.
    Minimum = 6,
    /// Restarts output.
    Start = 8,
    /// Stops output.
    Stop = 9,
    /// Sends SIGTSTP.
    Suspend = 10,
    /// Another end of line.
    EndOfLine = 11,
    /// Prints the line again.
    Reprint = 12,
    /// Erases the last word.
    WordErase = 14,
    /// Takes the next byte literally.
    LiteralNext = 15,
    /// Yet another end of line.
    EndOfLine2 = 16,
}

/// How many special characters a terminal has.
pub const CHARACTERS: usize = 19;

/// The control character of `letter`, as in ^C.
const fn control(letter: u8) -> u8 {
    letter & 0x1f
}

/// The baud-rate code of 38400, and 8-bit characters with the receiver on: `B38400 | CS8 | CREAD`.
const CONTROL_DEFAULT: u32 = 0o17 | 0o60 | 0o200;

/// Every setting of one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Input mapping.
    pub input: Input,
    /// Output mapping.
    pub output: Output,
    /// Line speed and framing (`c_cflag`), stored and given back.
    pub control: u32,
    /// Editing, echo and signals.
    pub local: Local,
    /// The line discipline's number, stored and given back.
    pub line: u8,
    /// The special characters; 0 turns one off.
    pub characters: [u8; CHARACTERS],
    /// Input speed in baud.
    pub input_speed: u32,
    /// Output speed in baud.
    pub output_speed: u32,
}

impl Settings {
    /// What a terminal starts with: a person's line-edited, echoing terminal.
    pub const fn new() -> Self {
        let mut characters = [0; CHARACTERS];
        characters[Character::Interrupt as usize] = control(b'C');
        characters[Character::Quit as usize] = control(b'\\');
        characters[Character::Erase as usize] = 0x7f;
        characters[Character::Kill as usize] = control(b'U');
        characters[Character::EndOfFile as usize] = control(b'D');
        characters[Character::Minimum as usize] = 1;
        characters[Character::Start as usize] = control(b'Q');
        characters[Character::Stop as usize] = control(b'S');
        characters[Character::Suspend as usize] = control(b'Z');
        characters[Character::Reprint as usize] = control(b'R');
        characters[Character::WordErase as usize] = control(b'W');
        characters[Character::LiteralNext as usize] = control(b'V');
        // ^O stands in the table of characters though nothing here acts on it.
        characters[13] = control(b'O');
        Self {
            input: Input::ICRNL.union(Input::IXON),
            output: Output::OPOST.union(Output::ONLCR),
            control: CONTROL_DEFAULT,
            local: Local::ISIG
                .union(Local::ICANON)
                .union(Local::ECHO)
                .union(Local::ECHOE)
                .union(Local::ECHOK)
                .union(Local::ECHOCTL)
                .union(Local::ECHOKE)
                .union(Local::IEXTEN),
            line: 0,
            characters,
            input_speed: 38400,
            output_speed: 38400,
        }
    }

    /// Whether `byte` is the special character `which`; one that is off is never met.
    pub fn is(&self, byte: u8, which: Character) -> bool {
        byte != 0 && self.characters[which as usize] == byte
    }

    /// The special character `which`.
    pub fn character(&self, which: Character) -> u8 {
        self.characters[which as usize]
    }

    /// Whether input is delivered line by line.
    pub fn is_canonical(&self) -> bool {
        self.local.contains(Local::ICANON)
    }

    /// Whether `byte` continues a UTF-8 character.
    pub fn is_continuation(&self, byte: u8) -> bool {
        self.input.contains(Input::IUTF8) && byte & 0xc0 == 0x80
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new()
    }
}
