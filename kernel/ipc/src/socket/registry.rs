//! All sockets, for those who look at the system.

use super::address::Address;
use super::endpoint::{Endpoint, Phase};
use abi::{Errno, Result};
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt::Write;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use object::namespace::view::is_shown;
use sync::SpinLock;
use sync::ranks::SocketNames;

/// What `/proc/net/unix` begins with.
const HEADING: &[u8] = b"Num       RefCount Protocol Flags    Type St Inode Path\n";
/// The flag of a socket that takes connections.
const LISTENING: u32 = 0x1_0000;
/// Bytes of a line before its name, at most.
const LINE: usize = 96;

/// By inode number. Taken when sockets are made and when they go.
static ENDPOINTS: SpinLock<HashMap<u64, Weak<Endpoint>, FixedState>, SocketNames> =
    SpinLock::new(HashMap::with_hasher(FixedState::with_seed(0)));

/// Enters a new endpoint. ENOMEM.
pub fn enter(endpoint: &Arc<Endpoint>) -> Result<()> {
    let mut endpoints = ENDPOINTS.lock();
    endpoints.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
    endpoints.insert(endpoint.number, Arc::downgrade(endpoint));
    Ok(())
}

/// Takes out an endpoint that goes.
pub fn leave(number: u64) {
    ENDPOINTS.lock().remove(&number);
}

/// All endpoints, by number. ENOMEM.
fn all() -> Result<Vec<(u64, Weak<Endpoint>)>> {
    let mut all = Vec::new();
    loop {
        // Room is made without the lock; if there are more by then, again.
        let wanted = ENDPOINTS.lock().len();
        all.try_reserve(wanted).map_err(|_| Errno::ENOMEM)?;
        let endpoints = ENDPOINTS.lock();
        if endpoints.len() <= all.capacity() {
            all.extend(endpoints.iter().map(|(number, endpoint)| (*number, endpoint.clone())));
            drop(endpoints);
            all.sort_unstable_by_key(|(number, _)| *number);
            return Ok(all);
        }
    }
}

/// The text of `/proc/net/unix`: a line for each socket. ENOMEM.
pub fn text() -> Result<Vec<u8>> {
    let mut text = mm::alloc::try_to_vec(HEADING)?;
    for endpoint in all()?.iter().filter_map(|(_, endpoint)| endpoint.upgrade()) {
        let name = endpoint.address();
        text.try_reserve(LINE + super::address::NAME_MAX).map_err(|_| Errno::ENOMEM)?;
        let mut line = Line(&mut text);
        let (phase, number) = (endpoint.phase(), endpoint.number);
        let flags = if phase == Phase::Listening { LISTENING } else { 0 };
        let state = match phase {
            Phase::Idle | Phase::Listening | Phase::Closed => 1,
            Phase::Connecting => 2,
            Phase::Connected => 3,
        };
        let (handles, kind) = (endpoint.handles(), endpoint.kind as u32);
        // There is room, so it cannot fail.
        let _ = write!(line, "{number:016x}: {handles:08X} 00000000 {flags:08X} {kind:04X} {state:02X} {number:5}");
        line.name(name.as_deref());
    }
    Ok(text)
}

/// A line in room that was made for it.
struct Line<'a>(&'a mut Vec<u8>);

impl Line<'_> {
    /// Ends the line, with the name if the caller may see it.
    fn name(&mut self, name: Option<&Address>) {
        match name {
            Some(Address::Path(path, location)) if is_shown(location) => {
                self.0.push(b' ');
                self.0.extend_from_slice(path);
            }
            Some(Address::Abstract(name)) => {
                self.0.extend_from_slice(b" @");
                self.0.extend(name.iter().map(|byte| if *byte == 0 { b'@' } else { *byte }));
            }
            _ => {}
        }
        self.0.push(b'\n');
    }
}

impl Write for Line<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
