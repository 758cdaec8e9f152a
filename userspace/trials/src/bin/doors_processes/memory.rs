//! `process_vm_readv` and `process_vm_writev`, and the files of `/proc` that would be the same door.

use super::kit::{Case, Host, give_up_the_clock, got, is_recorded};
use abi::table::number;
use abi::types::Iovec;
use abi::{Errno, Result};
use trials::child::in_child;
use trials::pledged::{self, ABORTED, enter_capability_mode};
use trials::raw::{call, fails, open, works};
use trials::{Holds, child, equal};

pub(crate) const CASES: &[Case] = &[
    ("memory of an equal is read and written, over pages and pieces", copied),
    ("it is copied where its own threads could, and to the first byte where not", protected),
    ("a narrower process copies nothing, and that is recorded", narrower),
    ("capability mode and promises keep processes apart", contained),
    ("bad arguments are refused", bad),
    ("another user's memory is not touched", other_user),
    ("no file of /proc is another way to memory", files),
];

fn transfer(call_number: u64, pid: i32, local: &[Iovec], remote: &[Iovec]) -> Result<usize> {
    let words = [pid as usize, local.as_ptr() as usize, local.len(), remote.as_ptr() as usize, remote.len(), 0];
    call(call_number, &words)
}

fn piece(base: usize, length: usize) -> Iovec {
    Iovec { base: base as u64, length: length as u64 }
}

fn pull(pid: i32, from: usize, to: &mut [u8]) -> Result<usize> {
    transfer(number::process_vm_readv, pid, &[piece(to.as_mut_ptr() as usize, to.len())], &[piece(from, to.len())])
}

fn push(pid: i32, from: &[u8], to: usize) -> Result<usize> {
    transfer(number::process_vm_writev, pid, &[piece(from.as_ptr() as usize, from.len())], &[piece(to, from.len())])
}

fn map(pages: usize) -> Result<usize> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    call(number::mmap, &[0, pages * 4096, protection as usize, flags as usize, usize::MAX, 0])
}

/// A child with three pages, the last of which may be touched by nobody; ends well if its first bytes are `expected` then.
fn host(expected: &'static [u8]) -> std::io::Result<Host> {
    let prepare = || {
        let at = map(3)?;
        let source: Vec<u8> = (0..8192_u32).map(|index| index as u8 ^ (index >> 8) as u8).collect();
        push(child::own_id(), &source, at)?;
        call(number::mprotect, &[at + 8192, 4096, 0])?;
        Ok((at, at.to_le_bytes().to_vec()))
    };
    Host::start(prepare, move |at| {
        let mut found = vec![0; expected.len()];
        let own = pull(child::own_id(), at, &mut found);
        i32::from(own != Ok(found.len()) || found != expected)
    })
}

fn copied() -> Holds {
    let host = got("a child", host(b"changed"))?;
    let at = host.number();
    let mut found = vec![0; 5000];
    equal(pull(host.pid, at + 100, &mut found), Ok(5000))?;
    let right = found.iter().zip(100_u32..).all(|(byte, index)| *byte == index as u8 ^ (index >> 8) as u8);
    equal(right, true)?;
    let (mut one, mut two) = ([0_u8; 3], [0_u8; 5]);
    let local = [piece(one.as_mut_ptr() as usize, 3), piece(two.as_mut_ptr() as usize, 5)];
    let remote = [piece(at, 4), piece(at + 4094, 4)];
    equal(transfer(number::process_vm_readv, host.pid, &local, &remote), Ok(8))?;
    let byte = |index: u32| index as u8 ^ (index >> 8) as u8;
    equal((one, two), ([0, 1, 2], [3, byte(4094), byte(4095), byte(4096), byte(4097)]))?;
    equal(push(host.pid, b"changed", at), Ok(7))?;
    host.end_well()
}

