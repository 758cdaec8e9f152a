//! Sets as text: how tables, denials and manifests spell them, and how they are read back.

use crate::{Promises, Rights};
use core::fmt::{self, Write};

/// As many missing rights as are told by name when nearly all are there.
const FEW: usize = 8;

/// A set of rights in the shortest of three spellings: a bundle's name (`reader`), everything but a few
/// (`all-WRITE-FTRUNCATE`), or the list (`READ+FSTAT`). [`Rights::parse`] reads all three; `none` is the empty set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RightsText(pub Rights);

impl fmt::Display for RightsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rights = self.0;
        if rights.is_empty() {
            return f.write_str("none");
        }
        if let Some((name, _)) = Rights::BUNDLES.iter().find(|(_, bundle)| *bundle == rights) {
            return f.write_str(name);
        }
        let missing = Rights::ALL - rights;
        if missing.bits().count_ones() as usize <= FEW {
            f.write_str("all")?;
            return list(f, missing, '-', true);
        }
        list(f, rights, '+', false)
    }
}

fn list(f: &mut fmt::Formatter<'_>, rights: Rights, separator: char, leads: bool) -> fmt::Result {
    for (index, (name, _)) in rights.iter_names().enumerate() {
        if index > 0 || leads {
            f.write_char(separator)?;
        }
        f.write_str(name)?;
    }
    Ok(())
}

/// Promises by their words (`stdio+rpath`); `all` is what a process may do that never promised anything, `none` nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromisesText(pub Promises);

impl fmt::Display for PromisesText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promises = self.0;
        if promises == Promises::ALL {
            return f.write_str("all");
        }
        let mut has_any = false;
        for (word, _) in Promises::WORDS.iter().filter(|(_, promise)| promises.contains(*promise)) {
            if has_any {
                f.write_char('+')?;
            }
            f.write_str(word)?;
            has_any = true;
        }
        if has_any { Ok(()) } else { f.write_str("none") }
    }
}

/// Bytes between quotation marks, in which nothing ends the text or the line: what is not printable ASCII, quotation
/// marks and backslashes are escaped as in Rust's byte strings.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl Rights {
    /// The set that a text spells: names of rights or bundles joined by `+`, each after a `-` taken away again. `None`
    /// for a word that is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rights = Self::NONE;
        let mut rest = text;
        let mut adds = true;
        loop {
            let end = rest.find(['+', '-']).unwrap_or(rest.len());
            let named = match &rest[..end] {
                "none" => Self::NONE,
                word => Self::named(word)?,
            };
            rights = if adds { rights | named } else { rights - named };
            match rest[end..].chars().next() {
                None => return Some(rights),
                Some(sign) => {
                    adds = sign == '+';
                    rest = &rest[end + 1..];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn every_spelling_is_read_back() {
        let sets = [
            (Rights::NONE, "none"),
            (Rights::ALL, "all"),
            (Rights::READER, "reader"),
            (Rights::ALL - Rights::WRITE, "all-WRITE"),
            (Rights::READ | Rights::FSTAT, "READ+FSTAT"),
        ];
        for (rights, text) in sets {
            assert_eq!(RightsText(rights).to_string(), text);
            assert_eq!(Rights::parse(text), Some(rights));
        }
        for (_, right) in Rights::ALL.iter_names() {
            assert_eq!(Rights::parse(&RightsText(right).to_string()), Some(right));
        }
    }

    #[test]
    fn words_without_meaning_are_refused() {
        for text in ["", "READ+", "-READ", "reads", "READ,WRITE", "READ WRITE"] {
            assert_eq!(Rights::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn bundles_and_rights_can_be_combined() {
        assert_eq!(Rights::parse("reader+WRITE-MMAP"), Some((Rights::READER | Rights::WRITE) - Rights::MMAP));
    }
}
