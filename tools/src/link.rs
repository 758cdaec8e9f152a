//! Our end of the host link, the framed serial line over which a guest is fed and watched.

use std::io::{self, Read, Write};

use abi::host_link::{Channel, Decoder, MAX_PAYLOAD, encode_header};

/// The most standard input that is under way, sent and not yet taken by the guest's programs. The guest has room for
/// so much, so what is behind it on the line (a ping) never waits for a program to read.
pub const STDIN_WINDOW: usize = 16384;

/// What the guest sends.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// Bytes of the program's standard output.
    Stdout(Vec<u8>),
    /// Bytes of its standard error.
    Stderr(Vec<u8>),
    /// The first program's exit code.
    Exit(u8),
    /// The answer to a ping.
    Pong,
    /// The guest's first program is about to start.
    Ready,
    /// Programs have taken so many more bytes of standard input.
    Taken(usize),
}

/// Reads frames until the line ends, and hands each that is known to `receive`, until that says to stop.
pub fn receive(mut line: impl Read, mut receive: impl FnMut(Message) -> bool) {
    let mut decoder = Decoder::new();
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = line.read(&mut bytes) {
        for byte in &bytes[..count] {
            let Some(frame) = decoder.push(*byte) else { continue };
            let message = Channel::from_raw(frame.channel).and_then(|channel| decode(channel, frame.payload));
            if message.is_some_and(|message| !receive(message)) {
                return;
            }
        }
    }
}

fn decode(channel: Channel, payload: &[u8]) -> Option<Message> {
    Some(match channel {
        Channel::Stdin => Message::Taken(u32::from_le_bytes(payload.try_into().ok()?) as usize),
        Channel::Stdout => Message::Stdout(payload.to_vec()),
        Channel::Stderr => Message::Stderr(payload.to_vec()),
        Channel::Exit => Message::Exit(payload.first().copied().unwrap_or(0)),
        Channel::Ping => Message::Pong,
        Channel::Ready => Message::Ready,
        Channel::WindowSize => return None,
    })
}

/// What we send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Bytes for the program's standard input; none means end of file.
    Stdin(Vec<u8>),
    /// Are you alive?
    Ping,
    /// The window has so many rows and columns.
    WindowSize(u16, u16),
}

/// Writes one command to the line.
pub fn send(mut line: impl Write, command: &Command) -> io::Result<()> {
    match command {
        Command::Stdin(bytes) if bytes.is_empty() => line.write_all(&encode_header(Channel::Stdin, 0)),
        Command::Stdin(bytes) => {
            for part in bytes.chunks(MAX_PAYLOAD) {
                line.write_all(&frame(Channel::Stdin, part))?;
            }
            Ok(())
        }
        Command::Ping => line.write_all(&encode_header(Channel::Ping, 0)),
        Command::WindowSize(rows, columns) => {
            let mut size = rows.to_le_bytes().to_vec();
            size.extend(columns.to_le_bytes());
            line.write_all(&frame(Channel::WindowSize, &size))
        }
    }
}

fn frame(channel: Channel, payload: &[u8]) -> Vec<u8> {
    let mut bytes = encode_header(channel, payload.len() as u16).to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_decoded_in_order() {
        let mut line = Vec::new();
        for (channel, payload) in [
            (Channel::Ready, &b""[..]),
            (Channel::Stdout, b"out"),
            (Channel::Stderr, b"err"),
            (Channel::Stdin, &2048u32.to_le_bytes()),
            (Channel::Exit, &[7]),
        ] {
            line.extend(frame(channel, payload));
        }
        let mut seen = Vec::new();
        receive(&*line, |message| {
            seen.push(message);
            true
        });
        let expected = [
            Message::Ready,
            Message::Stdout(b"out".to_vec()),
            Message::Stderr(b"err".to_vec()),
            Message::Taken(2048),
            Message::Exit(7),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn long_input_is_split_and_end_of_file_is_an_empty_frame() {
        let mut line = Vec::new();
        send(&mut line, &Command::Stdin(vec![1; MAX_PAYLOAD + 1])).unwrap();
        send(&mut line, &Command::Stdin(vec![])).unwrap();
        assert_eq!(line.len(), MAX_PAYLOAD + 1 + 3 * 3);
        assert_eq!(line[line.len() - 3..], [0, 0, 0]);
    }
}
