//! The system as a whole: its names, figures, log, and end.

use abi::types::{Sysinfo, Utsname};
use abi::{Errno, Result};
use arch::PAGE_SIZE;
use arch::clock::now_ns;
use mm::user::{Sink, Source, UserPtr};
use process::Context;

use crate::names;

/// `uname`.
pub fn uname(_cx: &mut Context, buf: UserPtr<Utsname>) -> Result<usize> {
    buf.write(&names::utsname())?;
    Ok(0)
}

/// `sethostname`.
pub fn sethostname(cx: &mut Context, name: Source<'_>) -> Result<usize> {
    let name = read_name(cx, name)?;
    names::set_host(name);
    Ok(0)
}

/// `setdomainname`.
pub fn setdomainname(cx: &mut Context, name: Source<'_>) -> Result<usize> {
    let name = read_name(cx, name)?;
    names::set_domain(name);
    Ok(0)
}

fn read_name(cx: &Context, mut from: Source<'_>) -> Result<names::Name> {
    require_superuser(cx)?;
    let len = from.remaining();
    if len > names::NAME_MAX {
        return Err(Errno::EINVAL);
    }
    let mut name = names::Name::default();
    if from.copy_to(&mut name.0[..len])? < len {
        return Err(Errno::EFAULT);
    }
    Ok(name)
}

/// EPERM for all but the superuser. The rights of the system's root capability come on top of this.
fn require_superuser(cx: &Context) -> Result<()> {
    if cx.process().credentials().euid == 0 { Ok(()) } else { Err(Errno::EPERM) }
}

/// `sysinfo`.
pub fn sysinfo(_cx: &mut Context, info: UserPtr<Sysinfo>) -> Result<usize> {
    let frames = mm::frame::stats();
    let bytes = |count: usize| (count * PAGE_SIZE) as u64;
    info.write(&Sysinfo {
        uptime: (now_ns() / 1_000_000_000) as i64,
        // From units of 1/2048 to units of 1/65536.
        loads: sched::stats::load_average().map(|load| load * 32),
        total_ram: bytes(frames.total),
        free_ram: bytes(frames.free),
        processes: u16::try_from(process::registry::counts().processes).unwrap_or(u16::MAX),
        unit: 1,
        ..Sysinfo::default()
    })?;
    Ok(0)
}

/// `sync`: nothing here outlives the machine.
pub fn sync(_cx: &mut Context) -> Result<usize> {
    Ok(0)
}

/// `getrandom`.
pub fn getrandom(_cx: &mut Context, mut buf: Sink<'_>, flags: u32) -> Result<usize> {
    const NONBLOCK: u32 = 1;
    const RANDOM: u32 = 2;
    const INSECURE: u32 = 4;
    let is_contradictory = flags & (RANDOM | INSECURE) == RANDOM | INSECURE;
    if flags & !(NONBLOCK | RANDOM | INSECURE) != 0 || is_contradictory {
        return Err(Errno::EINVAL);
    }
    fs::random::fill_sink(&mut buf)
}

/// `syslog`.
pub fn syslog(cx: &mut Context, action: i32, mut buf: Sink<'_>) -> Result<usize> {
    const READ_ALL: i32 = 3;
    const READ_CLEAR: i32 = 4;
    const CLEAR: i32 = 5;
    const CONSOLE_OFF: i32 = 6;
    const CONSOLE_LEVEL: i32 = 8;
    const SIZE_UNREAD: i32 = 9;
    const SIZE_BUFFER: i32 = 10;
    if action != READ_ALL && action != SIZE_BUFFER {
        require_superuser(cx)?;
    }
    match action {
        READ_ALL => drivers::kmsg::read_newest(&mut buf),
        READ_CLEAR => {
            let count = drivers::kmsg::read_newest(&mut buf)?;
            drivers::kmsg::clear();
            Ok(count)
        }
        CLEAR => {
            drivers::kmsg::clear();
            Ok(0)
        }
        // The log's own line is always on; opening and closing the log mean nothing.
        0 | 1 | CONSOLE_OFF..=CONSOLE_LEVEL => Ok(0),
        SIZE_UNREAD => Ok(drivers::kmsg::len()),
        SIZE_BUFFER => Ok(drivers::kmsg::CAPACITY),
        _ => Err(Errno::EINVAL),
    }
}

/// `reboot`.
pub fn reboot(cx: &mut Context, magic: u32, magic2: u32, command: u32, argument: u64) -> Result<usize> {
    const MAGIC: u32 = 0xfee1_dead;
    const MAGIC2: [u32; 4] = [672_274_793, 85_072_278, 369_367_448, 537_993_216];
    const RESTART: u32 = 0x0123_4567;
    const RESTART_WITH_TEXT: u32 = 0xa1b2_c3d4;
    const HALT: u32 = 0xcdef_0123;
    const POWER_OFF: u32 = 0x4321_fedc;
    const KEYS_ON: u32 = 0x89ab_cdef;
    const KEYS_OFF: u32 = 0;
    require_superuser(cx)?;
    if magic != MAGIC || !MAGIC2.contains(&magic2) {
        return Err(Errno::EINVAL);
    }
    match command {
        KEYS_ON | KEYS_OFF => Ok(0),
        RESTART => drivers::power::restart(),
        RESTART_WITH_TEXT => {
            mm::user::read_c_string(argument, 256)?;
            drivers::power::restart()
        }
        HALT | POWER_OFF => drivers::power::power_off(),
        _ => Err(Errno::EINVAL),
    }
}
