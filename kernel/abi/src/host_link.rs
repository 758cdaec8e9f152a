//! Framing of the host link: the serial line over which the host feeds and watches a guest.
//!
//! A frame is the channel (one byte), the payload's length (two bytes, little endian) and the payload.
//! The line is reliable and ordered, so there is neither checksum nor resynchronisation. Neither end
//! allocates here: [`encode_header`] gives the three bytes to send before a payload, and [`Decoder`] eats
//! bytes in any portions and hands out frames.

/// The longest payload that either end sends.
pub const MAX_PAYLOAD: usize = 4096;
/// The bytes before a payload.
pub const HEADER_BYTES: usize = 3;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Channel {
    /// Host to guest: standard input; no payload means end of file.
    Stdin = 0,
    /// Guest to host: standard output.
    Stdout = 1,
    /// Guest to host: standard error.
    Stderr = 2,
    /// Guest to host: one byte, the exit code; the guest powers off after it.
    Exit = 3,
    /// Host to guest: are you alive? Guest to host: the answer, on the same channel.
    Ping = 4,
    /// Host to guest: rows and columns of the window, two bytes each, little endian.
    WindowSize = 5,
    /// Guest to host: the first program is about to start.
    Ready = 6,
}

impl Channel {
    /// The channel with this number.
    pub const fn from_raw(raw: u8) -> Option<Self> {
        Some(match raw {
            0 => Self::Stdin,
            1 => Self::Stdout,
            2 => Self::Stderr,
            3 => Self::Exit,
            4 => Self::Ping,
            5 => Self::WindowSize,
            6 => Self::Ready,
            _ => return None,
        })
    }
}

/// The bytes that precede a payload of `length` bytes; longer payloads must be split.
pub const fn encode_header(channel: Channel, length: u16) -> [u8; HEADER_BYTES] {
    let length = length.to_le_bytes();
    [channel as u8, length[0], length[1]]
}

/// A whole frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The channel's number, which may be none that this version knows: see [`Channel::from_raw`].
    pub channel: u8,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Turns a stream of bytes into frames.
pub struct Decoder {
    header: [u8; HEADER_BYTES],
    payload: [u8; MAX_PAYLOAD],
    filled: usize,
}

impl Decoder {
    /// A decoder at a frame's start.
    pub const fn new() -> Self {
        Self { header: [0; HEADER_BYTES], payload: [0; MAX_PAYLOAD], filled: 0 }
    }

    /// Takes one byte; returns the frame that it completes. Payload beyond [`MAX_PAYLOAD`] is dropped.
    pub fn push(&mut self, byte: u8) -> Option<Frame<'_>> {
        if self.filled < HEADER_BYTES {
            self.header[self.filled] = byte;
        } else if let Some(place) = self.payload.get_mut(self.filled - HEADER_BYTES) {
            *place = byte;
        }
        self.filled += 1;
        let length = usize::from(u16::from_le_bytes([self.header[1], self.header[2]]));
        if self.filled < HEADER_BYTES || self.filled < HEADER_BYTES + length {
            return None;
        }
        self.filled = 0;
        Some(Frame { channel: self.header[0], payload: &self.payload[..length.min(MAX_PAYLOAD)] })
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip_byte_by_byte() {
        let mut decoder = Decoder::new();
        let mut stream = encode_header(Channel::Stdout, 2).to_vec();
        stream.extend_from_slice(b"hi");
        stream.extend_from_slice(&encode_header(Channel::Stdin, 0));
        let mut frames = Vec::new();
        for byte in stream {
            if let Some(frame) = decoder.push(byte) {
                frames.push((Channel::from_raw(frame.channel), frame.payload.to_vec()));
            }
        }
        assert_eq!(frames, [(Some(Channel::Stdout), b"hi".to_vec()), (Some(Channel::Stdin), vec![])]);
    }
}