fn protected() -> Holds {
    let host = got("a child", host(&[0, 1]))?;
    let at = host.number();
    let mut found = vec![0; 4096];
    fails(pull(host.pid, at + 8192, &mut found), Errno::EFAULT)?;
    fails(push(host.pid, &found, at + 8192), Errno::EFAULT)?;
    equal(pull(host.pid, at + 8192 - 100, &mut found), Ok(100))?;
    // Its program's text is read, and not written.
    let text = main_address();
    equal(pull(host.pid, text, &mut found[..64]), Ok(64))?;
    fails(push(host.pid, &[0; 64], text), Errno::EFAULT)?;
    fails(pull(host.pid, usize::MAX - 4095, &mut found), Errno::EFAULT)?;
    host.end_well()
}

fn main_address() -> usize {
    let address: fn() -> Holds = protected;
    address as usize & !63
}

fn narrower() -> Holds {
    let host = got("a child", host(&[0, 1]))?;
    let (pid, at) = (host.pid, host.number());
    in_child(|| {
        let mut found = [0; 8];
        works(pull(pid, at, &mut found))?;
        give_up_the_clock()?;
        fails(pull(pid, at, &mut found), Errno::EPERM)?;
        is_recorded("process_vm_readv")?;
        fails(push(pid, b"evil", at), Errno::EPERM)?;
        is_recorded("process_vm_writev")?;
        // Whoever is as narrow may be looked into again.
        let narrow = got("a child", self::host(&[0, 1]))?;
        works(pull(narrow.pid, narrow.number(), &mut found))?;
        narrow.end_well()
    })?;
    host.end_well()
}

fn contained() -> Holds {
    let host = got("a child", host(&[0, 1]))?;
    let (pid, at) = (host.pid, host.number());
    in_child(|| {
        got("capability mode", enter_capability_mode())?;
        let mut found = [0; 8];
        fails(pull(pid, at, &mut found), Errno::ECAPMODE)?;
        // Oneself may always be named.
        let own = [7_u8; 8];
        equal(pull(child::own_id(), own.as_ptr() as usize, &mut found), Ok(8))
    })?;
    let reads = || i32::from(pull(pid, at, &mut [0; 8]).is_ok());
    pledged::ends(pledged::under("stdio proc", reads), ABORTED)?;
    host.end_well()
}

fn bad() -> Holds {
    let mut found = [0_u8; 8];
    let here = piece(found.as_mut_ptr() as usize, 8);
    fails(pull(0x3fff_ffff, here.base as usize, &mut [0; 8]), Errno::ESRCH)?;
    let words = [child::own_id() as usize, &raw const here as usize, 1, &raw const here as usize, 1, 1];
    fails(call(number::process_vm_readv, &words), Errno::EINVAL)?;
    let words = [child::own_id() as usize, &raw const here as usize, 1025, &raw const here as usize, 1, 0];
    fails(call(number::process_vm_readv, &words), Errno::EINVAL)?;
    fails(transfer(number::process_vm_readv, child::own_id(), &[piece(8, 8)], &[here]), Errno::EFAULT)?;
    equal(transfer(number::process_vm_readv, 0x3fff_ffff, &[], &[here]), Ok(0))
}

fn other_user() -> Holds {
    let host = got("a child", host(&[0, 1]))?;
    let (pid, at) = (host.pid, host.number());
    in_child(|| {
        works(call(number::setresuid, &[1000, 1000, 1000]))?;
        fails(pull(pid, at, &mut [0; 8]), Errno::EPERM)
    })?;
    host.end_well()
}

fn files() -> Holds {
    for name in ["mem", "map_files", "map_files/400000-401000", "pagemap"] {
        for process in ["self".to_owned(), child::parent().to_string()] {
            let path = format!("/proc/{process}/{name}");
            fails(open(&path, libc::O_RDONLY), Errno::ENOENT).map_err(|why| format!("{path}: {why}"))?;
        }
    }
    Ok(())
}
