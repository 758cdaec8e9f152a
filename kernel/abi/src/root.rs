//! Root capabilities: what POSIX calls ambient, as entries of the table.

use bitflags::bitflags;

macro_rules! roots {
    ($($name:ident $word:ident $bit:literal $doc:literal)*) => {
        bitflags! {
            /// A set of root capabilities. A row of the system-call table names those that the call always uses.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct RootSet: u32 {
                $(#[doc = $doc] const $name = 1 << $bit;)*
            }
        }

        /// The root capabilities under their words, for the rows of the system-call table.
        #[allow(non_upper_case_globals, dead_code)]
        pub(crate) mod word {
            use super::RootSet;
            $(pub(crate) const $word: RootSet = RootSet::$name;)*
        }
    };
}

roots! {
    NAMESPACE namespace 0 "The root of the file tree and the working directory."
    SPAWN spawn 1 "Making processes and threads."
    SIGNAL signal 2 "Naming processes by id, to signal them."
    NETWORK network 3 "Sockets that reach beyond the process."
    CLOCK clock 4 "Setting clocks."
    SCHEDULING scheduling 5 "CPU time and the CPUs to use it on."
    SYSTEM system 6 "Host name, mounts, power, the log."
    TERMINAL terminal 7 "The controlling terminal."
}
