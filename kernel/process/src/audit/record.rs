//! Records of denials: what a denial needs to be understood, in a fixed size.
//!
//! A record holds no reference and needs no memory of its own, so that making one cannot fail.

use super::ring::Entry;
use abi::table::find;
use caps::{Cause, Kind, Promises, PromisesText, Quoted, Rights, RightsText, Root, RootSet};
use core::fmt::{self, Write};

/// Bytes of a path that are kept.
pub const PATH_BYTES: usize = 192;

/// What was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Rights of the capability in the slot.
    Rights(Rights),
    /// A control request on the slot's list.
    Ioctl(u32),
    /// A `fcntl` command on the slot's list.
    Fcntl(u32),
    /// One of these promises.
    Promises(Promises),
    /// These root capabilities.
    Roots(RootSet),
    /// Rights of a root capability.
    RootRights(Root, Rights),
    /// Permissions of the path, by their letters.
    Path(Letters),
    /// What the record's text says, as a line of a manifest.
    Line,
}

/// What there was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    /// Rights.
    Rights(Rights),
    /// Promises.
    Promises(Promises),
    /// Root capabilities.
    Roots(RootSet),
    /// Nothing that could be listed.
    Nothing,
}

/// The letters of path permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Letters([u8; 5]);

impl Letters {
    /// The first letters of a text.
    pub fn new(text: &str) -> Self {
        let mut letters = Self::default();
        letters.0.iter_mut().zip(text.bytes()).for_each(|(place, letter)| *place = letter);
        letters
    }
}

impl fmt::Display for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().filter(|letter| letter.is_ascii_graphic()).try_for_each(|letter| f.write_char((*letter).into()))
    }
}

/// A text of which the end is kept: of a path, the part that tells most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip {
    bytes: [u8; PATH_BYTES],
    length: u8,
    is_cut: bool,
}

impl Clip {
    /// The end of a text.
    pub fn new(text: &[u8]) -> Self {
        let kept = &text[text.len().saturating_sub(PATH_BYTES)..];
        let mut bytes = [0; PATH_BYTES];
        bytes[..kept.len()].copy_from_slice(kept);
        Self { bytes, length: kept.len() as u8, is_cut: kept.len() < text.len() }
    }

    /// What is kept.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Display for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut = if self.is_cut { "..." } else { "" };
        write!(f, "\"{cut}{}\"", self.as_bytes().escape_ascii())
    }
}

/// One denial.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// The denial's number, over all processes.
    pub sequence: u64,
    /// When, since boot.
    pub time_ns: u64,
    /// The process.
    pub process: i32,
    /// The thread.
    pub thread: i32,
    /// When the process started: tells it from others that had its id.
    pub started_ns: u64,
    /// What the thread is called.
    pub name: [u8; 16],
    /// The how-manieth denial of the process it is: what is missing in between was lost.
    pub count: u64,
    /// The system call.
    pub call: Option<u64>,
    /// The slot used.
    pub slot: Option<i32>,
    /// The kind of the object in it.
    pub kind: Option<Kind>,
    /// Where the object is, or the path that was denied.
    pub text: Option<Clip>,
    /// What was missing.
    pub missing: Missing,
    /// What there was.
    pub there: There,
    /// The narrowing that took what is missing.
    pub cause: Option<Cause>,
}

impl Entry for Record {
    fn source(&self) -> (i32, u64) {
        (self.process, self.started_ns)
    }
}

/// A time since boot, in seconds.
pub struct Seconds(pub u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// Each field of the line, always, in this order; `-` for none. Blanks are between quotation marks only.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.split(|byte| *byte == 0).next().unwrap_or_default();
        let Self { sequence, process, thread, count, .. } = self;
        write!(f, "seq={sequence} time={} pid={process} tid={thread}", Seconds(self.time_ns))?;
        write!(f, " name={} nth={count} call=", Quoted(name))?;
        match self.call.map(|call| (call, find(call))) {
            Some((_, Some(row))) => f.write_str(row.name)?,
            Some((call, None)) => write!(f, "{call}")?,
            None => f.write_char('-')?,
        }
        f.write_str(" slot=")?;
        or_none(f, self.slot)?;
        f.write_str(" kind=")?;
        or_none(f, self.kind.map(KindText))?;
        f.write_str(" object=")?;
        or_none(f, self.text)?;
        write!(f, " needs={} held={}", self.missing, self.there)?;
        match &self.cause {
            None => f.write_str(" taken-by=- taken-seq=- taken-pid=- taken-at=-")?,
            Some(cause) => write!(
                f,
                " taken-by={} taken-seq={} taken-pid={} taken-at={}",
                cause.spelling.name(),
                cause.sequence,
                cause.process,
                Seconds(cause.time_ns)
            )?,
        }
        write!(f, " allow=\"{}\"", Allow(self))
    }
}

fn or_none(f: &mut fmt::Formatter<'_>, value: Option<impl fmt::Display>) -> fmt::Result {
    match value {
        Some(value) => value.fmt(f),
        None => f.write_char('-'),
    }
}

/// A kind's name in small letters.
pub struct KindText(pub Kind);

impl fmt::Display for KindText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.name().bytes().try_for_each(|byte| f.write_char(byte.to_ascii_lowercase().into()))
    }
}

