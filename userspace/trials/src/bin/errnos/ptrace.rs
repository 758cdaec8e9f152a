//! Cases of calls of the family `ptrace`.

use abi::Errno;
use abi::consts::ptrace::{PTRACE_ATTACH, PTRACE_CONT, PTRACE_SEIZE};

use crate::Case;
use crate::kit::FIRST;

const CALL: &str = "ptrace";
/// No request has this number.
const UNKNOWN: usize = 1 << 40;

pub(crate) const CASES: &[Case] = &[
    (CALL, Errno::EINVAL, |it| {
        it.with("request", PTRACE_SEIZE as usize).with("address", 0).with("data", 1 << 30).call()
    }),
    (CALL, Errno::EIO, |it| it.with("request", UNKNOWN).call()),
    (CALL, Errno::EPERM, |it| it.with("request", PTRACE_ATTACH as usize).with("pid", FIRST).call()),
    (CALL, Errno::ESRCH, |it| it.with("request", PTRACE_CONT as usize).with("pid", FIRST).call()),
    (CALL, Errno::ECAPMODE, |it| {
        trials::pledged::enter_capability_mode()?;
        it.with("request", PTRACE_ATTACH as usize).with("pid", FIRST).call()
    }),
];
