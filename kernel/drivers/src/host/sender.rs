//! Sending frames.

use abi::Result;
use abi::host_link::{Channel, HEADER_BYTES, MAX_PAYLOAD, encode_header};
use mm::user::Source;
use sync::{Mutex, ranks};

use crate::ports::COM3;

/// How many bytes of a write go into one frame.
const CHUNK: usize = MAX_PAYLOAD;

/// A frame under construction. Taken before the port, so that a writer's page faults hold up only other writers,
/// never the answer to a ping.
static STAGE: Mutex<[u8; HEADER_BYTES + CHUNK], ranks::Terminal> = Mutex::new([0; HEADER_BYTES + CHUNK]);

/// Sends one small frame.
pub fn send_frame(channel: Channel, payload: &[u8]) {
    let sender = COM3.sender();
    sender.send(&encode_header(channel, payload.len() as u16));
    sender.send(payload);
}

/// Sends all of `from`, in as many frames as it takes. Bytes sent before a fault count.
pub fn send_from(channel: Channel, from: &mut Source<'_>) -> Result<usize> {
    let mut sent = 0;
    while from.remaining() > 0 {
        let mut stage = STAGE.lock();
        let count = match from.copy_to(&mut stage[HEADER_BYTES..]) {
            Ok(0) => break,
            Ok(count) => count,
            Err(_) if sent > 0 => break,
            Err(errno) => return Err(errno),
        };
        stage[..HEADER_BYTES].copy_from_slice(&encode_header(channel, count as u16));
        COM3.sender().send(&stage[..HEADER_BYTES + count]);
        sent += count;
    }
    Ok(sent)
}
