//! `/proc/PID/caps`: a process's whole table, readably.
//!
//! One fact a line; its first word says which. Fields are `key=value` in a fixed order, and blanks stand between
//! quotation marks only.
//!
//! ```text
//! slot 3 kind=file rights=reader depth=0 flags=cloexec ioctls=all fcntls=all inherits=all object="/etc/passwd"
//! root network now=all exec=all
//! ceiling socket now=none exec=all            (one for each kind that is limited)
//! promises now=stdio+rpath exec=all
//! view locked                                 (none, building, inherited, locked: who may still narrow it)
//! sees layer=0 permissions=rwc path="/tmp"     (one for each path that was unveiled)
//! learning no
//! limit slots=1024
//! taken slot:3 rights:WRITE by=limit seq=7 pid=12 at=1.500000000
//! ```
//! `now` is in force, `exec` comes into force at the next exec. A `taken` line is one thing that a narrowing took, by whom and
//! when.

use super::process::Subject;
use super::text::Text;
use abi::Result;
use alloc::vec::Vec;
use caps::{
    Bounds, Cause, Ceilings, FcntlSet, Half, IoctlSet, Kind, PromisesText, Quoted, RightsText, Root, SlotFlags, Taken,
};
use core::fmt::{self, Write};
use object::learning::Begins;
use object::namespace::path_of;
use object::namespace::view::{Stage, is_shown};
use object::{Object, Roots, ShownSlot, View};

/// The text. Paths are as seen from `roots`.
pub fn text(roots: &Roots, subject: &Subject) -> Result<Vec<u8>> {
    let Some(table) = subject.process.table() else { return Ok(Vec::new()) };
    let slots = table.snapshot()?;
    let (ceilings, limit) = table.inspect(|table| (table.ceilings().try_clone(), table.limit()));
    let ceilings = ceilings.map_err(|_| abi::Errno::ENOMEM)?;
    Text::build(|text| {
        slots.iter().try_for_each(|slot| write_slot(text, roots, slot))?;
        write_ceilings(text, &ceilings)?;
        let roots = table.roots();
        write_view(text, &roots)?;
        write_seen(text, roots.view.as_deref())?;
        writeln!(text, "limit slots={limit}")?;
        slots.iter().try_for_each(|slot| write_taken_of_slot(text, slot))?;
        write_taken(text, "now", &ceilings.now)?;
        write_taken(text, "exec", &ceilings.after_exec)
    })
}

fn write_slot(text: &mut Text, roots: &Roots, shown: &ShownSlot) -> fmt::Result {
    let capability = &shown.capability;
    let depth = capability.grant.as_ref().map_or(0, |grant| grant.depth());
    write!(text, "slot {} kind=", shown.slot)?;
    write_kind(text, capability.kind)?;
    write!(text, " rights={} depth={depth} flags=", RightsText(capability.effective()))?;
    let flags = match (shown.flags.contains(SlotFlags::CLOSE_ON_EXEC), shown.flags.contains(SlotFlags::CLOSE_ON_FORK)) {
        (true, true) => "cloexec+clofork",
        (true, false) => "cloexec",
        (false, true) => "clofork",
        (false, false) => "-",
    };
    text.write_str(flags)?;
    write_bounds(text, capability.bounds.as_deref().unwrap_or(&Bounds::NONE))?;
    write!(text, " object=")?;
    write_path(text, roots, capability.object.as_ref())?;
    text.push(b"\n")
}

/// A kind's name in small letters.
fn write_kind(text: &mut Text, kind: Kind) -> fmt::Result {
    kind.name().bytes().try_for_each(|byte| text.push(&[byte.to_ascii_lowercase()]))
}

fn write_bounds(text: &mut Text, bounds: &Bounds) -> fmt::Result {
    text.write_str(" ioctls=")?;
    match &bounds.ioctls {
        IoctlSet::All => text.write_str("all")?,
        IoctlSet::Listed(requests) => write_list(text, requests.iter().copied().map(Hex))?,
    }
    text.write_str(" fcntls=")?;
    match bounds.fcntls {
        FcntlSet::ALL => text.write_str("all")?,
        commands => {
            let known = (0..32).chain(1024..1056).filter(|command| commands.contains(*command));
            write_list(text, known)?;
        }
    }
    write!(text, " inherits={}", RightsText(bounds.inherited))
}

/// A request as people know it.
struct Hex(u32);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

fn write_list(text: &mut Text, items: impl Iterator<Item = impl fmt::Display>) -> fmt::Result {
    let length = text.len();
    for item in items {
        let separator = if text.len() == length { "" } else { "+" };
        write!(text, "{separator}{item}")?;
    }
    if text.len() == length { text.write_str("none") } else { Ok(()) }
}

