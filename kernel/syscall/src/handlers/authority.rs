//! Calls that narrow the authority of the whole process, and that ask about it.
//!
//! Each ends by waiting for the process's other threads ([`process::grace`]): when it has returned, none of them is in a call
//! that began with what was given up.

use crate::Context;
use crate::arguments::UserPath;
use abi::{Errno, Promises, Result, RootSet};
use caps::{Item, Rights, Root, Spelling, When};
use mm::user::UserPtr;
use object::narrow::next_cause;
use process::{grace, promise_rules};

/// What a pledge asks to keep, and what follows from it as far as it is there.
type Words = (Promises, Promises);

/// Keeps the promises of the first text, and after the next exec those of the second; null leaves what there is.
/// EINVAL for an unknown word, EPERM for asking for more unless `error` was pledged before.
pub fn pledge(cx: &mut Context, promises: UserPath, execpromises: UserPath) -> Result<usize> {
    let now = read_words(promises)?;
    let after_exec = read_words(execpromises)?;
    // Again where another thread pledged in between and what follows from the words is less by now.
    loop {
        let held = promises_of(cx);
        let items = [
            Item::Promises { promises: kept(now, held[0]), when: When::Now },
            Item::Promises { promises: kept(after_exec, held[1]), when: When::AfterExec },
        ];
        match cx.table.narrow(&items, next_cause(Spelling::Pledge)) {
            Err(Errno::EPERM) if promises_of(cx) != held => {}
            Err(errno) => return Err(errno),
            Ok(()) => break,
        }
    }
    grace::settle(cx);
    Ok(0)
}

/// The promises in force, and those that the next exec puts in force.
fn promises_of(cx: &Context) -> [Promises; 2] {
    cx.table.inspect(|table| [table.ceilings().now.promises(), table.ceilings().after_exec.promises()])
}

/// The words at an address; `None` for null. EINVAL for a word that is not known.
fn read_words(text: UserPath) -> Result<Option<Words>> {
    if text.is_null() {
        return Ok(None);
    }
    promise_rules::parse(&text.read()?).map(Some).ok_or(Errno::EINVAL)
}

/// What is kept of what is held. Who pledged with `error` before and asks for more now gets what is there; for all others,
/// asking for more is refused by the narrowing.
fn kept(words: Option<Words>, held: Promises) -> Promises {
    let Some((asked, implied)) = words else { return held };
    let is_lenient = !held.is_unpledged() && held.contains(Promises::ERROR);
    let asked = if is_lenient { asked & held } else { asked };
    asked | implied & held
}

/// What capability mode takes.
const OUTWARD: [Root; 7] =
    [Root::Namespace, Root::WorkingDirectory, Root::Signal, Root::Network, Root::Clock, Root::System, Root::Terminal];
const _: () = assert!(OUTWARD.len() == RootSet::OUTWARD.bits().count_ones() as usize);

/// Gives up all the root capabilities that lead out of the table, now and after an exec.
pub fn cap_enter(cx: &mut Context) -> Result<usize> {
    let cause = next_cause(Spelling::CapabilityMode);
    let items = OUTWARD.map(|root| Item::Root { root, rights: Rights::NONE, when: When::Both });
    cx.table.narrow(&items, cause)?;
    grace::settle(cx);
    Ok(0)
}

/// Capability mode is no state of its own: it is to hold none of the root capabilities that lead out of the table.
pub fn cap_getmode(cx: &mut Context, mode: UserPtr<u32>) -> Result<usize> {
    let is_entered = !cx.table.root_set().intersects(RootSet::OUTWARD);
    mode.write(&u32::from(is_entered))?;
    Ok(0)
}
