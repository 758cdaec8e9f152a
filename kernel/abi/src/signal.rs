//! Signals and sets of signals.

use core::fmt;
use linux_raw_sys::general;

/// A signal number, 1 to 64.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

/// What a signal does when no handler is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultAction {
    /// Ends the process.
    Terminate,
    /// Ends the process and writes a core.
    Core,
    /// Nothing.
    Ignore,
    /// Stops the process.
    Stop,
    /// Continues a stopped process.
    Continue,
}

impl Signal {
    /// How many signals there are.
    pub const COUNT: usize = 64;

    /// The signal with this number, if it is one.
    pub const fn new(number: i32) -> Option<Self> {
        if number >= 1 && number <= 64 { Some(Self(number as u8)) } else { None }
    }

    /// The number.
    pub const fn number(self) -> i32 {
        self.0 as i32
    }

    /// The place in an array of [`Signal::COUNT`].
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// Whether it is one of the real-time signals, which queue.
    pub const fn is_real_time(self) -> bool {
        self.0 as u32 >= general::SIGRTMIN
    }

    /// Whether it can be neither caught, blocked nor ignored.
    pub const fn is_unstoppable(self) -> bool {
        matches!(self, Self::KILL | Self::STOP)
    }

    /// What happens when no handler is set.
    pub const fn default_action(self) -> DefaultAction {
        match self {
            Self::CHLD | Self::URG | Self::WINCH => DefaultAction::Ignore,
            Self::CONT => DefaultAction::Continue,
            Self::STOP | Self::TSTP | Self::TTIN | Self::TTOU => DefaultAction::Stop,
            Self::QUIT | Self::ILL | Self::TRAP | Self::ABRT | Self::BUS | Self::FPE | Self::SEGV => {
                DefaultAction::Core
            }
            Self::XCPU | Self::XFSZ | Self::SYS => DefaultAction::Core,
            _ => DefaultAction::Terminate,
        }
    }
}

macro_rules! signals {
    ($($name:ident = $number:ident $doc:literal)*) => {
        impl Signal {
            $(#[doc = $doc] pub const $name: Self = Self(general::$number as u8);)*

            /// The name, such as `SIGINT`; real-time signals are all `SIGRT`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($number),)*
                    _ => "SIGRT",
                }
            }
        }
    };
}

signals! {
    HUP = SIGHUP "The terminal hung up."
    INT = SIGINT "Interrupt from the terminal."
    QUIT = SIGQUIT "Quit from the terminal."
    ILL = SIGILL "Illegal instruction."
    TRAP = SIGTRAP "Breakpoint or trace."
    ABRT = SIGABRT "Abort."
    BUS = SIGBUS "Access beyond the end of an object, or misaligned."
    FPE = SIGFPE "Arithmetic fault."
    KILL = SIGKILL "Ends the process, always."
    USR1 = SIGUSR1 "Free for the program's use."
    SEGV = SIGSEGV "Bad memory access."
    USR2 = SIGUSR2 "Free for the program's use."
    PIPE = SIGPIPE "Write to a pipe without reader."
    ALRM = SIGALRM "The alarm timer."
    TERM = SIGTERM "Please end."
    STKFLT = SIGSTKFLT "Unused."
    CHLD = SIGCHLD "A child changed state."
    CONT = SIGCONT "Continue."
    STOP = SIGSTOP "Stops the process, always."
    TSTP = SIGTSTP "Stop from the terminal."
    TTIN = SIGTTIN "Background read from the terminal."
    TTOU = SIGTTOU "Background write to the terminal."
    URG = SIGURG "Urgent data."
    XCPU = SIGXCPU "CPU time limit."
    XFSZ = SIGXFSZ "File size limit."
    VTALRM = SIGVTALRM "The user-time timer."
    PROF = SIGPROF "The profiling timer."
    WINCH = SIGWINCH "The window changed size."
    IO = SIGIO "A descriptor became ready."
    PWR = SIGPWR "Power failure."
    SYS = SIGSYS "Bad system call."
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 as u32 >= general::SIGRTMIN {
            write!(f, "SIGRT{}", self.0 as u32 - general::SIGRTMIN)
        } else {
            f.write_str(self.name())
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A set of signals, in the layout of `sigset_t`: bit `n - 1` is signal `n`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    zerocopy::FromBytes,
    zerocopy::IntoBytes,
    zerocopy::Immutable,
    zerocopy::KnownLayout,
)]
#[repr(transparent)]
pub struct SignalSet(u64);

impl SignalSet {
    /// The size that every call with a signal set must state.
    pub const BYTES: usize = 8;
    /// No signal.
    pub const EMPTY: Self = Self(0);
    /// Every signal.
    pub const ALL: Self = Self(u64::MAX);
    /// The two that cannot be blocked.
    pub const UNSTOPPABLE: Self = Self::of(&[Signal::KILL, Signal::STOP]);
    /// The signals that a fault of the running instruction raises.
    pub const SYNCHRONOUS: Self =
        Self::of(&[Signal::SEGV, Signal::BUS, Signal::ILL, Signal::TRAP, Signal::FPE, Signal::SYS]);
    /// The signals whose default action stops.
    pub const STOPPING: Self = Self::of(&[Signal::STOP, Signal::TSTP, Signal::TTIN, Signal::TTOU]);

    /// The set of these signals.
    pub const fn of(signals: &[Signal]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < signals.len() {
            bits |= 1 << signals[at].index();
            at += 1;
        }
        Self(bits)
    }

    /// The set with these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the set has this signal.
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & (1 << signal.index()) != 0
    }

    /// Adds a signal.
    pub const fn insert(&mut self, signal: Signal) {
        self.0 |= 1 << signal.index();
    }

    /// Takes a signal out.
    pub const fn remove(&mut self, signal: Signal) {
        self.0 &= !(1 << signal.index());
    }

    /// The signals in either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The signals in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The signals in this set and not in the other.
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The lowest signal in the set.
    pub const fn first(self) -> Option<Signal> {
        if self.0 == 0 { None } else { Some(Signal(self.0.trailing_zeros() as u8 + 1)) }
    }

    /// The signals, lowest first.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        let mut rest = self;
        core::iter::from_fn(move || {
            let signal = rest.first()?;
            rest.remove(signal);
            Some(signal)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_list_their_signals_in_order() {
        let set = SignalSet::of(&[Signal::TERM, Signal::HUP, Signal(64)]);
        let mut listed = set.iter();
        assert_eq!(listed.next(), Some(Signal::HUP));
        assert_eq!(listed.next(), Some(Signal::TERM));
        assert_eq!(listed.next(), Signal::new(64));
        assert_eq!(listed.next(), None);
        assert!(Signal::new(0).is_none() && Signal::new(65).is_none());
    }
}
