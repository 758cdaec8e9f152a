//! The attributes of an inode.

use crate::clock;
use abi::Mode;
use abi::types::Timespec;
use object::{Permissions, SetAttributes, SetTime};

/// Reading stamps a file at most once in this many seconds, unless it changed since.
const ACCESS_STAMP_SECONDS: i64 = 24 * 60 * 60;

/// Everything of `struct stat` that can change and is not the size.
#[derive(Clone, Copy, Debug)]
pub struct Attributes {
    /// Permission bits.
    pub mode: Mode,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Names that the inode has; 0 once it has none.
    pub links: u32,
    /// Made without a name, and still to be given one: the absence of links does not mean that it is going.
    pub is_linkable: bool,
    /// Last access.
    pub accessed: Timespec,
    /// Last change of the contents.
    pub modified: Timespec,
    /// Last change of anything.
    pub changed: Timespec,
}

impl Attributes {
    /// Of something new.
    pub fn new(mode: Mode, uid: u32, gid: u32, links: u32) -> Self {
        let now = clock::now();
        Self { mode, uid, gid, links, is_linkable: false, accessed: now, modified: now, changed: now }
    }

    /// What a permission check looks at.
    pub fn permissions(&self) -> Permissions {
        Permissions { mode: self.mode, uid: self.uid, gid: self.gid }
    }

    /// The contents changed now.
    pub fn stamp_modified(&mut self) {
        let now = clock::now();
        (self.modified, self.changed) = (now, now);
    }

    /// The attributes or links changed now.
    pub fn stamp_changed(&mut self) {
        self.changed = clock::now();
    }

    /// The contents were read. Stamped only where a reader of the time would learn something:
    /// after a change, or when the last stamp is a day old.
    pub fn stamp_accessed(&mut self) {
        let as_pair = |time: Timespec| (time.seconds, time.nanoseconds);
        let last = as_pair(self.accessed);
        let is_stale = last <= as_pair(self.modified) || last <= as_pair(self.changed);
        if is_stale || self.accessed.seconds + ACCESS_STAMP_SECONDS < clock::now().seconds {
            self.accessed = clock::now();
        }
    }

    /// Applies a request whose permission was checked.
    pub fn apply(&mut self, request: &SetAttributes) {
        let now = clock::now();
        let time = |set: SetTime| match set {
            SetTime::Now => now,
            SetTime::To(time) => time,
        };
        self.mode = request.mode.unwrap_or(self.mode);
        self.uid = request.uid.unwrap_or(self.uid);
        self.gid = request.gid.unwrap_or(self.gid);
        self.accessed = request.accessed.map_or(self.accessed, time);
        self.modified = request.modified.map_or(self.modified, time);
        self.changed = now;
    }
}
