//! What is told about a signal: the part of `siginfo_t` that is ever used, and its constructors for each origin.

use abi::types::Siginfo;
use abi::{Errno, ExitStatus, Result, Signal};
use core::num::NonZeroU32;

/// What is known about a signal: the first 48 bytes of `siginfo_t`, which hold every form of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Signal number.
    pub signal: i32,
    /// An error number, mostly zero.
    pub errno: i32,
    /// SI_* or a code of the signal's own.
    pub code: i32,
    /// The union's words.
    pub fields: [u64; FIELDS],
    /// Of a signal that a timer really sent: which setting of the timer did.
    pub timer_setting: Option<NonZeroU32>,
}

/// How many words of the union are ever used.
const FIELDS: usize = 4;

impl Details {
    /// A signal of which nothing is known.
    pub fn bare(signal: Signal) -> Self {
        Self { signal: signal.number(), ..Self::default() }
    }

    /// From what a program tells. E2BIG if it tells more than any form of it has.
    pub fn from_siginfo(info: &Siginfo) -> Result<Self> {
        let (used, rest) = info.fields.split_at(FIELDS);
        if rest.iter().any(|&word| word != 0) {
            return Err(Errno::E2BIG);
        }
        let mut fields = [0; FIELDS];
        fields.copy_from_slice(used);
        Ok(Self { signal: info.signal, errno: info.errno, code: info.code, fields, timer_setting: None })
    }

    /// The id of the timer that sent it.
    pub fn timer_id(&self) -> i32 {
        self.fields[0] as i32
    }

    /// Tells how often the timer that sent it has expired unheard.
    pub fn set_timer_overrun(&mut self, overrun: i32) {
        self.fields[0] = self.fields[0] & u64::from(u32::MAX) | u64::from(overrun as u32) << 32;
    }

    /// For a program. `info` is all zeros.
    #[inline]
    pub fn fill(&self, info: &mut Siginfo) {
        (info.signal, info.errno, info.code) = (self.signal, self.errno, self.code);
        info.fields[..FIELDS].copy_from_slice(&self.fields);
    }

    /// For a program.
    pub fn to_siginfo(&self) -> Siginfo {
        let mut info = Siginfo::default();
        self.fill(&mut info);
        info
    }
}

/// SI_USER: sent by `kill`.
pub const USER: i32 = 0;
/// SI_KERNEL: sent by the kernel.
pub const KERNEL: i32 = 0x80;
/// SI_QUEUE: sent by `sigqueue`.
pub const QUEUE: i32 = -1;
/// SI_TKILL: sent by `tkill` or `tgkill`.
pub const THREAD: i32 = -6;

/// POLL_IN: something can be read.
pub const READABLE: i32 = 1;
/// What `si_band` tells with it: POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM.
const EVENTS: u64 = 0x1 | 0x4 | 0x40 | 0x100;

/// SEGV_MAPERR: nothing is mapped at the address.
pub const UNMAPPED: i32 = 1;
/// SEGV_ACCERR: the mapping does not allow the access.
pub const DENIED: i32 = 2;
/// BUS_ADRALN: misaligned access.
pub const MISALIGNED: i32 = 1;
/// BUS_ADRERR: beyond the end of the mapped object.
pub const BEYOND_END: i32 = 2;
/// ILL_ILLOPN: illegal operand; what Linux tells for an invalid opcode.
pub const ILLEGAL_OPERAND: i32 = 2;
/// FPE_INTDIV: division by zero.
pub const DIVISION: i32 = 1;
/// FPE_FLTINV: invalid floating-point operation.
pub const FLOAT_INVALID: i32 = 7;
/// TRAP_BRKPT: breakpoint.
pub const BREAKPOINT: i32 = 1;
/// TRAP_TRACE: single step.
pub const TRACE: i32 = 2;

/// Who sends a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Process id.
    pub pid: i32,
    /// Real user id.
    pub uid: u32,
}

impl Sender {
    const fn word(self) -> u64 {
        self.pid as u32 as u64 | (self.uid as u64) << 32
    }
}

fn with(signal: Signal, code: i32, words: &[u64]) -> Details {
    let mut details = Details { signal: signal.number(), code, ..Details::default() };
    details.fields[..words.len()].copy_from_slice(words);
    details
}

/// A signal from the kernel itself.
pub fn from_kernel(signal: Signal) -> Details {
    with(signal, KERNEL, &[])
}

/// A signal from a process, by `kill` ([`USER`]) or `tgkill` ([`THREAD`]).
pub fn from_process(signal: Signal, code: i32, sender: Sender) -> Details {
    with(signal, code, &[sender.word()])
}

/// A fault at an address.
pub fn from_fault(signal: Signal, code: i32, address: u64) -> Details {
    with(signal, code, &[address])
}

/// A timer's expiry: its id, how often it expired unheard, and the value given with it.
pub fn from_timer(signal: Signal, timer: i32, overrun: i32, value: u64) -> Details {
    with(signal, -2, &[u64::from(timer as u32) | u64::from(overrun as u32) << 32, value])
}

/// Something can be read or written through a slot; which of them, whoever is told has to ask.
pub fn from_input(signal: Signal, slot: i32) -> Details {
    with(signal, READABLE, &[EVENTS, slot as u32 as u64])
}

/// A change of state of a child; times in clock ticks of 1/100 s.
pub fn from_child(signal: Signal, child: Sender, status: ExitStatus, user: u64, system: u64) -> Details {
    with(signal, status.child_code(), &[child.word(), u64::from(status.child_status() as u32), user, system])
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::IntoBytes;

    fn word(details: &Details, offset: usize) -> i32 {
        i32::from_le_bytes(details.to_siginfo().as_bytes()[offset..offset + 4].try_into().unwrap())
    }

    #[test]
    fn fields_lie_where_linux_has_them() {
        let child = Sender { pid: 77, uid: 1000 };
        let details = from_child(Signal::CHLD, child, ExitStatus::Exited(3), 10, 20);
        assert_eq!((word(&details, 0), word(&details, 8)), (17, 1));
        assert_eq!((word(&details, 16), word(&details, 20), word(&details, 24)), (77, 1000, 3));
        assert_eq!((word(&details, 32), word(&details, 40)), (10, 20));
        let timer = from_timer(Signal::ALRM, 5, 2, 0x1234);
        assert_eq!((word(&timer, 16), word(&timer, 20), word(&timer, 24)), (5, 2, 0x1234));
        let fault = from_fault(Signal::SEGV, UNMAPPED, 0xdead_0000);
        assert_eq!(fault.fields[0], 0xdead_0000);
    }

    #[test]
    fn what_a_program_tells_comes_back_and_more_is_refused() {
        let mut info = Siginfo { signal: 40, code: QUEUE, ..Siginfo::default() };
        info.fields[..4].copy_from_slice(&[1, 2, 3, 4]);
        assert_eq!(Details::from_siginfo(&info).map(|details| details.to_siginfo()), Ok(info));
        info.fields[4] = 1;
        assert_eq!(Details::from_siginfo(&info), Err(Errno::E2BIG));
    }
}
