//! Calls and results as text, in the manner of `strace`.

use super::{ArgumentKind, Row};
use crate::{Errno, Signal};
use core::fmt;

/// How text in user memory is shown; the kernel reads it, other users of the table cannot.
pub trait Strings {
    /// Writes the text at `address`, quoted, or the address if it cannot be read.
    fn show(&self, address: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl Strings for () {
    fn show(&self, address: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{address:#x}")
    }
}

/// A call with its arguments: `openat(AT_FDCWD, "/etc/passwd", CLOSE_ON_EXEC, 000)`.
pub struct CallText<'a> {
    /// The row.
    pub row: &'a Row,
    /// The registers.
    pub words: [u64; 6],
    /// How texts are shown.
    pub strings: &'a dyn Strings,
}

impl fmt::Display for CallText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.row.name)?;
        for (at, (argument, word)) in self.row.arguments.iter().zip(self.words).enumerate() {
            if at > 0 {
                f.write_str(", ")?;
            }
            self.show(argument.kind, word, f)?;
        }
        f.write_str(")")
    }
}

impl CallText<'_> {
    fn show(&self, kind: ArgumentKind, word: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match kind {
            ArgumentKind::At(_) if word as i32 == crate::consts::general::AT_FDCWD => f.write_str("AT_FDCWD"),
            ArgumentKind::Path => self.strings.show(word, f),
            ArgumentKind::Flags(_, show) => show(word, f),
            ArgumentKind::Mode => write!(f, "{:03o}", word as u32),
            ArgumentKind::Length | ArgumentKind::U64 => write!(f, "{word}"),
            ArgumentKind::I64 => write!(f, "{}", word as i64),
            ArgumentKind::U32 | ArgumentKind::Id => write!(f, "{}", word as u32),
            ArgumentKind::Signal => match Signal::new(word as i32) {
                Some(signal) => write!(f, "{signal}"),
                None => write!(f, "{}", word as i32),
            },
            kind if kind.is_pointer() || matches!(kind, ArgumentKind::Address) => match word {
                0 => f.write_str("NULL"),
                _ => write!(f, "{word:#x}"),
            },
            _ => write!(f, "{}", word as i32),
        }
    }
}

/// What a call returned: `3`, or `-1 ENOENT`.
pub struct ResultText(
    /// The raw result.
    pub i64,
);

impl fmt::Display for ResultText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Errno::from_return(self.0) {
            Ok(value) if !(-1..=1 << 32).contains(&value) => write!(f, "{value:#x}"),
            Ok(value) => write!(f, "{value}"),
            Err(errno) => write!(f, "-1 {}", errno.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{find, number};

    #[test]
    fn calls_read_as_strace_writes_them() {
        let row = find(number::openat).unwrap();
        let text = CallText { row, words: [-100i64 as u64, 0x1000, 0o2000000, 0, 0, 0], strings: &() };
        assert_eq!(text.to_string(), "openat(AT_FDCWD, 0x1000, CLOSE_ON_EXEC, 000)");
        let row = find(number::kill).unwrap();
        let text = CallText { row, words: [u64::MAX, 9, 0, 0, 0, 0], strings: &() };
        assert_eq!(text.to_string(), "kill(-1, SIGKILL)");
        assert_eq!(ResultText(-2).to_string(), "-1 ENOENT");
        assert_eq!(ResultText(5).to_string(), "5");
    }
}
