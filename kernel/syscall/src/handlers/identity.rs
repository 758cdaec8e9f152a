//! User and group ids.

use crate::Context;
use abi::{Errno, Mode, Result};
use abi::types::{CapUserData, CapUserHeader};
use mm::user::UserPtr;

pub fn umask(_cx: &mut Context, _mask: Mode) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getuid(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getgid(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setuid(_cx: &mut Context, _uid: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setgid(_cx: &mut Context, _gid: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn geteuid(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getegid(_cx: &mut Context) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setreuid(_cx: &mut Context, _real: u32, _effective: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setregid(_cx: &mut Context, _real: u32, _effective: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getgroups(_cx: &mut Context, _count: i32, _groups: UserPtr<u32>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setgroups(_cx: &mut Context, _count: usize, _groups: UserPtr<u32>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setresuid(_cx: &mut Context, _real: u32, _effective: u32, _saved: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getresuid(
    _cx: &mut Context,
    _real: UserPtr<u32>,
    _effective: UserPtr<u32>,
    _saved: UserPtr<u32>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setresgid(_cx: &mut Context, _real: u32, _effective: u32, _saved: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn getresgid(
    _cx: &mut Context,
    _real: UserPtr<u32>,
    _effective: UserPtr<u32>,
    _saved: UserPtr<u32>,
) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setfsuid(_cx: &mut Context, _uid: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn setfsgid(_cx: &mut Context, _gid: u32) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn capget(_cx: &mut Context, _header: UserPtr<CapUserHeader>, _data: UserPtr<CapUserData>) -> Result<usize> {
    Err(Errno::ENOSYS)
}

pub fn capset(_cx: &mut Context, _header: UserPtr<CapUserHeader>, _data: UserPtr<CapUserData>) -> Result<usize> {
    Err(Errno::ENOSYS)
}
