//! Manifests: what a program needs, as a text that people read and learn mode writes.
//!
//! One need a line; blank lines and what follows a `#` at the start of a line are passed over.
//!
//! | line | need |
//! |---|---|
//! | `promise WORD…` | calls, by the words of [`crate::pledge()`] |
//! | `view PATH LETTERS` | a path and what is beneath it; a path with blanks stands in quotation marks |
//! | `slot N RIGHTS` | a file descriptor; rights as in `READ+FSTAT`, `reader` or `all-WRITE` |
//! | `ioctl N REQUEST` | a request on a slot, decimal or `0x…` |
//! | `fcntl N COMMAND` | a command on a slot |
//! | `root NAME` | a root capability: `spawn`, `signal`, `network`, … |

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::str::FromStr;

use caps::{FcntlSet, PathPermissions, Promises, Quoted, Rights, RightsText, Root, RootSet};

use crate::{Narrowing, SlotLimit, When};

/// What a program needs. What a field leaves open (`None`) is not narrowed; a manifest read from a text leaves nothing open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The calls.
    pub promises: Option<Promises>,
    /// The paths.
    pub view: Option<Vec<(PathBuf, PathPermissions)>>,
    /// The slots; all others are closed.
    pub slots: Option<BTreeMap<u32, SlotNeeds>>,
    /// The root capabilities beside those of paths, which [`Manifest::view`] speaks of.
    pub roots: Option<RootSet>,
}

/// What a program needs of a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotNeeds {
    /// Rights.
    pub rights: Rights,
    /// Requests of `ioctl`; `None` for whichever.
    pub ioctls: Option<Vec<u32>>,
    /// Commands of `fcntl`; `None` for whichever.
    pub fcntls: Option<FcntlSet>,
}

/// A line that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

impl Manifest {
    /// A manifest of no needs at all.
    pub fn nothing() -> Self {
        Self {
            promises: Some(Promises::empty()),
            view: Some(Vec::new()),
            slots: Some(BTreeMap::new()),
            roots: Some(RootSet::empty()),
        }
    }

    /// What takes everything else from the program that the next exec starts. Slot `spared` stays until then.
    ///
    /// Slots and paths are narrowed at once, calls and root capabilities for the next program alone, since starting it
    /// needs some.
    pub fn narrowing_for_exec(&self, spared: Option<u32>) -> Narrowing {
        let mut list = Narrowing::new();
        if let Some(slots) = &self.slots {
            list = slots.iter().fold(list, |list, (slot, needs)| list.slot_number(*slot as i32, needs.limit()));
            let mut first = 0;
            let kept: std::collections::BTreeSet<u32> = slots.keys().copied().chain(spared).collect();
            for slot in kept {
                if first < slot {
                    list = list.close(first, slot - 1);
                }
                first = slot + 1;
            }
            list = list.close(first, u32::MAX);
        }
        if let Some(view) = &self.view {
            list = view.iter().fold(list, |list, (path, permissions)| list.view(path, *permissions)).lock_view();
        }
        if let Some(roots) = self.roots {
            let paths = RootSet::NAMESPACE | RootSet::WORKING_DIRECTORY;
            let dropped = Root::ALL.iter().filter(|root| !roots.has(**root) && !paths.has(**root));
            list = dropped.fold(list, |list, root| list.root(*root, Rights::NONE, When::AfterExec));
        }
        if let Some(promises) = self.promises {
            list = list.promises(promises, When::AfterExec);
        }
        list
    }

    fn enter(&mut self, line: &str) -> Result<(), String> {
        let (need, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match need {
            "promise" => {
                let promises = self.promises.get_or_insert_default();
                for word in rest.split_whitespace() {
                    *promises |= Promises::from_word(word).ok_or_else(|| format!("`{word}` is not a promise"))?;
                }
            }
            "view" => {
                let (path, letters) = rest.rsplit_once(char::is_whitespace).ok_or("a path and permissions are due")?;
                let permissions = permissions(letters)?;
                self.view.get_or_insert_default().push((unquote(path.trim())?, permissions));
            }
            "slot" => {
                let (slot, rights) = numbered(rest)?;
                let rights = rights.split_whitespace().try_fold(Rights::NONE, |all, text| {
                    Rights::parse(text).map(|rights| all | rights).ok_or_else(|| format!("`{text}` names no rights"))
                })?;
                self.slot(slot).rights |= rights;
            }
            "ioctl" => {
                let (slot, request) = numbered(rest)?;
                let request = number(request)?;
                self.slot(slot).ioctls.get_or_insert_default().push(request);
            }
            "fcntl" => {
                let (slot, command) = numbered(rest)?;
                let command = number(command)?;
                let needs = self.slot(slot);
                needs.fcntls = Some(needs.fcntls.unwrap_or(FcntlSet::NONE).with(command));
            }
            "root" => {
                let root = Root::named(rest).ok_or_else(|| format!("`{rest}` is not a root capability"))?;
                *self.roots.get_or_insert_default() |= root.set();
            }
            _ => return Err(format!("`{need}` is not a need")),
        }
        Ok(())
    }

    fn slot(&mut self, slot: u32) -> &mut SlotNeeds {
        self.slots.get_or_insert_default().entry(slot).or_default()
    }
}

impl SlotNeeds {
    fn limit(&self) -> SlotLimit {
        let mut limit = SlotLimit::new().rights(self.rights);
        if let Some(requests) = &self.ioctls {
            limit = limit.ioctls(requests);
        }
        if let Some(commands) = self.fcntls {
            limit = limit.fcntls(commands);
        }
        limit
    }
}

/// The permissions with these letters.
pub fn permissions(letters: &str) -> Result<PathPermissions, String> {
    PathPermissions::parse(letters.as_bytes())
        .ok_or_else(|| format!("`{letters}` has a letter that is none of r w x c b"))
}

fn numbered(text: &str) -> Result<(u32, &str), String> {
    let (slot, rest) = text.split_once(char::is_whitespace).ok_or("a slot and what is needed of it are due")?;
    Ok((number(slot)?, rest.trim()))
}

fn number(text: &str) -> Result<u32, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| format!("`{text}` is not a number"))
}

