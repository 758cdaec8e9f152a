//! The system as a whole.

use crate::Context;
use abi::{Errno, Result};
use abi::types::{Sysinfo, Utsname};
use mm::user::{Sink, Source, UserPtr};

pub fn uname(_cx: &mut Context, _buf: UserPtr<Utsname>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sysinfo(_cx: &mut Context, _info: UserPtr<Sysinfo>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn syslog(_cx: &mut Context, _action: i32, _buf: Sink<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sync(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn reboot(_cx: &mut Context, _magic: u32, _magic2: u32, _command: u32, _argument: u64) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn sethostname(_cx: &mut Context, _name: Source<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setdomainname(_cx: &mut Context, _name: Source<'_>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getrandom(_cx: &mut Context, _buf: Sink<'_>, _flags: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}
