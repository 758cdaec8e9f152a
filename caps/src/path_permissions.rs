//! What a view allows at a path: the permissions of `unveil`.

use crate::Rights;
use bitflags::bitflags;
use core::fmt;

bitflags! {
    /// What may be done at a path and below it. Whatever has one of them is visible: its attributes can be asked for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PathPermissions: u8 {
        /// `r`: open for reading, list, read links.
        const READ = 1;
        /// `w`: open for writing, truncate, change attributes.
        const WRITE = 2;
        /// `x`: execute.
        const EXECUTE = 4;
        /// `c`: make, remove, rename and link names.
        const CREATE = 8;
        /// `b`: see that it exists, list, go through it.
        const BROWSE = 16;
    }
}

/// The letters of the permissions, in the order in which they are written.
const LETTERS: [(u8, PathPermissions); 5] = [
    (b'r', PathPermissions::READ),
    (b'w', PathPermissions::WRITE),
    (b'x', PathPermissions::EXECUTE),
    (b'c', PathPermissions::CREATE),
    (b'b', PathPermissions::BROWSE),
];

impl PathPermissions {
    /// The permissions with these letters; `None` if one means nothing. No letters are no permission.
    pub fn parse(text: &[u8]) -> Option<Self> {
        text.iter().try_fold(Self::empty(), |all, letter| {
            LETTERS.iter().find(|(known, _)| known == letter).map(|(_, permission)| all | *permission)
        })
    }

    /// The letters, written to `room`; to be visible is what browsing is.
    pub fn letters(self, room: &mut [u8; 5]) -> &str {
        let all = if self.is_empty() { Self::BROWSE } else { self };
        let mut length = 0;
        for (letter, _) in LETTERS.iter().filter(|(_, permission)| all.contains(*permission)) {
            room[length] = *letter;
            length += 1;
        }
        core::str::from_utf8(&room[..length]).unwrap_or_default()
    }

    /// What a path must allow for a use of these rights on what it names. Rights that make or remove a name there need
    /// [`PathPermissions::CREATE`]; to ask for attributes nothing more is needed than to be visible.
    pub fn for_rights(rights: Rights) -> Self {
        let writing = Rights::WRITE
            | Rights::FTRUNCATE
            | Rights::FCHMOD
            | Rights::FCHOWN
            | Rights::FCHFLAGS
            | Rights::FUTIMES
            | Rights::EXTATTR_SET
            | Rights::EXTATTR_DELETE
            | Rights::CONNECTAT;
        let naming = Rights::CREATE
            | Rights::MKDIRAT
            | Rights::MKFIFOAT
            | Rights::MKNODAT
            | Rights::SYMLINKAT
            | Rights::LINKAT_TARGET
            | Rights::RENAMEAT_SOURCE
            | Rights::RENAMEAT_TARGET
            | Rights::UNLINKAT
            | Rights::BINDAT;
        let reading = Rights::READ | Rights::LINKAT_SOURCE | Rights::EXTATTR_GET | Rights::EXTATTR_LIST;
        let mut needed = Self::empty();
        needed.set(Self::READ, rights.intersects(reading));
        needed.set(Self::WRITE, rights.intersects(writing));
        needed.set(Self::EXECUTE, rights.contains(Rights::FEXECVE));
        needed.set(Self::CREATE, rights.intersects(naming));
        needed
    }
}

impl fmt::Display for PathPermissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        LETTERS
            .iter()
            .filter(|(_, permission)| self.contains(*permission))
            .try_for_each(|(letter, _)| write!(f, "{}", char::from(*letter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_read_and_written() {
        let all = PathPermissions::parse(b"bcxwr").unwrap();
        assert_eq!(all, PathPermissions::all());
        assert_eq!(all.to_string(), "rwxcb");
        assert_eq!(PathPermissions::parse(b""), Some(PathPermissions::empty()));
        assert_eq!(PathPermissions::parse(b"rr"), Some(PathPermissions::READ));
        assert_eq!(PathPermissions::parse(b"rz"), None);
    }

    #[test]
    fn rights_need_what_they_do_to_a_path() {
        let needed = PathPermissions::for_rights;
        assert_eq!(needed(Rights::LOOKUP | Rights::FSTAT), PathPermissions::empty());
        assert_eq!(needed(Rights::LOOKUP | Rights::READ), PathPermissions::READ);
        assert_eq!(needed(Rights::UNLINKAT), PathPermissions::CREATE);
        assert_eq!(needed(Rights::WRITE | Rights::CREATE), PathPermissions::WRITE | PathPermissions::CREATE);
    }
}
