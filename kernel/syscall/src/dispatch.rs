//! Dispatch: from the number in a register to a handler with checked arguments.
//!
//! The table is expanded here into one decoder a row and one `match` on the number. A decoder takes the words of the
//! registers, turns each into what the row says (for a slot: checked against the row's rights), and calls the
//! handler of the row's name in the file of the row's family. A handler that is missing, or that takes something else, does not
//! compile. On the way of a call nothing is allocated, locked or formatted, except by the decoders that must.
//!
//! Before anything is decoded, the row's promises and root capabilities are checked with one load ([`process::gate`]). So
//! refusals come in one order: a number that is not in the table, promises, root capabilities, and then, argument by
//! argument, an empty slot, another kind, a missing right.

use crate::arguments::{At, Iovecs, Slot, UserPath, WrongKind};
use crate::{Context, handlers, unknown, watch};
use abi::table::FlagWord;
use abi::types::*;
use abi::*;
use caps::{KindSet, Need, Rights};
use mm::user::{Sink, Source, UserPtr};
use process::gate;

/// Runs the system call that the registers ask for, and leaves its result in them.
///
/// The result may be one of the restart errors, which the user loop resolves.
#[inline]
pub fn dispatch(cx: &mut Context) {
    if watch::is_on() {
        watch::run(cx, call);
        return;
    }
    let result = call(cx);
    cx.user.set_result(result);
}

/// What a result looks like in the register.
#[inline(always)]
fn encode(result: Result<usize>) -> i64 {
    match result {
        Ok(value) => value as i64,
        Err(errno) => errno.to_return(),
    }
}

/// Decodes and calls. A function of its own in each decoder, so that `?` ends there and the decoder itself returns a register.
#[inline(always)]
fn run(cx: &mut Context, decode_and_call: impl FnOnce(&mut Context) -> Result<usize>) -> i64 {
    encode(decode_and_call(cx))
}

/// The arguments of a call, taken one after the other.
struct Words {
    words: [u64; 6],
    taken: usize,
}

impl Words {
    #[inline(always)]
    fn of(cx: &Context) -> Self {
        Self { words: cx.user.args(), taken: 0 }
    }

    #[inline(always)]
    fn take(&mut self) -> u64 {
        let word = self.words[self.taken];
        self.taken += 1;
        word
    }
}