struct RootsText(RootSet);

impl fmt::Display for RootsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        for root in Root::ALL.iter().filter(|root| self.0.has(**root)) {
            let separator = if is_first { "" } else { "+" };
            write!(f, "{separator}{}", root.name())?;
            is_first = false;
        }
        if is_first { f.write_str("none") } else { Ok(()) }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rights(rights) => write!(f, "rights:{}", RightsText(*rights)),
            Self::Ioctl(request) => write!(f, "ioctl:{request:#x}"),
            Self::Fcntl(command) => write!(f, "fcntl:{command}"),
            Self::Promises(promises) => write!(f, "promise:{}", PromisesText(*promises)),
            Self::Roots(roots) => write!(f, "root:{}", RootsText(*roots)),
            Self::RootRights(root, rights) => write!(f, "root:{}:{}", root.name(), RightsText(*rights)),
            Self::Path(letters) => write!(f, "path:{letters}"),
            Self::Line => f.write_str("other"),
        }
    }
}

impl fmt::Display for There {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rights(rights) => RightsText(*rights).fmt(f),
            Self::Promises(promises) => PromisesText(*promises).fmt(f),
            Self::Roots(roots) => RootsText(*roots).fmt(f),
            Self::Nothing => f.write_char('-'),
        }
    }
}

/// The line of a manifest that would allow it.
struct Allow<'a>(&'a Record);

impl fmt::Display for Allow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.0.slot.unwrap_or(-1);
        let text = self.0.text.as_ref().map_or(&b""[..], Clip::as_bytes).escape_ascii();
        match self.0.missing {
            Missing::Rights(rights) => {
                write!(f, "slot {slot}")?;
                rights.iter_names().try_for_each(|(name, _)| write!(f, " {name}"))
            }
            Missing::Ioctl(request) => write!(f, "ioctl {slot} {request:#x}"),
            Missing::Fcntl(command) => write!(f, "fcntl {slot} {command}"),
            Missing::Promises(promises) => write!(f, "promise {}", least(promises)),
            Missing::Roots(roots) => {
                let first = Root::ALL.iter().find(|root| roots.has(**root));
                write!(f, "root {}", first.map_or("none", |root| root.name()))
            }
            Missing::RootRights(root, rights) => {
                write!(f, "root {}", root.name())?;
                rights.iter_names().try_for_each(|(name, _)| write!(f, " {name}"))
            }
            Missing::Path(letters) => write!(f, "view {text} {letters}"),
            Missing::Line => write!(f, "{text}"),
        }
    }
}

/// Where one of several promises would do, the first in the order of their words: it gives least.
pub fn least(promises: Promises) -> &'static str {
    Promises::WORDS.iter().find(|(_, promise)| promises.contains(*promise)).map_or("none", |(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use caps::Spelling;

    fn record(missing: Missing) -> Record {
        let mut name = [0; 16];
        name[..4].copy_from_slice(b"a\"\nb");
        Record {
            sequence: 3,
            time_ns: 1_000_000_020,
            process: 7,
            thread: 8,
            started_ns: 5,
            name,
            count: 2,
            call: Some(0),
            slot: Some(4),
            kind: Some(Kind::File),
            text: Some(Clip::new(b"/tmp/a b")),
            missing,
            there: There::Rights(Rights::FSTAT),
            cause: Some(Cause { sequence: 1, process: 6, spelling: Spelling::Limit, time_ns: 9 }),
        }
    }

    #[test]
    fn a_record_is_one_line_of_fields() {
        let line = record(Missing::Rights(Rights::READ)).to_string();
        assert_eq!(
            line,
            "seq=3 time=1.000000020 pid=7 tid=8 name=\"a\\\"\\nb\" nth=2 call=read slot=4 kind=file \
             object=\"/tmp/a b\" needs=rights:READ held=FSTAT taken-by=limit taken-seq=1 taken-pid=6 \
             taken-at=0.000000009 allow=\"slot 4 READ\""
        );
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        let none = Record { call: None, slot: None, kind: None, text: None, cause: None, ..record(Missing::Line) };
        let line = none.to_string();
        for field in ["call=-", "slot=-", "kind=-", "object=-", "taken-by=-"] {
            assert!(line.contains(field), "{line}");
        }
    }

    #[test]
    fn each_denial_says_what_would_allow_it() {
        let cases = [
            (Missing::Ioctl(0x5401), "ioctl 4 0x5401"),
            (Missing::Fcntl(3), "fcntl 4 3"),
            (Missing::Promises(Promises::CPATH | Promises::RPATH), "promise rpath"),
            (Missing::Roots(RootSet::NETWORK), "root network"),
            (Missing::RootRights(Root::System, Rights::AUDIT_READ), "root system AUDIT_READ"),
            (Missing::Path(Letters::new("rw")), "view /tmp/a b rw"),
        ];
        for (missing, allow) in cases {
            let line = record(missing).to_string();
            assert!(line.ends_with(&format!(" allow=\"{allow}\"")), "{line}");
        }
    }

    #[test]
    fn of_a_long_path_the_end_is_kept() {
        let long = [b'x'; 300];
        let clip = Clip::new(&long);
        assert_eq!(clip.as_bytes().len(), PATH_BYTES);
        assert!(clip.to_string().starts_with("\"...x"));
    }
}
