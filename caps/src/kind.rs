//! Kinds of objects and sets of kinds.

use bitflags::bitflags;

macro_rules! kinds {
    ($($name:ident $constant:ident $bit:literal $doc:literal)*) => {
        /// What an object is. A capability remembers its object's kind, so a check needs no call into the object.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = $doc] $name = $bit,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// The kind's name in small letters, for tables shown to people.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$name => stringify!($constant),)* }
            }
        }

        bitflags! {
            /// A set of kinds: what an argument accepts.
            #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
            pub struct KindSet: u32 {
                $(#[doc = $doc] const $constant = 1 << $bit;)*
            }
        }
    };
}

kinds! {
    File FILE 0 "A regular file, or anything else whose bytes have places."
    Directory DIRECTORY 1 "A directory."
    Link LINK 2 "A symbolic link, held by `O_PATH`."
    Pipe PIPE 3 "An end of a pipe or FIFO."
    Socket SOCKET 4 "A socket."
    Terminal TERMINAL 5 "A terminal."
    Device DEVICE 6 "Another device."
    Process PROCESS 7 "A process."
    Thread THREAD 8 "A thread."
    Memory MEMORY 9 "Memory without a name in the file tree."
    Channel CHANNEL 10 "An end of a message channel."
    Notification NOTIFICATION 11 "An event counter or a signal mailbox."
    Timer TIMER 12 "A timer."
    PollSet POLL_SET 13 "A set of objects waited on together."
    Watch WATCH 14 "A watch on changes of files."
    SchedulingContext SCHEDULING_CONTEXT 15 "CPU time and the CPUs to use it on."
    Namespace NAMESPACE 16 "A view of the file tree: the root capability of path look-ups."
    Spawn SPAWN 17 "Root capability: making processes and threads."
    SignalSender SIGNAL_SENDER 18 "Root capability: signalling by process id."
    Network NETWORK 19 "Root capability: making sockets that reach beyond the process."
    Clock CLOCK 20 "Root capability: setting clocks."
    System SYSTEM 21 "Root capability: host name, mounts, reboot, the audit log."
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The set of this kind alone.
    pub const fn set(self) -> KindSet {
        KindSet::from_bits_retain(1 << self as u32)
    }
}

impl KindSet {
    /// Every kind: an argument that accepts anything.
    pub const ANY: Self = Self::all();

    /// Whether the set has this kind.
    pub const fn has(self, kind: Kind) -> bool {
        self.bits() & (1 << kind as u32) != 0
    }
}
