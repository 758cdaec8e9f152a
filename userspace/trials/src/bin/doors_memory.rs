//! Shared memory: seals hold whoever asks, and memory that may be read is not written through any mapping.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use libc::{MAP_PRIVATE, MAP_SHARED, O_RDONLY, O_RDWR, PROT_READ, PROT_WRITE};
use trials::child::in_child;
use trials::lend::{READER, derive, limit, revoke, without};
use trials::raw::{call, fails, map, open, peek, pipe, read, text, works, write};
use trials::{Holds, Report, equal};

type Case = (&'static str, fn() -> Holds);

const CASES: &[Case] = &[
    ("sealed memory is not written, whatever is tried", written),
    ("nor does it become shorter or longer", sized),
    ("a seal against writing waits for nobody's mapping", busy),
    ("a seal against future writing leaves mappings that are there", future),
    ("no seal comes after the last, and none where none was allowed", last),
    ("whether it may be executed can be sealed", executed),
    ("to seal takes the right, and a file open for writing", rights),
    ("a seal and a mapping that race do not both succeed", racing),
    ("what a slot lets be read is not written through a mapping of it", read_only),
];

fn main() -> ExitCode {
    if !tessera::system::is_tessera() {
        println!("only Tessera limits slots");
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new();
    for (name, case) in CASES {
        report.check(name, in_child(case));
    }
    report.finish()
}

const ADD: usize = 1033;
const GET: usize = 1034;
const SEAL: usize = 1;
const SHRINK: usize = 2;
const GROW: usize = 4;
const WRITE: usize = 8;
const FUTURE: usize = 16;
const EXECUTE: usize = 32;
/// MFD_ALLOW_SEALING and MFD_NOEXEC_SEAL.
const ALLOW: usize = 2;
const NO_EXECUTE: usize = 8;
const BOTH: i32 = PROT_READ | PROT_WRITE;
/// FALLOC_FL_PUNCH_HOLE and FALLOC_FL_KEEP_SIZE.
const PUNCH: usize = 3;

fn got<T>(what: &str, result: Result<T>) -> std::result::Result<T, String> {
    result.map_err(|errno| format!("{what}: {errno}"))
}

/// A page of memory with something in it.
fn memory(flags: usize) -> std::result::Result<usize, String> {
    let slot = got("memfd_create", call(number::memfd_create, &[text("door"), flags]))?;
    got("writing", write(slot, &[b'a'; 4096]))?;
    Ok(slot)
}

fn seal(slot: usize, seals: usize) -> Result<usize> {
    call(number::fcntl, &[slot, ADD, seals])
}

fn seals(slot: usize) -> Result<usize> {
    call(number::fcntl, &[slot, GET])
}

fn resize(slot: usize, size: usize) -> Result<usize> {
    call(number::ftruncate, &[slot, size])
}

fn protect(address: usize, protection: i32) -> Result<usize> {
    call(number::mprotect, &[address, 4096, protection as usize])
}

fn unmap(address: usize) -> Result<usize> {
    call(number::munmap, &[address, 4096])
}

/// Has the kernel write a byte at an address, so that nobody falls over.
fn poke(address: usize) -> Result<usize> {
    let [from, to] = pipe()?;
    write(to, b"z")?;
    let result = call(number::read, &[from, address, 1]);
    let _ = (call(number::close, &[from]), call(number::close, &[to]));
    result
}

fn written() -> Holds {
    let slot = memory(ALLOW)?;
    equal(seals(slot), Ok(0))?;
    works(seal(slot, WRITE))?;
    equal(seals(slot), Ok(WRITE))?;
    fails(write(slot, b"x"), Errno::EPERM)?;
    fails(call(number::pwrite64, &[slot, text("x"), 1, 0]), Errno::EPERM)?;
    fails(call(number::fallocate, &[slot, PUNCH, 0, 4096]), Errno::EPERM)?;
    fails(map(slot, BOTH, MAP_SHARED), Errno::EPERM)?;
    let again = got("reopening", open(&format!("/proc/self/fd/{slot}"), O_RDWR))?;
    fails(write(again, b"x"), Errno::EPERM)?;
    fails(map(again, BOTH, MAP_SHARED), Errno::EPERM)?;
    let shared = got("mapping", map(slot, PROT_READ, MAP_SHARED))?;
    fails(protect(shared, BOTH), Errno::EACCES)?;
    fails(poke(shared), Errno::EFAULT)?;
    let own = got("mapping", map(slot, BOTH, MAP_PRIVATE))?;
    works(poke(own))?;
    equal((peek(own), peek(shared)), (Some(b'z'), Some(b'a')))
}

fn sized() -> Holds {
    let slot = memory(ALLOW)?;
    works(seal(slot, SHRINK))?;
    fails(resize(slot, 100), Errno::EPERM)?;
    works(resize(slot, 8192))?;
    works(seal(slot, GROW))?;
    fails(resize(slot, 8193), Errno::EPERM)?;
    fails(call(number::pwrite64, &[slot, text("xy"), 2, 8191]), Errno::EPERM)?;
    fails(call(number::fallocate, &[slot, 0, 0, 10_000]), Errno::EPERM)?;
    works(call(number::pwrite64, &[slot, text("xy"), 2, 8190]))?;
    works(resize(slot, 8192))
}

fn busy() -> Holds {
    let slot = memory(ALLOW)?;
    let shared = got("mapping", map(slot, PROT_READ, MAP_SHARED))?;
    // It may come to be written.
    fails(seal(slot, WRITE | GROW), Errno::EBUSY)?;
    equal(seals(slot), Ok(0))?;
    works(unmap(shared))?;
    let own = got("mapping", map(slot, BOTH, MAP_PRIVATE))?;
    let reader = got("limiting", without(slot, Rights::WRITE))?;
    let shown = got("mapping", map(reader, PROT_READ, MAP_SHARED))?;
    works(seal(slot, WRITE | GROW))?;
    equal(seals(slot), Ok(WRITE | GROW))?;
    works(unmap(own))?;
    works(unmap(shown))
}

fn future() -> Holds {
    let slot = memory(ALLOW)?;
    let shared = got("mapping", map(slot, BOTH, MAP_SHARED))?;
    works(seal(slot, FUTURE))?;
    works(poke(shared))?;
    equal(peek(shared), Some(b'z'))?;
    fails(write(slot, b"x"), Errno::EPERM)?;
    fails(map(slot, BOTH, MAP_SHARED), Errno::EPERM)?;
    let shown = got("mapping", map(slot, PROT_READ, MAP_SHARED))?;
    fails(protect(shown, BOTH), Errno::EACCES)
}

fn last() -> Holds {
    let slot = memory(ALLOW)?;
    works(seal(slot, SEAL | SHRINK))?;
    fails(seal(slot, GROW), Errno::EPERM)?;
    equal(seals(slot), Ok(SEAL | SHRINK))?;
    fails(seal(slot, 1 << 10), Errno::EINVAL)?;
    let closed = memory(0)?;
    equal(seals(closed), Ok(SEAL))?;
    fails(seal(closed, WRITE), Errno::EPERM)?;
    let [from, _to] = got("a pipe", pipe())?;
    fails(seals(from), Errno::EINVAL)?;
    fails(seal(from, WRITE), Errno::EINVAL)
}

fn executed() -> Holds {
    let slot = memory(NO_EXECUTE)?;
    equal(seals(slot), Ok(EXECUTE))?;
    fails(call(number::fchmod, &[slot, 0o777]), Errno::EPERM)?;
    works(call(number::fchmod, &[slot, 0o600]))
}

fn rights() -> Holds {
    let slot = memory(ALLOW)?;
    let limited = got("limiting", without(slot, Rights::MEMORY_SEAL))?;
    fails(seal(limited, WRITE), Errno::ENOTCAPABLE)?;
    let reader = got("reopening", open(&format!("/proc/self/fd/{slot}"), O_RDONLY))?;
    fails(seal(reader, WRITE), Errno::EPERM)?;
    equal(seals(reader), Ok(0))
}

fn racing() -> Holds {
    for _ in 0..20 {
        let slot = memory(ALLOW)?;
        let (rounds, poked) = (AtomicU64::new(0), AtomicU64::new(0));
        let is_over = AtomicU64::new(0);
        let attempt = || {
            let Ok(address) = map(slot, BOTH, MAP_SHARED) else { return };
            if is_over.load(Ordering::SeqCst) == 1 {
                poked.fetch_add(1, Ordering::SeqCst);
            }
            let _ = (poke(address), unmap(address));
        };
        std::thread::scope(|scope| {
            let mapper = scope.spawn(|| {
                while is_over.load(Ordering::SeqCst) < 2 {
                    attempt();
                    rounds.fetch_add(1, Ordering::SeqCst);
                }
            });
            let wait_for = |count: u64| {
                let before = rounds.load(Ordering::SeqCst);
                while rounds.load(Ordering::SeqCst) < before + count {
                    std::thread::yield_now();
                }
            };
            wait_for(3);
            while seal(slot, WRITE) == Err(Errno::EBUSY) {}
            // Whoever has a mapping now got it although there was a seal.
            works(call(number::pread64, &[slot, [0_u8; 16].as_mut_ptr() as usize, 16, 0]))?;
            let before = whole(slot)?;
            is_over.store(1, Ordering::SeqCst);
            wait_for(10);
            let after = whole(slot)?;
            is_over.store(2, Ordering::SeqCst);
            let _ = mapper.join();
            equal(before == after, true)
        })?;
        equal(seals(slot), Ok(WRITE))?;
        equal(poked.load(Ordering::SeqCst), 0)?;
    }
    Ok(())
}

fn whole(slot: usize) -> std::result::Result<Vec<u8>, String> {
    got("seeking", call(number::lseek, &[slot, 0, 0]))?;
    got("reading", read(slot, 4096))
}

fn read_only() -> Holds {
    let whole = memory(0)?;
    let slot = got("limiting", without(whole, Rights::WRITE))?;
    fails(map(slot, BOTH, MAP_SHARED), Errno::ENOTCAPABLE)?;
    let shared = got("mapping", map(slot, PROT_READ, MAP_SHARED))?;
    fails(protect(shared, BOTH), Errno::EACCES)?;
    let moved = got("moving", call(number::mremap, &[shared, 4096, 4096, 1]))?;
    fails(protect(moved, PROT_WRITE), Errno::EACCES)?;
    in_child(|| fails(protect(moved, BOTH), Errno::EACCES))?;
    fails(open(&format!("/proc/self/fd/{slot}"), O_RDWR), Errno::ENOTCAPABLE)?;
    fails(limit(slot, Rights::ALL), Errno::ENOTCAPABLE)
        .or_else(|_| equal(map(slot, BOTH, MAP_SHARED).is_err(), true))?;
    // What was lent is gone from memory when it is taken back.
    let lent = got("lending", derive(whole, READER))?;
    let shown = got("mapping", map(lent, PROT_READ, MAP_SHARED))?;
    fails(protect(shown, BOTH), Errno::EACCES)?;
    equal(peek(shown), Some(b'a'))?;
    works(revoke(whole))?;
    equal(peek(shown), None)
}
