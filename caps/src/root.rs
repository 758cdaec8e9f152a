//! Root capabilities: what POSIX calls ambient, as entries of the table.

use bitflags::bitflags;

macro_rules! roots {
    ($($variant:ident $name:ident $word:ident $bit:literal $doc:literal)*) => {
        /// A root capability: authority that is not in a slot.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Root {
            $(#[doc = $doc] $variant = $bit,)*
        }

        impl Root {
            /// Every root capability.
            pub const ALL: &'static [Root] = &[$(Root::$variant),*];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The name in small letters, for tables shown to people.
            pub const fn name(self) -> &'static str {
                match self { $(Root::$variant => stringify!($word),)* }
            }

            /// The set of this one alone.
            pub const fn set(self) -> RootSet {
                RootSet::from_bits_retain(1 << self as u32)
            }
        }

        bitflags! {
            /// A set of root capabilities. A row of the system-call table names those that the call always uses.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct RootSet: u32 {
                $(#[doc = $doc] const $name = 1 << $bit;)*
            }
        }

        /// The root capabilities under their words, for the rows of the system-call table.
        #[allow(non_upper_case_globals, missing_docs)]
        pub mod word {
            use super::RootSet;
            $(pub const $word: RootSet = RootSet::$name;)*
        }
    };
}

roots! {
    Namespace NAMESPACE namespace 0 "The root of the file tree, where absolute paths start."
    Spawn SPAWN spawn 1 "Making processes and threads."
    Signal SIGNAL signal 2 "Naming processes by id, to signal them."
    Network NETWORK network 3 "Sockets that reach beyond the process."
    Clock CLOCK clock 4 "Setting clocks."
    Scheduling SCHEDULING scheduling 5 "CPU time and the CPUs to use it on."
    System SYSTEM system 6 "Host name, mounts, power, the log."
    Terminal TERMINAL terminal 7 "The controlling terminal."
    WorkingDirectory WORKING_DIRECTORY working_directory 8 "Where relative paths start."
}

impl Root {
    /// The root capability with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|root| root.name() == name)
    }
}

impl RootSet {
    /// Every root capability.
    pub const ALL: Self = Self::all();
    /// Those that capability mode takes: whatever names something outside the table. Making threads and children reaches
    /// nothing outside it, and neither does the process's own CPU time.
    pub const OUTWARD: Self = Self::NAMESPACE
        .union(Self::WORKING_DIRECTORY)
        .union(Self::SIGNAL)
        .union(Self::NETWORK)
        .union(Self::CLOCK)
        .union(Self::SYSTEM)
        .union(Self::TERMINAL);

    /// Whether the set has this one.
    pub const fn has(self, root: Root) -> bool {
        self.bits() & (1 << root as u32) != 0
    }
}
