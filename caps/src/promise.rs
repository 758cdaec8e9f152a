//! Promises: OpenBSD's words for what a program will go on doing, and Serenity's where they mean something here.

use bitflags::bitflags;

macro_rules! promises {
    ($($name:ident $word:ident $bit:literal $doc:literal)*) => {
        bitflags! {
            /// A set of promises. A row of the system-call table names those of which a process must have kept one.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct Promises: u64 {
                $(#[doc = $doc] const $name = 1 << $bit;)*
                /// No promise was asked for yet: also what no word covers may be done. It has no word: nobody gets it back.
                const UNPLEDGED = 1 << 47;
            }
        }

        impl Promises {
            /// Every promise with its word, as `pledge` spells it.
            pub const WORDS: &'static [(&'static str, Self)] = &[$((stringify!($word), Self::$name)),*];
        }

        /// The promises under their words, for the rows of the system-call table.
        #[allow(non_upper_case_globals, missing_docs)]
        pub mod word {
            use super::Promises;
            $(pub const $word: Promises = Promises::$name;)*
            /// What a row says where no promise is needed.
            pub const always: Promises = Promises::all();
        }
    };
}

promises! {
    STDIO stdio 0 "Compute, use what is already open, ask for the time."
    RPATH rpath 1 "Read what paths name."
    WPATH wpath 2 "Write what paths name."
    CPATH cpath 3 "Make and remove names."
    DPATH dpath 4 "Make device nodes and FIFOs."
    INET inet 5 "Internet sockets."
    MCAST mcast 6 "Multicast."
    FATTR fattr 7 "Change attributes of files."
    CHOWN chown 8 "Change owners of files."
    FLOCK flock 9 "Lock files."
    UNIX unix 10 "Unix sockets."
    DNS dns 11 "Resolve names."
    GETPW getpw 12 "Look up users."
    SENDFD sendfd 13 "Send capabilities."
    RECVFD recvfd 14 "Receive capabilities."
    TTY tty 15 "Control terminals."
    PROC proc 16 "Make processes, signal and schedule others."
    EXEC exec 17 "Execute programs."
    PROT_EXEC prot_exec 18 "Make memory executable."
    SETTIME settime 19 "Set clocks."
    PS ps 20 "Look at processes."
    VMINFO vminfo 21 "Look at memory figures and the log."
    ID id 22 "Change user and group ids and resource limits."
    UNVEIL unveil 23 "Change the view of the file tree."
    ERROR error 24 "A broken promise is an error rather than the end."
    THREAD thread 25 "Make threads."
    SIGACTION sigaction 26 "Change signal dispositions."
    PTRACE ptrace 27 "Trace processes."
    MAP_FIXED map_fixed 28 "Map at chosen addresses."
}

impl Promises {
    /// Everything, by word or not: what a process may do that never promised anything.
    pub const ALL: Self = Self::all();

    /// Whether no promise was ever asked for.
    pub const fn is_unpledged(self) -> bool {
        self.contains(Self::UNPLEDGED)
    }

    /// What follows from these beside them. Serenity's words stand for parts of what OpenBSD's `stdio` covers: whoever
    /// says none of them means them all.
    pub fn implied(self) -> Self {
        let parts = Self::THREAD | Self::SIGACTION | Self::MAP_FIXED;
        if self.contains(Self::STDIO) && !self.intersects(parts) { parts } else { Self::empty() }
    }

    /// The promise with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, promise)| *promise)
    }
}