fn write_path(text: &mut Text, roots: &Roots, object: &dyn Object) -> fmt::Result {
    if object.location().is_some_and(|location| !is_shown(location)) {
        return text.write_str("-");
    }
    let path = object.path().or_else(|| path_of(roots, object.location()?).ok());
    match path {
        Some(path) => write!(text, "{}", Quoted(&path)),
        None => text.write_str("-"),
    }
}

/// What was unveiled. A path hidden on purpose is `permissions=none`, for readers without a view alone: to others it is not there.
fn write_seen(text: &mut Text, view: Option<&View>) -> fmt::Result {
    let Some(view) = view else { return Ok(()) };
    let sees_all = object::caller().and_then(|caller| caller.roots()).is_none_or(|roots| roots.view.is_none());
    let mut written = Ok(());
    let shown = view.show(&mut |layer, path, permissions| {
        if permissions.is_empty() && !sees_all {
            return;
        }
        let mut room = [0; 5];
        let letters = if permissions.is_empty() { "none" } else { permissions.letters(&mut room) };
        let line = writeln!(text, "sees layer={layer} permissions={letters} path={}", Quoted(path));
        written = written.and(line);
    });
    shown.map_err(|_| fmt::Error).and(written)
}

fn write_ceilings(text: &mut Text, ceilings: &Ceilings) -> fmt::Result {
    let (now, exec) = (&ceilings.now, &ceilings.after_exec);
    for root in Root::ALL {
        let (now, exec) = (RightsText(now.root(*root)), RightsText(exec.root(*root)));
        writeln!(text, "root {} now={now} exec={exec}", root.name())?;
    }
    for kind in Kind::ALL {
        let (now, exec) = (now.kind(*kind), exec.kind(*kind));
        if now != caps::Rights::ALL || exec != caps::Rights::ALL {
            text.write_str("ceiling ")?;
            write_kind(text, *kind)?;
            writeln!(text, " now={} exec={}", RightsText(now), RightsText(exec))?;
        }
    }
    writeln!(text, "promises now={} exec={}", PromisesText(now.promises()), PromisesText(exec.promises()))
}

/// What the process sees of the file tree, and whether its uses are noted.
fn write_view(text: &mut Text, roots: &Roots) -> fmt::Result {
    let view = match roots.view.as_ref().map(|view| view.stage()) {
        None => "none",
        Some(Stage::Building) => "building",
        Some(Stage::Inherited) => "inherited",
        Some(Stage::Locked) => "locked",
    };
    let learning = match roots.learning.as_ref().map(|learning| learning.begins) {
        None => "no",
        Some(Begins::Now) => "yes",
        Some(Begins::AtExec) => "from-exec",
    };
    writeln!(text, "view {view}\nlearning {learning}")
}

fn write_taken_of_slot(text: &mut Text, shown: &ShownSlot) -> fmt::Result {
    let Some(bounds) = &shown.capability.bounds else { return Ok(()) };
    for (taken, cause) in bounds.history.iter() {
        write!(text, "taken slot:{} ", shown.slot)?;
        write_what(text, taken)?;
        write_cause(text, cause)?;
    }
    Ok(())
}

fn write_taken(text: &mut Text, half: &str, of: &Half) -> fmt::Result {
    for (taken, cause) in of.history().iter() {
        write!(text, "taken {half} ")?;
        write_what(text, taken)?;
        write_cause(text, cause)?;
    }
    Ok(())
}

fn write_what(text: &mut Text, taken: Taken) -> fmt::Result {
    match taken {
        Taken::Rights(rights) => write!(text, "rights:{}", RightsText(rights)),
        Taken::Inherited(rights) => write!(text, "inherits:{}", RightsText(rights)),
        Taken::Ioctls => text.write_str("ioctls:unlisted"),
        Taken::Ioctl(request) => write!(text, "ioctl:{request:#x}"),
        Taken::Fcntls(commands) => write!(text, "fcntls:{commands:#x}"),
        Taken::Kind(kind, rights) => {
            text.write_str("kind:")?;
            write_kind(text, kind)?;
            write!(text, ":{}", RightsText(rights))
        }
        Taken::Root(root, rights) => write!(text, "root:{}:{}", root.name(), RightsText(rights)),
        Taken::Promises(promises) => write!(text, "promises:{}", PromisesText(promises)),
    }
}

fn write_cause(text: &mut Text, cause: Cause) -> fmt::Result {
    let Cause { sequence, process, spelling, time_ns } = cause;
    let (seconds, rest) = (time_ns / 1_000_000_000, time_ns % 1_000_000_000);
    writeln!(text, " by={} seq={sequence} pid={process} at={seconds}.{rest:09}", spelling.name())
}
