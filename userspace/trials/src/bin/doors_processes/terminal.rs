//! A terminal that is shared with a more trusted process: nobody types into it for another.

use super::kit::{Case, got};
use abi::Errno;
use abi::table::number;
use libc::{O_NOCTTY, O_RDWR};
use trials::Holds;
use trials::raw::{call, fails, open, poll, works};

pub(crate) const CASES: &[Case] = &[("nobody puts input into a terminal for others to read", typing)];

const TIOCSTI: usize = 0x5412;
const TIOCGPTN: usize = 0x8004_5430;
const TIOCSPTLCK: usize = 0x4004_5431;

fn typing() -> Holds {
    let master = got("the master", open("/dev/ptmx", O_RDWR | O_NOCTTY))?;
    let (mut name, unlocked) = (0_u32, 0_i32);
    works(call(number::ioctl, &[master, TIOCSPTLCK, &raw const unlocked as usize]))?;
    works(call(number::ioctl, &[master, TIOCGPTN, &raw mut name as usize]))?;
    works(call(number::setsid, &[]))?;
    // As the session's own controlling terminal, where Linux once allowed it to everybody.
    let terminal = got("the terminal", open(&format!("/dev/pts/{name}"), O_RDWR))?;
    for slot in [terminal, master] {
        fails(call(number::ioctl, &[slot, TIOCSTI, c"\n".as_ptr() as usize]), Errno::EIO)?;
        trials::equal(got("polling", poll(slot, libc::POLLIN, 0))?, 0)?;
    }
    Ok(())
}
