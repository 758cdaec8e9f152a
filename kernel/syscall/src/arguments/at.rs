//! Directories that paths start from.

use crate::Context;
use abi::consts::general::AT_FDCWD;
use abi::{AtFlags, Errno, Result};
use alloc::sync::Arc;
use caps::{Cause, Rights, Root};
use object::denial::{Denial, Had, Needed, Verdict, deny};
use object::namespace::{Leave, Opened, Passage, Through};
use object::{Credentials, Held, Location, Lookup, LookupFlags, ObjectCapability, Roots};
use process::gate;

/// The directory argument of a call on a path, and the rights that the call needs there.
///
/// It is resolved together with the path, because an absolute path does not use it.
#[derive(Clone, Copy, Debug)]
pub struct At {
    slot: i32,
    rights: Rights,
}

/// Where a path starts, checked: what a look-up needs.
pub struct Base {
    roots: Arc<Roots>,
    credentials: Arc<Credentials>,
    held: Option<Held>,
    leave: Leave,
    /// What the call needs where the path starts.
    rights: Rights,
    /// Until the walk is over, whoever takes the leave back waits.
    _passage: Passage,
    /// How far a walk from here may go.
    bounds: LookupFlags,
    /// The narrowing for which it may not go further.
    contained_by: Option<Cause>,
}

impl At {
    /// The directory in `slot`, or the working directory for AT_FDCWD.
    pub const fn new(slot: i32, rights: Rights) -> Self {
        Self { slot, rights }
    }

    /// The working directory, for calls without the argument.
    pub const fn cwd(rights: Rights) -> Self {
        Self { slot: AT_FDCWD, rights }
    }

    /// The same with further rights demanded, which other arguments call for.
    pub const fn and(self, rights: Rights) -> Self {
        Self { slot: self.slot, rights: self.rights.union(rights) }
    }

    /// Checks where `path` starts. EBADF, ENOTDIR, and then a missing right: ENOTCAPABLE, or ECAPMODE where the
    /// root capability itself is gone.
    pub fn base(self, cx: &Context, path: &[u8]) -> Result<Base> {
        self.base_within(cx, path, LookupFlags::empty())
    }

    /// The same for a look-up within limits: where the directory is the root, an absolute path starts there too.
    pub fn base_within(self, cx: &Context, path: &[u8], limits: LookupFlags) -> Result<Base> {
        // Found before the slot is looked at, as on Linux; what may do without a path does not come here with a slot.
        if path.is_empty() && self.slot != AT_FDCWD {
            return Err(Errno::ENOENT);
        }
        let roots = cx.table.roots();
        let credentials = cx.process().credentials();
        let is_absolute = path.first() == Some(&b'/') && !limits.contains(LookupFlags::IN_ROOT);
        let at_root = roots.root_leave.clone().within(cx.table.root(Root::Namespace));
        let (held, leave) = if !is_absolute && self.slot != AT_FDCWD {
            let held = self.directory(cx)?;
            let leave = Leave::of(held.capability());
            (Some(held), leave)
        } else {
            let (root, leave) = match is_absolute {
                true => (Root::Namespace, at_root.clone()),
                // What the place was found by, and what the table still has of the root capability.
                false => {
                    (Root::WorkingDirectory, roots.cwd_leave.clone().within(cx.table.root(Root::WorkingDirectory)))
                }
            };
            if !leave.rights().contains(self.rights) {
                self.refuse(cx, root, leave.rights())?;
            }
            (None, leave)
        };
        let _passage = if held.is_none() { leave.begin(self.rights)? } else { Passage::NONE };
        // Whoever has more at the start than at the root must not take it beyond what is beneath the start.
        let is_contained = !is_absolute && !at_root.limit().contains(leave.limit());
        let bounds = if is_contained { LookupFlags::CONTAINED } else { LookupFlags::empty() };
        let contained_by = is_contained.then(|| cx.table.root_cause(Root::Namespace, Rights::ALL)).flatten();
        Ok(Base { roots, credentials, held, leave, rights: self.rights, _passage, bounds, contained_by })
    }

    /// Refuses for want of rights of a root capability, of which there are `held`. An absolute path beside a directory asks to
    /// leave the directory: ENOTCAPABLE.
    #[cold]
    fn refuse(self, cx: &Context, root: Root, held: Rights) -> Result<()> {
        if held.is_empty() && self.slot == AT_FDCWD {
            gate::demand_root(cx, root)?;
        }
        if self.slot != AT_FDCWD {
            self.directory(cx)?;
        }
        let missing = self.rights - held;
        let needed = Needed::RootRights(root, missing);
        match deny(&Denial::of(needed, Had::Rights(held), cx.table.root_cause(root, missing))) {
            Verdict::Allow => Ok(()),
            Verdict::Refuse => Err(Errno::ENOTCAPABLE),
        }
    }

    fn directory(self, cx: &Context) -> Result<Held> {
        let kinds = caps::KindSet::DIRECTORY;
        cx.table.get_kind(self.slot, kinds, self.rights, Errno::ENOTDIR)
    }

    /// The object itself, of whatever kind, where the path is empty and the flags allow that (AT_EMPTY_PATH). `None` for AT_FDCWD:
    /// then the working directory is meant, and an empty path names it.
    pub fn itself(self, cx: &Context, path: &[u8], flags: AtFlags) -> Result<Option<Held>> {
        if !path.is_empty() || !flags.contains(AtFlags::EMPTY_PATH) || self.slot == AT_FDCWD {
            return Ok(None);
        }
        cx.table.get(self.slot, self.rights.difference(Rights::LOOKUP)).map(Some)
    }
}

impl Base {
    /// A look-up from here.
    pub fn lookup(&self, flags: LookupFlags) -> Lookup<'_> {
        self.lookup_as(&self.credentials, flags)
    }

    /// A look-up from here for which these credentials count.
    pub fn lookup_as<'a>(&'a self, credentials: &'a Credentials, flags: LookupFlags) -> Lookup<'a> {
        let start = self.held.as_ref().and_then(|held| held.location());
        let contained_by = self.contained_by;
        let lookup = Lookup { contained_by, ..Lookup::new(&self.roots, start, credentials) };
        lookup.with(flags | self.bounds).using(self.rights)
    }

    /// What `path` names.
    pub fn find(&self, path: &[u8], flags: LookupFlags) -> Result<Location> {
        self.lookup(flags).find(path)
    }

    /// The leave that a directory found from here gives.
    pub fn leave_of(&self, found: Option<&Through>) -> Leave {
        match found {
            Some(through) => through.leave().within(self.leave.limit()),
            None => self.leave.child(),
        }
    }

    /// Refuses to open or execute something beneath for more than what is found from here may have.
    pub fn demand_inherited(&self, rights: Rights) -> Result<()> {
        let missing = rights - self.leave.limit();
        if missing.is_empty() {
            return Ok(());
        }
        let mut denial =
            Denial::of(Needed::Rights(missing), Had::Rights(self.leave.limit()), self.leave.cause(missing));
        if let Some(held) = &self.held {
            denial = denial.at(held.slot(), held.object());
        }
        match deny(&denial) {
            Verdict::Allow => Ok(()),
            Verdict::Refuse => Err(Errno::ENOTCAPABLE),
        }
    }

    /// Whose permissions count.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Root and working directory.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// A capability to what was opened from here.
    pub fn capability(&self, opened: Opened, rights: Rights) -> ObjectCapability {
        let Opened { object, through } = opened;
        match through {
            Some(through) => through.capability(object, rights & self.leave.limit()),
            None => self.leave.capability(object, rights),
        }
    }
}
