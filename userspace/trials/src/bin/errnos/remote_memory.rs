//! Cases of calls of the family `remote_memory`.

use abi::Errno;

use crate::Case;
use crate::kit::FIRST;

const BOTH: &str = "process_vm_readv process_vm_writev";

pub(crate) const CASES: &[Case] = &[
    (BOTH, Errno::EINVAL, |it| it.with("flags", 1).call()),
    (BOTH, Errno::EINVAL, |it| it.with("local_count", 5000).call()),
    (BOTH, Errno::EPERM, |it| it.with("pid", FIRST).call_as_nobody()),
    (BOTH, Errno::ECAPMODE, |it| {
        trials::pledged::enter_capability_mode()?;
        it.with("pid", FIRST).call()
    }),
];