/// A path as it stands, or in quotation marks with the escapes of [`Quoted`].
fn unquote(text: &str) -> Result<PathBuf, String> {
    let Some(inner) = text.strip_prefix('"') else { return Ok(text.into()) };
    let inner = inner.strip_suffix('"').ok_or("a quotation mark is missing")?;
    let mut bytes = Vec::new();
    let mut rest = inner.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next() {
                Some(b'n') => b'\n',
                Some(b't') => b'\t',
                Some(b'r') => b'\r',
                Some(b'x') => {
                    let digits: Vec<u8> = rest.by_ref().take(2).collect();
                    let digits = std::str::from_utf8(&digits).map_err(|_| "an escape is not hexadecimal")?;
                    u8::from_str_radix(digits, 16).map_err(|_| "an escape is not hexadecimal")?
                }
                Some(other) => other,
                None => return Err("an escape is cut short".into()),
            },
            byte => byte,
        });
    }
    Ok(OsString::from_vec(bytes).into())
}

impl FromStr for Manifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let mut manifest = Self::nothing();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                manifest.enter(line).map_err(|why| ManifestError { line: index + 1, why })?;
            }
        }
        Ok(manifest)
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (word, promise) in Promises::WORDS {
            if self.promises.is_some_and(|promises| promises.contains(*promise)) {
                writeln!(f, "promise {word}")?;
            }
        }
        for (path, permissions) in self.view.iter().flatten() {
            writeln!(f, "view {} {permissions}", Quoted(path.as_os_str().as_bytes()))?;
        }
        for (slot, needs) in self.slots.iter().flatten() {
            writeln!(f, "slot {slot} {}", RightsText(needs.rights))?;
            for request in needs.ioctls.iter().flatten() {
                writeln!(f, "ioctl {slot} {request:#x}")?;
            }
            for command in (0..2048).filter(|command| needs.fcntls.is_some_and(|set| set.contains(*command))) {
                writeln!(f, "fcntl {slot} {command}")?;
            }
        }
        for root in Root::ALL {
            if self.roots.is_some_and(|roots| roots.has(*root)) {
                writeln!(f, "root {}", root.name())?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for ManifestError {}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
promise stdio
promise rpath
view \"/etc/passwd\" r
view \"/srv/a b\" rw
slot 1 WRITE+FSTAT
ioctl 1 0x5401
fcntl 1 3
root spawn
";

    #[test]
    fn a_manifest_is_written_as_it_was_read() {
        let manifest: Manifest = TEXT.parse().expect("every line means something");
        assert_eq!(manifest.to_string().parse(), Ok(manifest.clone()));
        assert_eq!(manifest.to_string().lines().count(), TEXT.lines().count());
        assert_eq!(manifest.promises, Some(Promises::STDIO | Promises::RPATH));
    }

    #[test]
    fn a_line_without_meaning_is_named() {
        for (line, why) in [
            ("promise tmppath", "`tmppath` is not a promise"),
            ("view /etc", "a path and permissions are due"),
            ("view /etc q", "`q` has a letter that is none of r w x c b"),
            ("slot one READ", "`one` is not a number"),
            ("slot 1 REED", "`REED` names no rights"),
            ("root moon", "`moon` is not a root capability"),
            ("wish x", "`wish` is not a need"),
        ] {
            let text = format!("# a remark\n\n{line}\n");
            assert_eq!(text.parse::<Manifest>(), Err(ManifestError { line: 3, why: why.into() }));
        }
    }

    #[test]
    fn paths_in_quotation_marks_are_read_back() {
        for path in ["/plain", "/with blanks", "/with\"mark", "/with\nline", "/\u{e9}t\u{e9}"] {
            let view = vec![(PathBuf::from(path), PathPermissions::READ)];
            let manifest = Manifest { view: Some(view), ..Manifest::nothing() };
            assert_eq!(manifest.to_string().parse(), Ok(manifest), "{path:?}");
        }
    }
}
