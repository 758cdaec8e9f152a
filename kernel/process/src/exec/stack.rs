//! The first stack of a program, by the System V ABI: pure layout.
//!
//! From the stack pointer up: argc, the argv pointers, null, the envp pointers, null, the auxiliary vector, its
//! end; then 16 random bytes and the platform's name, the argument strings, the environment strings, the
//! program's path, and one zero word at the top.

use abi::consts::auxvec;
use abi::{Errno, Result};
use alloc::vec::Vec;

/// The most bytes that one argument may have, with its NUL.
pub const STRING_LIMIT: usize = 128 * 1024;

const PLATFORM: &[u8] = b"x86_64\0";
const RANDOM: usize = 16;

/// Strings one after the other, each closed by a NUL.
#[derive(Default)]
pub struct Strings {
    bytes: Vec<u8>,
    /// Where each begins.
    starts: Vec<u32>,
}

impl Strings {
    /// No strings.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), starts: Vec::new() }
    }

    /// Appends one string; `string` has no NUL. E2BIG when all together are larger than any stack.
    pub fn push(&mut self, string: &[u8]) -> Result<()> {
        let start = u32::try_from(self.bytes.len()).map_err(|_| Errno::E2BIG)?;
        self.starts.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        self.bytes.try_reserve(string.len() + 1).map_err(|_| Errno::ENOMEM)?;
        self.bytes.extend_from_slice(string);
        self.bytes.push(0);
        self.starts.push(start);
        Ok(())
    }

    /// Appends all of another's strings but its first `skipped`.
    pub fn append(&mut self, other: &Self, skipped: usize) -> Result<()> {
        other.iter().skip(skipped).try_for_each(|string| self.push(string))
    }

    /// How many strings there are.
    pub const fn count(&self) -> usize {
        self.starts.len()
    }

    /// How many bytes strings and their pointers take on the stack.
    pub const fn size(&self) -> usize {
        self.bytes.len() + self.starts.len() * size_of::<u64>()
    }

    /// The strings, without their NULs.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.starts.iter().skip(1).map(|&start| start as usize).chain([self.bytes.len()]);
        self.starts.iter().zip(ends).map(|(&start, end)| &self.bytes[start as usize..end - 1])
    }
}

/// What goes onto the stack.
pub struct Content<'a> {
    /// argv.
    pub arguments: &'a Strings,
    /// envp.
    pub environment: &'a Strings,
    /// AT_EXECFN.
    pub path: &'a [u8],
    /// AT_RANDOM.
    pub random: [u8; RANDOM],
    /// The auxiliary vector but for AT_RANDOM, AT_PLATFORM, AT_EXECFN and AT_NULL.
    pub auxiliary: &'a [(u32, u64)],
}

/// A stack ready to be copied into place.
pub struct Built {
    /// The bytes from the stack pointer to the top.
    pub bytes: Vec<u8>,
    /// The stack pointer, a multiple of 16.
    pub pointer: u64,
    /// Where the argument strings lie: first address and length.
    pub arguments: (u64, u64),
    /// Where the environment strings lie.
    pub environment: (u64, u64),
}

