//! Unix sockets and the capabilities that they carry.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;

use common::scratch::Scratch;
use common::{assert_trial, exec, python};

#[test]
fn sockets_converse_and_carry_capabilities_as_on_linux() {
    assert_trial("sockets", &[1, 8]);
}

const SCRIPT: &str = r#"
import asyncio, os, socket
one, other = socket.socketpair()
reader, writer = os.pipe()
socket.send_fds(one, [b'take this'], [writer])
os.close(writer)
message, slots, flags, address = socket.recv_fds(other, 20, 4)
os.write(slots[0], b'came through')
os.close(slots[0])
print(message, len(slots), os.read(reader, 20))

async def serve(reader, writer):
    writer.write((await reader.readline()).upper())
    await writer.drain()
    writer.close()

async def ask(number):
    reader, writer = await asyncio.open_unix_connection('/tmp/echo')
    writer.write(b'client %d\n' % number)
    line = await reader.readline()
    writer.close()
    return line.decode().strip()

async def main():
    server = await asyncio.start_unix_server(serve, '/tmp/echo')
    answers = await asyncio.gather(*(ask(number) for number in range(50)))
    print(answers == [f'CLIENT {number}' for number in range(50)])
    server.close()

asyncio.run(main())
"#;

#[test]
fn python_serves_and_passes_descriptors_over_unix_sockets() {
    let scratch = Scratch::new("python-sockets");
    let python = python::with_library(&scratch);
    for cpus in [1, 8] {
        let outcome = exec(&[python.to_str().unwrap(), "-S", "-c", SCRIPT])
            .smp(cpus)
            .option("--root", scratch.root())
            .run()
            .expect_code(0);
        assert_eq!(outcome.text(), "b'take this' 1 b'came through'\nTrue\n", "{}", outcome.report());
    }
}
