//! The system-call table as data.
//!
//! The rows are in [`system_calls!`](crate::system_calls), a macro that hands them to another. This module is one such
//! use; the kernel's dispatch and the user stubs are others.

mod argument;
mod document;
mod format;
mod rows;

pub use argument::{Argument, ArgumentKind, FlagWord};
pub use document::document;
pub use format::{CallText, ResultText, Strings};

use crate::types::*;
use crate::*;
use caps::Rights;

/// The first of Tessera's own calls; those below are Linux's.
pub const FIRST_OWN_CALL: u64 = 0x1000;

/// One system call.
#[derive(Debug)]
pub struct Row {
    /// The number.
    pub number: u64,
    /// The name.
    pub name: &'static str,
    /// The family of handlers that it belongs to.
    pub family: &'static str,
    /// The arguments in order.
    pub arguments: &'static [Argument],
    /// The root capabilities that it always uses.
    pub roots: RootSet,
    /// The promises of which one must have been kept.
    pub promises: Promises,
    /// The errors that it may return.
    pub errors: &'static [Errno],
}

/// The row of a call, by its number.
pub fn find(number: u64) -> Option<&'static Row> {
    TABLE.binary_search_by_key(&number, |row| row.number).ok().map(|at| &TABLE[at])
}

macro_rules! describe {
    ($(
        $number:literal $family:ident $name:ident($($argument:ident : $kind:ident $([$($detail:tt)*])?),*)
            roots[$($root:ident)*] promises[$($promise:ident)*] errors[$($error:ident)*];
    )*) => {
        /// Every system call, by number.
        pub static TABLE: &[Row] = &[$(
            Row {
                number: $number,
                name: stringify!($name),
                family: stringify!($family),
                arguments: &[$(
                    Argument { name: stringify!($argument), kind: argument::kind!($kind $($($detail)*)?) },
                )*],
                roots: RootSet::empty()$(.union(caps::root_words::$root))*,
                promises: Promises::empty()$(.union(caps::promise_words::$promise))*,
                errors: &[$(Errno::$error),*],
            },
        )*];

        /// The numbers, under the calls' names.
        #[allow(non_upper_case_globals, missing_docs)]
        pub mod number {
            $(pub const $name: u64 = $number;)*
        }
    };
}

crate::system_calls!(describe);

/// Makes a function of raw words for every call, over `raw_call(number, [words; 6])` where it is expanded.
///
/// For user programs: `abi::system_calls!(abi::user_stubs);`
#[macro_export]
macro_rules! user_stubs {
    ($(
        $number:literal $family:ident $name:ident($($argument:ident : $kind:ident $([$($detail:tt)*])?),*)
            roots[$($root:ident)*] promises[$($promise:ident)*] errors[$($error:ident)*];
    )*) => {
        $(
            #[doc = concat!("`", stringify!($name), "` with raw words, returning the raw result.")]
            ///
            /// # Safety
            /// The words must be what the call demands of them.
            pub unsafe fn $name($($argument: usize),*) -> isize {
                let given = [$($argument),*];
                let mut words = [0; 6];
                words[..given.len()].copy_from_slice(&given);
                // SAFETY: as the caller promises.
                unsafe { raw_call($number, words) }
            }
        )*
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_each_number_is_used_once() {
        assert!(TABLE.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert!(TABLE.len() > 200);
        assert_eq!(find(number::getppid).map(|row| row.name), Some("getppid"));
        assert!(find(335).is_none());
    }

    #[test]
    fn numbers_are_those_of_linux() {
        use linux_raw_sys::general::*;
        let known = [
            (number::read, __NR_read),
            (number::rt_sigaction, __NR_rt_sigaction),
            (number::execve, __NR_execve),
            (number::fcntl, __NR_fcntl),
            (number::getcwd, __NR_getcwd),
            (number::sched_setaffinity, __NR_sched_setaffinity),
            (number::clock_nanosleep, __NR_clock_nanosleep),
            (number::openat, __NR_openat),
            (number::newfstatat, __NR_newfstatat),
            (number::utimensat, __NR_utimensat),
            (number::prlimit64, __NR_prlimit64),
            (number::renameat2, __NR_renameat2),
            (number::statx, __NR_statx),
            (number::clone3, __NR_clone3),
            (number::faccessat2, __NR_faccessat2),
            (number::fchmodat2, __NR_fchmodat2),
        ];
        for (ours, linux) in known {
            assert_eq!(ours, u64::from(linux));
        }
    }

    /// What no promise covers, on OpenBSD neither: refused to whoever promised anything.
    const UNPLEDGED: &[&str] = &["chroot", "mount", "umount2", "reboot", "sethostname", "setdomainname"];

    #[test]
    fn a_call_that_names_no_promise_is_refused_by_default_and_every_length_belongs_to_an_argument() {
        let authority = caps::Authority::new();
        authority.publish(Promises::ALL - Promises::UNPLEDGED, RootSet::ALL);
        for row in TABLE {
            assert_eq!(row.promises.is_empty(), UNPLEDGED.contains(&row.name), "{}", row.name);
            assert_eq!(authority.allows(row.promises, row.roots), !row.promises.is_empty(), "{}", row.name);
            assert!(row.arguments.len() <= 6, "{}", row.name);
            for argument in row.arguments {
                let owner = |other: &&Argument| other.kind.length() == Some(argument.name);
                let is_length = matches!(argument.kind, ArgumentKind::Length);
                assert_eq!(is_length, row.arguments.iter().any(|other| owner(&other)), "{}", row.name);
            }
        }
    }

    #[test]
    fn calls_that_check_a_capability_say_how_they_refuse() {
        for row in TABLE {
            assert!(row.roots.is_empty() || row.errors.contains(&Errno::ECAPMODE), "{}", row.name);
            for argument in row.arguments {
                let (rights, is_slot) = argument.kind.demanded();
                assert!(!is_slot || row.errors.contains(&Errno::EBADF), "{}", row.name);
                assert!(rights.is_empty() || row.errors.contains(&Errno::ENOTCAPABLE), "{}", row.name);
            }
        }
    }
}
