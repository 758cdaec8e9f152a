//! The `newc` form of cpio archives, as an iterator over a byte slice.
//!
//! An initramfs is a *sequence* of archives with zero padding between them, each closed by an
//! entry named `TRAILER!!!`. The iterator walks all of them and, where the bytes stop making
//! sense, yields one error that says where and why, then ends: what came before stays usable.
//! The published reader crates stop silently at the first oddity, at the first trailer, or
//! accept only UTF-8 names, none of which an initramfs loader can live with.

use core::fmt;

/// Length of a `newc` header: a six-byte magic and thirteen fields of eight hexadecimal digits.
const HEADER_LEN: usize = 110;
/// The name of the entry that closes an archive.
const TRAILER: &[u8] = b"TRAILER!!!";
/// A name longer than this cannot be a path that anyone will open (`PATH_MAX`).
const NAME_LIMIT: usize = 4096;

/// One member of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Path as stored, without the closing NUL; usually relative, perhaps `./`-prefixed.
    pub name: &'a [u8],
    /// File contents, or the target of a symbolic link.
    pub data: &'a [u8],
    /// Type and permission bits, as in `st_mode`.
    pub mode: u32,
    /// Inode number inside its archive: members that share it are hard links of one file.
    pub ino: u32,
    /// Number of links that the archive's maker counted.
    pub nlink: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time, seconds since 1970.
    pub mtime: u32,
    /// Major and minor number of the device that held the file; part of its hard-link identity.
    pub device: (u32, u32),
    /// Major and minor number that a device node stands for.
    pub rdev: (u32, u32),
    /// Which of the concatenated archives holds it, from 0; inode numbers are per archive.
    pub archive: u32,
}

/// Why the walk stopped early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The archive is compressed, and this is the format's name.
    Compressed(&'static str),
    /// Neither a `newc` magic nor padding.
    BadMagic,
    /// A header field that is not hexadecimal.
    BadField,
    /// A name that is empty, too long, or without its closing NUL.
    BadName,
    /// The slice ends inside a header, a name or a file.
    Truncated,
}

/// A problem and the offset of the entry that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Byte offset from the start of the slice.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match self.problem {
            Problem::Compressed(kind) => {
                write!(f, "{kind}-compressed archive at byte {offset}: only plain newc is accepted")
            }
            Problem::BadMagic => write!(f, "no newc header at byte {offset}"),
            Problem::BadField => write!(f, "header field is not hexadecimal at byte {offset}"),
            Problem::BadName => write!(f, "bad member name at byte {offset}"),
            Problem::Truncated => write!(f, "archive ends inside the member at byte {offset}"),
        }
    }
}

/// Walks the members of all archives in `bytes`.
pub fn entries(bytes: &[u8]) -> Entries<'_> {
    Entries { bytes, at: 0, archive: 0, is_over: false }
}

/// Iterator made by [`entries`].
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
    archive: u32,
    is_over: bool,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.is_over {
            self.skip_padding();
            if self.at == self.bytes.len() {
                break;
            }
            match self.member() {
                Ok(entry) if entry.name == TRAILER => self.archive += 1,
                Ok(entry) => return Some(Ok(entry)),
                Err(problem) => {
                    self.is_over = true;
                    return Some(Err(Malformed { offset: self.at, problem }));
                }
            }
        }
        self.is_over = true;
        None
    }
}

impl<'a> Entries<'a> {
    /// Zero bytes may stand between members and between archives.
    fn skip_padding(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|byte| *byte != 0).unwrap_or(rest.len());
    }

    /// Reads the member at `at`; moves past it only on success.
    fn member(&mut self) -> Result<Entry<'a>, Problem> {
        let rest = &self.bytes[self.at..];
        check_magic(rest)?;
        let header = rest.get(..HEADER_LEN).ok_or(Problem::Truncated)?;
        let field = |index: usize| hexadecimal(&header[6 + 8 * index..14 + 8 * index]);
        let name_len = field(11)? as usize;
        if !(2..=NAME_LIMIT).contains(&name_len) {
            return Err(Problem::BadName);
        }
        let stored = rest.get(HEADER_LEN..HEADER_LEN + name_len).ok_or(Problem::Truncated)?;
        let (name, closing) = stored.split_at(name_len - 1);
        if closing != [0] || name.contains(&0) {
            return Err(Problem::BadName);
        }
        // The fields are 32-bit, so none of these sums can overflow a 64-bit usize.
        let data_at = align(HEADER_LEN + name_len);
        let data_end = data_at + field(6)? as usize;
        let data = match name == TRAILER {
            true => &[],
            false => rest.get(data_at..data_end).ok_or(Problem::Truncated)?,
        };
        let entry = Entry {
            name,
            data,
            mode: field(1)?,
            ino: field(0)?,
            uid: field(2)?,
            gid: field(3)?,
            nlink: field(4)?,
            mtime: field(5)?,
            device: (field(7)?, field(8)?),
            rdev: (field(9)?, field(10)?),
            archive: self.archive,
        };
        self.at += align(data_at + data.len()).min(rest.len());
        Ok(entry)
    }
}

