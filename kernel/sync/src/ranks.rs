//! The order of all locks: one table.
//!
//! A row is a class. Locks are taken downwards in this table: whoever holds a class may take only classes with a
//! greater rank. Sleeping locks ([`crate::Mutex`], [`crate::RwMutex`]) have ranks 1 to 99, spinning locks 100 to 255,
//! because nobody may sleep while spinning locks are held. Classes that interrupt handlers take stand at the end
//! (from 200 on): an interrupt may come while any lower-ranked `SpinLock` is held.
//!
//! To add a class, add a row at the place where the order needs it, and say in the row's text what it guards. Two
//! classes that are never held together may share a rank.

use crate::class::LockClass;

macro_rules! ranks {
    ($($(#[$doc:meta])* $rank:literal $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;
            impl LockClass for $name {
                const NAME: &'static str = stringify!($name);
                const RANK: u8 = $rank;
                const INDEX: usize = Index::$name as usize;
            }
        )*
        /// Numbers the rows.
        enum Index {
            $($name),*
        }
        /// Every class with its rank, in the order of the table.
        pub const TABLE: &[(&str, u8)] = &[$((stringify!($name), $rank)),*];
    };
}

const _: () = assert!(TABLE.len() <= crate::trace::MAX_CLASSES, "every class has its counters");

ranks! {
    // Sleeping locks.
    /// exec, and creation of sibling threads: one at a time in a process.
    5 ProcessExec;
    /// The position of an open file description.
    10 FileOffset;
    /// Putting epoll sets into epoll sets, one at a time.
    11 EpollNesting;
    /// The members of an epoll set.
    12 EpollSet;
    /// The mount tree of a namespace.
    15 Mounts;
    /// Renames that move directories, one at a time in a file system.
    18 Rename;
    /// The entries of a directory.
    20 Directory;
    /// The attributes and contents of a file-system node.
    25 Node;
    /// The locks that programs hold on files.
    28 FileLocks;
    /// A terminal's state and line buffer.
    30 Terminal;
    /// A pipe's buffer.
    32 Pipe;
    /// Reading from a socket: one at a time.
    33 SocketReader;
    /// When lent capabilities are to be taken back.
    34 GrantDeadlines;
    /// Which sockets lie unread in the queues of others.
    34 SocketsInFlight;
    /// A device's sleeping state.
    35 Device;
    /// The regions of an address space.
    50 AddressSpace;
    /// The pages that a pager keeps.
    60 Pager;
    /// Anything in a test that needs a sleeping lock outside the others.
    90 TestOuter;
    /// Anything in a test that needs a sleeping lock inside the others.
    91 TestInner;

    // Spinning locks that interrupt handlers do not take.
    /// Other state of a process.
    112 ProcessState;
    /// A capability table.
    120 CapabilityTable;
    /// A futex hash bucket.
    125 FutexBucket;
    /// The threads that use lent capabilities.
    127 GrantUsers;
    /// Who observes grants.
    128 GrantObservers;
    /// The names that sockets have.
    128 SocketNames;
    /// Who follows the calendar.
    129 CalendarFollowers;
    /// Small state of files, pipes and event objects.
    130 ObjectState;
    /// What a socket is connected to, its name, and who waits to be accepted.
    131 SocketState;
    /// The messages that a socket has not read yet.
    131 SocketQueue;
    /// The pseudo-terminals that exist.
    132 PtyRegistry;
    /// What a pseudo-terminal's master has not read yet, and the numbers in use.
    133 PtyRing;
    /// The page tables of an address space.
    140 PageTables;
    /// A thread's deferred work.
    150 Deferred;
    /// The kernel stacks' address range.
    160 KernelStacks;
    /// Anything in a test that needs a spinning lock outside the others.
    170 TestSpinOuter;
    /// Anything in a test that needs a spinning lock inside the others.
    171 TestSpinInner;

    // Locks that interrupt handlers take, or that are taken under such locks.
    /// A tty's input and output rings, filled by interrupts.
    200 TtyRing;
    /// A device's registers.
    202 DeviceRegisters;
    /// The links of a derivation tree of grants.
    203 GrantTree;
    /// Interrupt routing and handler tables.
    204 InterruptTable;
    /// The list of processes, the tree of parents and children, and the members of groups.
    205 ProcessList;
    /// Signal actions, threads and pending signals of a process.
    206 Signals;
    /// The items of an epoll set that may be ready.
    206 EpollReady;
    /// The signals pending for one task.
    207 Task;
    /// What changes rarely in a process: its credentials, limits, resources.
    207 ProcessRecord;
    /// The observers of a wait queue.
    208 Observers;
    /// When a timer of a program is due.
    209 ProgramTimer;
    /// A wait queue.
    210 WaitQueue;
    /// The waiters of a sleeping lock.
    211 MutexWaiters;
    /// A worker thread that waits for its CPU to come up.
    212 WorkerThread;
    /// The load average.
    212 LoadAverageState;
    /// One timer, while it is armed or cancelled.
    213 TimerArming;
    /// A CPU's timers.
    214 Timers;
    /// Which threads lend their urgency to which.
    216 Lending;
    /// A thread's affinity and scheduling parameters, when they change.
    218 ThreadParameters;
    /// A CPU's run queue.
    220 RunQueue;
    /// Translation shootdowns in flight.
    228 Shootdown;
    /// The slab heap's depot.
    232 SlabDepot;
    /// The physical frame depot.
    236 FrameDepot;
    /// The records of denials.
    249 Audit;
    /// The kernel log's ring and its UART.
    250 Log;
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn the_table_is_sorted_by_rank() {
        assert!(TABLE.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    }
}
