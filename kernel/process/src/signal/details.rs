//! What is told about a signal: the constructors of `siginfo_t` for each of its origins.

use abi::types::Siginfo;
use abi::{ExitStatus, Signal};

/// SI_USER: sent by `kill`.
pub const USER: i32 = 0;
/// SI_KERNEL: sent by the kernel.
pub const KERNEL: i32 = 0x80;
/// SI_QUEUE: sent by `sigqueue`.
pub const QUEUE: i32 = -1;
/// SI_TKILL: sent by `tkill` or `tgkill`.
pub const THREAD: i32 = -6;

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

fn with(signal: Signal, code: i32, words: &[u64]) -> Siginfo {
    let mut details = Siginfo { signal: signal.number(), code, ..Siginfo::default() };
    details.fields[..words.len()].copy_from_slice(words);
    details
}

/// A signal from the kernel itself.
pub fn from_kernel(signal: Signal) -> Siginfo {
    with(signal, KERNEL, &[])
}

/// A signal from a process, by `kill` ([`USER`]) or `tgkill` ([`THREAD`]).
pub fn from_process(signal: Signal, code: i32, sender: Sender) -> Siginfo {
    with(signal, code, &[sender.word()])
}

/// A fault at an address.
pub fn from_fault(signal: Signal, code: i32, address: u64) -> Siginfo {
    with(signal, code, &[address])
}

/// A timer's expiry: its id, how often it expired unheard, and the value given with it.
pub fn from_timer(signal: Signal, timer: i32, overrun: i32, value: u64) -> Siginfo {
    with(signal, -2, &[u64::from(timer as u32) | u64::from(overrun as u32) << 32, value])
}

/// A change of state of a child; times in clock ticks of 1/100 s.
pub fn from_child(signal: Signal, child: Sender, status: ExitStatus, user: u64, system: u64) -> Siginfo {
    with(signal, status.child_code(), &[child.word(), u64::from(status.child_status() as u32), user, system])
}

#[cfg(test)]
mod tests {
    use super::*;
    use zerocopy::IntoBytes;

    fn word(details: &Siginfo, offset: usize) -> i32 {
        i32::from_le_bytes(details.as_bytes()[offset..offset + 4].try_into().unwrap())
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
}
