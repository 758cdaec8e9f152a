//! Standard input on its way from the host to its readers.

use alloc::collections::VecDeque;
use core::sync::atomic::{AtomicUsize, Ordering};

use abi::host_link::Channel;
use abi::{Errno, Result};
use mm::user::Sink;
use sched::{Wait, WaitQueue};
use sync::{Mutex, SpinLock, ranks};

use super::sender::send_frame;
use crate::patience::Patience;

/// How many bytes the host may have sent that no reader has taken.
pub const WINDOW: usize = 16 * 1024;
/// How many taken bytes are worth telling the host at once.
const ACKNOWLEDGE: usize = 2048;
/// How much a reader moves at a time.
const PORTION: usize = 512;

struct Buffer {
    bytes: VecDeque<u8>,
    has_ended: bool,
    /// Bytes taken since the host was last told.
    taken: usize,
}

static BUFFER: SpinLock<Buffer, ranks::ObjectState> =
    SpinLock::new(Buffer { bytes: VecDeque::new(), has_ended: false, taken: 0 });
/// Woken when bytes or the end arrive, and when readers made room.
static CHANGED: WaitQueue = WaitQueue::new();
/// One reader at a time, so that bytes are taken only once they have reached user memory.
static READING: Mutex<(), ranks::Terminal> = Mutex::new(());
static OVERRUNS: AtomicUsize = AtomicUsize::new(0);

/// Provides the memory.
pub fn start() -> Result<()> {
    let mut bytes = VecDeque::new();
    bytes.try_reserve_exact(WINDOW).map_err(|_| Errno::ENOMEM)?;
    BUFFER.lock().bytes = bytes;
    Ok(())
}

/// The queue that is woken when readiness may have changed.
pub fn wait_queue() -> &'static WaitQueue {
    &CHANGED
}

/// Whether a read would return at once.
pub fn is_readable() -> bool {
    let buffer = BUFFER.lock();
    !buffer.bytes.is_empty() || buffer.has_ended
}

/// Whether nothing more will come.
pub fn has_ended() -> bool {
    BUFFER.lock().has_ended
}

/// How many bytes wait.
pub fn len() -> usize {
    BUFFER.lock().bytes.len()
}

/// Appends what the host sent. A host that overruns its window waits, and its pings with it.
pub fn deliver(mut payload: &[u8]) {
    while !payload.is_empty() {
        let count = {
            let mut buffer = BUFFER.lock();
            let count = payload.len().min(WINDOW - buffer.bytes.len());
            buffer.bytes.extend(&payload[..count]);
            count
        };
        payload = &payload[count..];
        CHANGED.wake_all();
        if !payload.is_empty() {
            if OVERRUNS.fetch_add(1, Ordering::Relaxed) == 0 {
                log::warn!("host link: the host sends more input than its window allows");
            }
            let has_room = || (BUFFER.lock().bytes.len() < WINDOW).then_some(());
            // Cannot be interrupted and has no deadline, so it only ends with room.
            let _ = CHANGED.wait_until(Wait::UNINTERRUPTIBLE, has_room);
        }
    }
}

/// Notes that the host has no more input.
pub fn end() {
    BUFFER.lock().has_ended = true;
    CHANGED.wake_all();
}

/// Reads what has come, waiting for the first bytes if `patience` allows; 0 at the end.
pub fn read(to: &mut Sink<'_>, patience: Patience) -> Result<usize> {
    if to.remaining() == 0 {
        return Ok(0);
    }
    loop {
        patience.wait(&CHANGED, None, || is_readable().then_some(()))?;
        let _alone = READING.lock();
        // Another reader may have been faster.
        match read_available(to)? {
            0 if !is_at_end() => continue,
            count => return Ok(count),
        }
    }
}

fn is_at_end() -> bool {
    let buffer = BUFFER.lock();
    buffer.bytes.is_empty() && buffer.has_ended
}

/// Moves bytes that are there. The caller holds [`READING`].
fn read_available(to: &mut Sink<'_>) -> Result<usize> {
    let mut total = 0;
    let mut portion = [0; PORTION];
    while to.remaining() > 0 {
        let count = peek(&mut portion);
        if count == 0 {
            break;
        }
        match to.write(&portion[..count.min(to.remaining())]) {
            Ok(count) => {
                take(count);
                total += count;
            }
            Err(errno) if total == 0 => return Err(errno),
            Err(_) => break,
        }
    }
    Ok(total)
}

fn peek(portion: &mut [u8]) -> usize {
    let buffer = BUFFER.lock();
    let count = portion.len().min(buffer.bytes.len());
    for (place, &byte) in portion.iter_mut().zip(&buffer.bytes) {
        *place = byte;
    }
    count
}

/// Drops `count` bytes that a reader has, and tells the host once it is worth it.
fn take(count: usize) {
    let acknowledged = {
        let mut buffer = BUFFER.lock();
        buffer.bytes.drain(..count);
        buffer.taken += count;
        if buffer.taken < ACKNOWLEDGE && !buffer.bytes.is_empty() { 0 } else { core::mem::take(&mut buffer.taken) }
    };
    if acknowledged > 0 {
        send_frame(Channel::Stdin, &(acknowledged as u32).to_le_bytes());
        CHANGED.wake_all();
    }
}