impl Content<'_> {
    /// Lays the content out below `top`, a multiple of 16.
    pub fn build(&self, top: u64) -> Result<Built> {
        let path = top - 8 - (self.path.len() as u64 + 1);
        let environment = path - self.environment.bytes.len() as u64;
        let arguments = environment - self.arguments.bytes.len() as u64;
        let platform = arguments - PLATFORM.len() as u64;
        let random = platform - RANDOM as u64;
        let pointer = (random - self.words() as u64 * 8) & !15;

        let mut bytes = Vec::new();
        bytes.try_reserve_exact((top - pointer) as usize).map_err(|_| Errno::ENOMEM)?;
        let mut word = |value: u64| bytes.extend_from_slice(&value.to_le_bytes());
        word(self.arguments.count() as u64);
        for (strings, base) in [(self.arguments, arguments), (self.environment, environment)] {
            strings.starts.iter().for_each(|&start| word(base + u64::from(start)));
            word(0);
        }
        let own = [(auxvec::AT_RANDOM, random), (auxvec::AT_PLATFORM, platform), (auxvec::AT_EXECFN, path)];
        for &(kind, value) in self.auxiliary.iter().chain(&own).chain(&[(auxvec::AT_NULL, 0)]) {
            word(u64::from(kind));
            word(value);
        }
        bytes.resize((random - pointer) as usize, 0);
        for part in [&self.random[..], PLATFORM, &self.arguments.bytes, &self.environment.bytes, self.path] {
            bytes.extend_from_slice(part);
        }
        bytes.resize((top - pointer) as usize, 0);
        Ok(Built {
            bytes,
            pointer,
            arguments: (arguments, self.arguments.bytes.len() as u64),
            environment: (environment, self.environment.bytes.len() as u64),
        })
    }

    fn words(&self) -> usize {
        1 + self.arguments.count() + 1 + self.environment.count() + 1 + (self.auxiliary.len() + 4) * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: u64 = 0x7fff_0000_0000;

    fn strings(list: &[&str]) -> Strings {
        let mut strings = Strings::new();
        list.iter().for_each(|string| strings.push(string.as_bytes()).unwrap());
        strings
    }

    fn build(arguments: &[&str], environment: &[&str]) -> Built {
        let content = Content {
            arguments: &strings(arguments),
            environment: &strings(environment),
            path: b"/bin/prog",
            random: [7; RANDOM],
            auxiliary: &[(auxvec::AT_PAGESZ, 4096)],
        };
        content.build(TOP).unwrap()
    }

    fn word(built: &Built, index: usize) -> u64 {
        u64::from_le_bytes(built.bytes[index * 8..][..8].try_into().unwrap())
    }

    fn string(built: &Built, address: u64) -> &str {
        let bytes = &built.bytes[(address - built.pointer) as usize..];
        core::str::from_utf8(&bytes[..bytes.iter().position(|&byte| byte == 0).unwrap()]).unwrap()
    }

    #[test]
    fn pointers_lead_to_their_strings() {
        let built = build(&["prog", "", "-x"], &["HOME=/", "A=b"]);
        assert_eq!(word(&built, 0), 3);
        assert_eq!(string(&built, word(&built, 1)), "prog");
        assert_eq!(string(&built, word(&built, 2)), "");
        assert_eq!(string(&built, word(&built, 3)), "-x");
        assert_eq!(word(&built, 4), 0);
        assert_eq!(string(&built, word(&built, 5)), "HOME=/");
        assert_eq!(string(&built, word(&built, 6)), "A=b");
        assert_eq!(word(&built, 7), 0);
        assert_eq!((word(&built, 8), word(&built, 9)), (u64::from(auxvec::AT_PAGESZ), 4096));
        assert_eq!(word(&built, 10), u64::from(auxvec::AT_RANDOM));
        assert_eq!(built.bytes[(word(&built, 11) - built.pointer) as usize..][..16], [7; 16]);
        assert_eq!(string(&built, word(&built, 13)), "x86_64");
        assert_eq!(string(&built, word(&built, 15)), "/bin/prog");
        assert_eq!((word(&built, 16), word(&built, 17)), (0, 0));
    }

    #[test]
    fn the_stack_is_aligned_and_ends_at_the_top() {
        for count in 0..9 {
            let arguments: Vec<&str> = (0..count).map(|_| "argument").collect();
            let built = build(&arguments, &[]);
            assert_eq!(built.pointer % 16, 0);
            assert_eq!(built.pointer + built.bytes.len() as u64, TOP);
            assert_eq!(built.arguments.1, count * 9);
        }
    }

    #[test]
    fn appending_skips_the_first_strings() {
        let mut all = strings(&["sh"]);
        all.append(&strings(&["old", "a", ""]), 1).unwrap();
        assert_eq!(all.iter().collect::<Vec<_>>(), [&b"sh"[..], b"a", b""]);
        assert_eq!((all.count(), all.size()), (3, 3 + 2 + 1 + 24));
    }
}