/// Turns one word into what its kind says. Scalars take the low bits of the register, as on Linux.
macro_rules! decode {
    ($cx:ident $word:ident cap $($right:ident)*) => {{
        const RIGHTS: Rights = Rights::NONE$(.union(Rights::$right))*;
        match $cx.table.get_at_once($word as i32, &const { Need::rights(RIGHTS) }) {
            Some(held) => held,
            None => $cx.table.get($word as i32, RIGHTS)?,
        }
    }};
    ($cx:ident $word:ident directory $($right:ident)*) => {
        decode!(@of $cx $word DIRECTORY ENOTDIR $($right)*)
    };
    ($cx:ident $word:ident poll_set $($right:ident)*) => {
        decode!(@of $cx $word POLL_SET EINVAL $($right)*)
    };
    ($cx:ident $word:ident process $($right:ident)*) => {
        decode!(@of $cx $word PROCESS EBADF $($right)*)
    };
    ($cx:ident $word:ident socket $($right:ident)*) => {
        decode!(@of $cx $word SOCKET ENOTSOCK $($right)*)
    };
    (@of $cx:ident $word:ident $kinds:ident $errno:ident $($right:ident)*) => {
        {
            const RIGHTS: Rights = Rights::NONE$(.union(Rights::$right))*;
            match $cx.table.get_at_once($word as i32, &const { Need::of(KindSet::$kinds, RIGHTS) }) {
                Some(held) => held,
                None => $cx.table.get_kind($word as i32, KindSet::$kinds, RIGHTS, WrongKind::$errno)?,
            }
        }
    };
    ($cx:ident $word:ident at $($right:ident)*) => {
        At::new($word as i32, const { Rights::NONE$(.union(Rights::$right))* })
    };
    ($cx:ident $word:ident slot) => { Slot::new($word as i32) };
    ($cx:ident $word:ident path) => { UserPath::new($word) };
    ($cx:ident $word:ident sink $length:ident) => { Sink::from_user($word, $length as usize) };
    ($cx:ident $word:ident source $length:ident) => { Source::from_user($word, $length as usize) };
    ($cx:ident $word:ident iovecs $length:ident) => { Iovecs::read($word, $length as i32)? };
    ($cx:ident $word:ident input $type:ty) => { UserPtr::<$type>::new($word) };
    ($cx:ident $word:ident output $type:ty) => { UserPtr::<$type>::new($word) };
    ($cx:ident $word:ident update $type:ty) => { UserPtr::<$type>::new($word) };
    ($cx:ident $word:ident flags $type:ty) => { <$type as FlagWord>::from_word($word) };
    ($cx:ident $word:ident mode) => { Mode::from_raw($word as u32) };
    ($cx:ident $word:ident i32) => { $word as i32 };
    ($cx:ident $word:ident u32) => { $word as u32 };
    ($cx:ident $word:ident i64) => { $word as i64 };
    ($cx:ident $word:ident u64) => { $word };
    ($cx:ident $word:ident usize) => { $word as usize };
    ($cx:ident $word:ident address) => { $word };
    ($cx:ident $word:ident pid) => { $word as i32 };
    ($cx:ident $word:ident signal) => { $word as i32 };
    ($cx:ident $word:ident clock) => { $word as i32 };
    ($cx:ident $word:ident uid) => { $word as u32 };
    ($cx:ident $word:ident gid) => { $word as u32 };
}

/// Decodes the arguments from left to right, leaving out lengths, and calls the handler.
macro_rules! invoke {
    ($cx:ident $handler:path; $($done:ident)*;) => {
        $handler($cx, $($done),*)
    };
    ($cx:ident $handler:path; $($done:ident)*; $argument:ident: length, $($rest:tt)*) => {
        invoke!($cx $handler; $($done)*; $($rest)*)
    };
    ($cx:ident $handler:path; $($done:ident)*; $argument:ident: $kind:ident $([$($detail:tt)*])?, $($rest:tt)*) => {{
        let $argument = decode!($cx $argument $kind $($($detail)*)?);
        invoke!($cx $handler; $($done)* $argument; $($rest)*)
    }};
}

macro_rules! dispatch_table {
    ($(
        $number:literal $family:ident $name:ident($($argument:ident: $kind:ident $([$($detail:tt)*])?),*)
            roots[$($root:ident)*] promises[$($promise:ident)*] errors[$($error:ident)*];
    )*) => {
        /// One decoder a row. Not inlined into the `match`: a row's locals and saved registers are its own.
        mod decoders {
            use super::*;
            $(
                #[inline(never)]
                #[allow(unused_mut, unused_variables)]
                pub(super) fn $name(cx: &mut Context) -> i64 {
                    run(cx, |cx| {
                        const PROMISES: Promises = Promises::empty()$(.union(caps::promise_words::$promise))*;
                        const ROOTS: RootSet = RootSet::empty()$(.union(caps::root_words::$root))*;
                        if !gate::may_call(cx, PROMISES, ROOTS) {
                            gate::refuse(cx, PROMISES, ROOTS)?;
                        }
                        let mut words = Words::of(cx);
                        $(let $argument = words.take();)*
                        invoke!(cx handlers::$family::$name; ; $($argument: $kind $([$($detail)*])?,)*)
                    })
                }
            )*
        }

        #[inline]
        fn call(cx: &mut Context) -> i64 {
            let number = cx.user.syscall_number();
            cx.task.note_call(number);
            match number {
                $($number => decoders::$name(cx),)*
                _ => encode(unknown::call(cx)),
            }
        }
    };
}

abi::system_calls!(dispatch_table);