/// Members and their data start at multiples of four bytes.
const fn align(offset: usize) -> usize {
    (offset + 3) & !3
}

fn check_magic(rest: &[u8]) -> Result<(), Problem> {
    const COMPRESSED: [(&[u8], &str); 6] = [
        (&[0x1f, 0x8b], "gzip"),
        (b"BZh", "bzip2"),
        (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"),
        (&[0x5d, 0, 0], "lzma"),
        (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
        (&[0x02, 0x21, 0x4c, 0x18], "lz4"),
    ];
    // 070701 is newc; 070702 is the same with a checksum, which loaders do not verify.
    if rest.starts_with(b"070701") || rest.starts_with(b"070702") {
        return Ok(());
    }
    if rest.len() < 6 && b"07070".starts_with(&rest[..rest.len().min(5)]) {
        return Err(Problem::Truncated);
    }
    match COMPRESSED.iter().find(|(magic, _)| rest.starts_with(magic)) {
        Some((_, name)) => Err(Problem::Compressed(name)),
        None => Err(Problem::BadMagic),
    }
}

fn hexadecimal(digits: &[u8]) -> Result<u32, Problem> {
    digits.iter().try_fold(0u32, |value, digit| {
        let nibble = (*digit as char).to_digit(16).ok_or(Problem::BadField)?;
        Ok(value << 4 | nibble)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{format, vec::Vec};

    fn member(name: &str, data: &[u8], mode: u32) -> Vec<u8> {
        let mut out = format!(
            "070701{:08X}{mode:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}",
            7,
            1,
            2,
            1,
            1000,
            data.len(),
            8,
            1,
            5,
            9,
            name.len() + 1,
            0,
        )
        .into_bytes();
        out.extend_from_slice(name.as_bytes());
        out.push(0);
        out.resize(align(out.len()), 0);
        out.extend_from_slice(data);
        out.resize(align(out.len()), 0);
        out
    }

    #[test]
    fn members_come_with_their_fields() {
        let archive = [member("etc/motd", b"hello", 0o100644), member("TRAILER!!!", b"", 0)].concat();
        let all: Vec<_> = entries(&archive).collect();
        assert_eq!(all.len(), 1);
        let entry = all[0].unwrap();
        assert_eq!((entry.name, entry.data), (&b"etc/motd"[..], &b"hello"[..]));
        assert_eq!((entry.mode, entry.ino, entry.uid, entry.gid), (0o100644, 7, 1, 2));
        assert_eq!((entry.mtime, entry.device, entry.rdev), (1000, (8, 1), (5, 9)));
    }

    #[test]
    fn concatenated_archives_with_padding_are_walked() {
        let mut bytes = [member("a", b"1", 0o100644), member("TRAILER!!!", b"", 0)].concat();
        bytes.resize(1024, 0);
        bytes.extend([member("b", b"2", 0o100644), member("TRAILER!!!", b"", 0)].concat());
        bytes.resize(2048, 0);
        let found: Vec<_> = entries(&bytes).map(|e| e.map(|e| (e.name, e.archive))).collect();
        assert_eq!(found, [Ok((&b"a"[..], 0)), Ok((&b"b"[..], 1))]);
    }

    #[test]
    fn what_precedes_a_fault_is_kept_and_the_fault_is_located() {
        let mut bytes = member("a", b"1", 0o100644);
        let fault = bytes.len();
        bytes.extend_from_slice(b"garbage that is no header");
        let found: Vec<_> = entries(&bytes).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], Err(Malformed { offset: fault, problem: Problem::BadMagic }));
    }

    #[test]
    fn compressed_archives_are_named() {
        let found: Vec<_> = entries(&[0x1f, 0x8b, 8, 0]).collect();
        assert_eq!(found, [Err(Malformed { offset: 0, problem: Problem::Compressed("gzip") })]);
    }

    proptest! {
        #[test]
        fn every_truncation_is_reported_or_ends_between_members(cut in 0usize..300) {
            let whole = [member("dir/one", &[b'x'; 77], 0o100644), member("two", b"yy", 0o100644)].concat();
            let cut = cut.min(whole.len());
            let last = entries(&whole[..cut]).last();
            let boundary = member("dir/one", &[b'x'; 77], 0o100644).len();
            // Missing padding after the last data byte is harmless.
            let is_whole = |end: usize| cut <= end && cut + 4 > end && cut > 0;
            match last {
                None => prop_assert_eq!(cut, 0),
                Some(Ok(_)) => prop_assert!(is_whole(boundary) || is_whole(whole.len())),
                Some(Err(fault)) => prop_assert!(fault.offset <= cut),
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..200) {
            let mut archive = [member("dir/one", &[b'x'; 77], 0o100644), member("two", b"yy", 0o100644)].concat();
            let end = (at + bytes.len()).min(archive.len());
            if at < end { archive[at..end].copy_from_slice(&bytes[..end - at]); }
            prop_assert!(entries(&archive).count() <= archive.len());
            prop_assert!(entries(&bytes).count() <= bytes.len() + 1);
        }
    }
}
