//! Narrowing many things at once: the call `narrow`.
//!
//! The list is copied in once and turned into what each floor below understands ([`list`]); whatever can fail is done
//! before anything changes. Then the table is narrowed under its lock, in one step that still checks each item; only
//! after that come those things that cannot fail any more. At last the call waits until no other thread of the process
//! is in a call that began before.

mod list;

use crate::Context;
use abi::types::NarrowItem;
use abi::{Errno, Result};
use alloc::sync::Arc;
use caps::{Rights, SlotFlags, Spelling};
use list::List;
use mm::user::UserPtr;
use object::Object;
use object::learning::{Begins, Learner};
use process::audit::lesson::{Lesson, ManifestFile};

/// `cap_learn`: learning begins with the next program.
const FROM_EXEC: u32 = 1;

/// `cap_learn`: has everything noted that this process, its children and their programs use; a slot with the manifest. With
/// the flag 1, from the next program on that it or a child made later executes, beginning with the path of that.
pub fn cap_learn(cx: &mut Context, flags: u32) -> Result<usize> {
    let begins = match flags {
        0 => Begins::Now,
        FROM_EXEC => Begins::AtExec,
        _ => return Err(Errno::EINVAL),
    };
    let slot = cx.table.reserve()?;
    let lesson = Lesson::new()?;
    let learner: Arc<dyn Learner> = lesson.clone();
    cx.table.learn(&learner, begins)?;
    process::grace::settle(cx);
    let manifest: Arc<dyn Object> = mm::alloc::try_arc(ManifestFile::new(lesson))?;
    let rights = Rights::READER | Rights::SEEK;
    Ok(slot.commit(manifest, rights, SlotFlags::CLOSE_ON_EXEC) as usize)
}

/// The most items of one list.
const ITEMS_MAX: usize = 16_384;

/// `narrow`: gives up all that the list says, for the whole process, or nothing.
pub fn narrow(cx: &mut Context, items: UserPtr<NarrowItem>, count: usize, flags: u32) -> Result<usize> {
    if flags != 0 {
        return Err(Errno::EINVAL);
    }
    if count > ITEMS_MAX {
        return Err(Errno::E2BIG);
    }
    if count == 0 {
        return Ok(0);
    }
    let raw = list::read(items, count)?;
    let list = List::decode(cx, &raw)?;
    let cause = object::narrow::next_cause(Spelling::Narrow);
    cx.table.narrow_with_view(&list.table_items()?, cause, &list.view_steps()?, &cx.process().credentials())?;
    list.apply_to_process(cx.process());
    process::grace::settle(cx);
    // A thread that was being made meanwhile has the CPUs of the one that made it, as they were.
    list.apply_cpus(cx.process());
    Ok(0)
}
