//! The names of core files.

use abi::{Errno, Result};
use alloc::vec::Vec;
use core::fmt::Write;

/// The longest pattern, as on Linux.
pub const PATTERN_MAX: usize = 127;
/// The longest name that is made of one.
const NAME_MAX: usize = 4095;

/// What the letters of a pattern stand for.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// `%p`, `%P`: the process.
    pub process: i32,
    /// `%i`, `%I`: the thread that took the signal.
    pub thread: i32,
    /// `%u`: its real user.
    pub uid: u32,
    /// `%g`: its real group.
    pub gid: u32,
    /// `%s`: the signal.
    pub signal: i32,
    /// `%t`: seconds since 1970.
    pub time: u64,
    /// `%c`: the limit on the file's size.
    pub limit: u64,
    /// `%e`: what the thread is called.
    pub name: &'a [u8],
    /// `%E`: the program's path, of which `%f` is the last name.
    pub path: &'a [u8],
}

/// Whether a pattern may be set. EINVAL for one that would start a program: nothing that a process does by dying is to.
pub fn check(pattern: &[u8]) -> Result<()> {
    let is_text = pattern.iter().all(|byte| !byte.is_ascii_control());
    let is_fit = pattern.len() <= PATTERN_MAX && pattern.first() != Some(&b'|') && is_text;
    if is_fit { Ok(()) } else { Err(Errno::EINVAL) }
}

/// The name that a pattern makes. ENOMEM, ENAMETOOLONG.
pub fn expand(pattern: &[u8], facts: &Facts<'_>) -> Result<Vec<u8>> {
    let mut name = Name(Vec::new());
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        let done = match byte {
            b'%' => name.fact(bytes.next().copied(), facts),
            byte => name.push(core::slice::from_ref(byte)),
        };
        done.map_err(|_| Errno::ENOMEM)?;
    }
    if name.0.len() > NAME_MAX { Err(Errno::ENAMETOOLONG) } else { Ok(name.0) }
}

struct Name(Vec<u8>);

impl Name {
    fn push(&mut self, bytes: &[u8]) -> core::fmt::Result {
        self.0.try_reserve(bytes.len()).map_err(|_| core::fmt::Error)?;
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    /// What the dead process chose itself: it names one file, and no way to one.
    fn tame(&mut self, bytes: &[u8]) -> core::fmt::Result {
        if matches!(bytes, b"." | b"..") {
            return self.push(&b"!!"[..bytes.len()]);
        }
        bytes.iter().try_for_each(|byte| self.push(&[if *byte == b'/' { b'!' } else { *byte }]))
    }

    /// Letters without a meaning stand for nothing, as on Linux.
    fn fact(&mut self, letter: Option<u8>, facts: &Facts<'_>) -> core::fmt::Result {
        match letter {
            Some(b'%') => self.push(b"%"),
            Some(b'p' | b'P') => write!(self, "{}", facts.process),
            Some(b'i' | b'I') => write!(self, "{}", facts.thread),
            Some(b'u') => write!(self, "{}", facts.uid),
            Some(b'g') => write!(self, "{}", facts.gid),
            Some(b's') => write!(self, "{}", facts.signal),
            Some(b't') => write!(self, "{}", facts.time),
            Some(b'c') => write!(self, "{}", facts.limit),
            Some(b'd') => self.push(b"1"),
            Some(b'e') => self.tame(facts.name),
            Some(b'E') => self.tame(facts.path),
            Some(b'f') => self.tame(facts.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()),
            _ => Ok(()),
        }
    }
}

impl Write for Name {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.push(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts<'_> = Facts {
        process: 12,
        thread: 13,
        uid: 1000,
        gid: 100,
        signal: 11,
        time: 1_700_000_000,
        limit: u64::MAX,
        name: b"a/b",
        path: b"/usr/bin/prog",
    };

    fn made(pattern: &[u8]) -> Vec<u8> {
        expand(pattern, &FACTS).unwrap()
    }

    #[test]
    fn letters_stand_for_facts() {
        assert_eq!(made(b"core"), b"core");
        assert_eq!(made(b"/c/%p.%i.%u.%g.%s.%t"), b"/c/12.13.1000.100.11.1700000000");
        assert_eq!(made(b"%f-%E%%%z%"), b"prog-!usr!bin!prog%");
        assert_eq!(made(b"%c%d"), b"184467440737095516151");
    }

    #[test]
    fn what_the_dead_chose_names_one_file_and_no_way() {
        assert_eq!(made(b"%e"), b"a!b");
        for (name, tamed) in [(&b".."[..], &b"x/!!"[..]), (b".", b"x/!"), (b"...", b"x/..."), (b"../etc", b"x/..!etc")]
        {
            assert_eq!(expand(b"x/%e", &Facts { name, ..FACTS }).unwrap(), tamed);
        }
    }

    #[test]
    fn programs_and_overlong_patterns_are_refused() {
        assert_eq!(check(b"/tmp/core.%p"), Ok(()));
        assert_eq!(check(b"|/bin/sh"), Err(Errno::EINVAL));
        assert_eq!(check(&[b'a'; PATTERN_MAX + 1]), Err(Errno::EINVAL));
        assert_eq!(check(b"a\nb"), Err(Errno::EINVAL));
        assert_eq!(check(b"a\0b"), Err(Errno::EINVAL));
    }
}
