//! Mappings made through lent slots.

use abi::table::number;
use abi::{Errno, Result};
use caps::Rights;
use trials::lend::{READER, derive, limit_grant, revoke};
use trials::raw::{call, fails, map, peek, pipe, read, works, write};
use trials::{Holds, child, equal};

use crate::lending::scratch;

const READ: i32 = libc::PROT_READ;
const WRITE: i32 = libc::PROT_WRITE;

/// Whether the kernel can write to an address.
fn poke(address: usize) -> Holds {
    let [reader, writer] = pipe().map_err(|errno| errno.to_string())?;
    let _ = write(writer, b"p");
    let poked = call(number::read, &[reader, address, 1]);
    let _ = (trials::raw::close(reader), trials::raw::close(writer));
    equal(poked, Ok(1))
}

/// What touching an address ends a child with.
fn touched(address: usize) -> Result<i32> {
    let child = child::fork(|| {
        // SAFETY: reads one byte, at worst in vain.
        i32::from(unsafe { std::ptr::with_exposed_provenance::<u8>(address).read_volatile() })
    });
    let (_, status) = child::wait(child.map_err(|_| Errno::EIO)?, 0).map_err(|_| Errno::EIO)?;
    Ok(if libc::WIFSIGNALED(status) { libc::WTERMSIG(status) } else { 0 })
}

pub(crate) fn leave() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let lent = derive(slot, Rights::ALL)?;
    let shared = map(lent, READ | WRITE, libc::MAP_SHARED)?;
    let private = map(lent, READ | WRITE, libc::MAP_PRIVATE)?;
    let untouched = map(lent, READ, libc::MAP_SHARED)?;
    let own = map(slot, READ | WRITE, libc::MAP_SHARED)?;
    let before = [peek(shared), peek(private), peek(own)];
    let copied = poke(private);
    let [told, tell] = pipe()?;
    let [ready, say_ready] = pipe()?;
    let watching = child::fork(|| {
        let before = [peek(shared), peek(private)] == [Some(b'a'), Some(b'p')];
        let _ = write(say_ready, b"r");
        let _ = read(told, 1);
        i32::from(!(before && peek(shared).is_none() && peek(private).is_none() && peek(own) == Some(b'a')))
    });
    let watching = watching.map_err(|_| Errno::EIO)?;
    read(ready, 1)?;
    revoke(slot)?;
    write(tell, b"g")?;
    let (_, status) = child::wait(watching, 0).map_err(|_| Errno::EIO)?;
    Ok(vec![
        equal(before, [Some(b'a'); 3]),
        copied,
        equal(status, 0),
        equal([peek(shared), peek(private), peek(untouched)], [None; 3]),
        equal(peek(own), Some(b'a')),
        equal(touched(shared), Ok(libc::SIGBUS)),
        equal(touched(private), Ok(libc::SIGBUS)),
        equal(touched(untouched), Ok(libc::SIGBUS)),
        equal(touched(own), Ok(0)),
        fails(map(lent, READ, libc::MAP_SHARED), Errno::ENOTCAPABLE),
        works(call(number::munmap, &[shared, 4096])),
    ])
}

pub(crate) fn cannot_escape() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let lent = derive(slot, READER)?;
    let seen = map(lent, READ, libc::MAP_SHARED)?;
    let wider = fails(call(number::mprotect, &[seen, 4096, (READ | WRITE) as usize]), Errno::EACCES);
    let moved = call(number::mremap, &[seen, 4096, 8192, libc::MREMAP_MAYMOVE as usize])?;
    let copy = call(number::mremap, &[moved, 0, 4096, libc::MREMAP_MAYMOVE as usize]);
    trials::raw::close(lent)?;
    let before = equal(peek(moved), Some(b'a'));
    // The slot is closed; the mapping is what is left of the loan.
    revoke(slot)?;
    Ok(vec![
        wider,
        before,
        equal(peek(moved), None),
        equal(peek(moved + 4096), None),
        copy.map_or(Ok(()), |copy| equal(peek(copy), None)),
        works(call(number::mprotect, &[moved, 4096, READ as usize])),
        equal(peek(moved), None),
    ])
}

pub(crate) fn narrow() -> Result<Vec<Holds>> {
    let slot = scratch()?;
    let lent = derive(slot, Rights::ALL)?;
    let shared = map(lent, READ | WRITE, libc::MAP_SHARED)?;
    let private = map(lent, READ | WRITE, libc::MAP_PRIVATE)?;
    let before = poke(shared);
    limit_grant(lent, READER)?;
    Ok(vec![
        before,
        equal(peek(shared), Some(b'p')),
        poke(shared).map_or(Ok(()), |()| Err("still writable".to_owned())),
        fails(call(number::mprotect, &[shared, 4096, (READ | WRITE) as usize]), Errno::EACCES),
        poke(private),
        equal(peek(shared), Some(b'p')),
    ])
}
