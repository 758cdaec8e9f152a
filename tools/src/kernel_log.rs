//! The kernel's own log: passed on line by line, with the addresses in a panic's trace named.

use std::fs::File;
use std::io::{self, Write};

use crate::symbols::{Address, Symbols};

/// How far the kernel has got with dying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panic {
    /// It lives.
    None,
    /// It has begun to say why.
    Begun,
    /// It has said all.
    Complete,
}

/// How lines end on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnd {
    /// With a newline.
    Plain,
    /// With a carriage return too: the terminal is in raw mode.
    Raw,
}

/// For whom a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// For whoever reads the log.
    Log,
    /// For the person, wherever the log goes.
    Person,
}

/// Where the log goes.
pub struct KernelLog {
    symbols: Symbols,
    /// `--log FILE`; then only panics go to standard error.
    file: Option<File>,
    line_end: LineEnd,
    partial: Vec<u8>,
    panic: Panic,
    /// Whether anything came at all.
    is_empty: bool,
}

impl KernelLog {
    /// A log that goes to `file`, or to standard error.
    pub fn new(symbols: Symbols, file: Option<File>, line_end: LineEnd) -> Self {
        Self { symbols, file, line_end, partial: Vec::new(), panic: Panic::None, is_empty: true }
    }

    /// Whether the kernel has panicked.
    pub fn panic(&self) -> Panic {
        self.panic
    }

    /// Whether the kernel has said nothing yet.
    pub fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// The kernel's symbols.
    pub fn symbols(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    /// Adds a line of our own, to standard error in any case.
    pub fn show(&mut self, line: &str) {
        self.put(line, Audience::Person);
    }

    /// Takes what came over the line.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.is_empty &= bytes.is_empty();
        for byte in bytes {
            match byte {
                b'\n' => self.end_line(),
                b'\r' => {}
                byte => self.partial.push(*byte),
            }
        }
    }

    /// The line is closed: what is left is the last line.
    pub fn finish(&mut self) {
        if !self.partial.is_empty() {
            self.end_line();
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.partial);
        let text = String::from_utf8_lossy(&line);
        if self.panic == Panic::None && text.contains("PANIC: ") {
            self.panic = Panic::Begun;
        }
        let audience = if self.panic == Panic::None { Audience::Log } else { Audience::Person };
        self.put(&text, audience);
        if self.panic == Panic::None {
            return;
        }
        if text.contains("END PANIC") {
            self.panic = Panic::Complete;
        }
        if let Some(address) = parse_frame(&text) {
            for name in self.symbols.describe(address) {
                self.put(&format!("       {name}"), audience);
            }
        }
    }

    /// A failure to write the log is no reason to end the guest.
    fn put(&mut self, line: &str, audience: Audience) {
        if let Some(file) = &mut self.file {
            let _ = writeln!(file, "{line}");
        }
        if self.file.is_none() || audience == Audience::Person {
            let end = if self.line_end == LineEnd::Raw { "\r\n" } else { "\n" };
            let _ = write!(io::stderr().lock(), "{line}{end}");
        }
    }
}

/// `#N 0xADDRESS`: frame 0 is where the processor was, all others are where a call returns to.
fn parse_frame(line: &str) -> Option<Address> {
    let (_, rest) = line.split_once('#')?;
    let (number, rest) = rest.split_once(" 0x")?;
    let number: u32 = number.trim().parse().ok()?;
    let digits = rest.split(|character: char| !character.is_ascii_hexdigit()).next()?;
    let address = u64::from_str_radix(digits, 16).ok()?;
    Some(if number == 0 { Address::Instruction(address) } else { Address::Return(address) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn frames_are_recognised() {
        assert_eq!(parse_frame("  #0 0xffffffff80001000"), Some(Address::Instruction(0xffff_ffff_8000_1000)));
        assert_eq!(parse_frame("  #12 0xffffffff80001000 (x)"), Some(Address::Return(0xffff_ffff_8000_1000)));
        assert_eq!(parse_frame("PANIC: index #3 of 2"), None);
    }

    #[test]
    fn a_panic_is_noticed_from_its_first_to_its_last_line() {
        let path = std::env::temp_dir().join(format!("tessera-log-{}", std::process::id()));
        let file = File::create(&path).unwrap();
        let symbols = Symbols::new(Path::new("/nonexistent"), Path::new("/"));
        let mut log = KernelLog::new(symbols, Some(file), LineEnd::Plain);
        log.feed(b"[    0.000001] cpu0 boot: hel");
        log.feed(b"lo\r\n");
        assert_eq!((log.panic(), log.is_empty()), (Panic::None, false));
        log.feed(b"PANIC: a test\n  #0 0x10\n");
        assert_eq!(log.panic(), Panic::Begun);
        log.feed(b"END PANIC");
        log.finish();
        assert_eq!(log.panic(), Panic::Complete);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text, "[    0.000001] cpu0 boot: hello\nPANIC: a test\n  #0 0x10\nEND PANIC\n");
    }
}
