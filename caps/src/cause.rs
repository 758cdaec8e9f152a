//! Causes: who narrowed what, when and how, so that a denial can say so.

/// The spelling under which somebody asked for a narrowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// `cap_rights_limit` and its kin: one slot.
    Limit,
    /// `pledge`.
    Pledge,
    /// `unveil`.
    Unveil,
    /// `cap_enter`.
    CapabilityMode,
    /// `narrow`: many things at once.
    Narrow,
    /// A child grant was made with less than its parent has.
    Derive,
    /// `cap_revoke`.
    Revoke,
    /// The time that a grant was given for is over.
    Deadline,
    /// The process was made with less.
    Spawn,
    /// The directory passes less on to what is opened beneath it.
    Inherit,
}

impl Spelling {
    /// The spelling in small letters, for tables shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::Pledge => "pledge",
            Self::Unveil => "unveil",
            Self::CapabilityMode => "cap_enter",
            Self::Narrow => "narrow",
            Self::Derive => "derive",
            Self::Revoke => "revoke",
            Self::Deadline => "deadline",
            Self::Spawn => "spawn",
            Self::Inherit => "inherit",
        }
    }
}

/// One narrowing: the operation that took something away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Narrowings are numbered as they happen, over all processes.
    pub sequence: u64,
    /// The process that narrowed.
    pub process: i32,
    /// How it was spelled.
    pub spelling: Spelling,
    /// When, since boot.
    pub time_ns: u64,
}
