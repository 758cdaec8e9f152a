//! QEMU's machine protocol (QMP): one JSON object a line. Used only when a guest has stopped answering, so the
//! greeting and whatever events have gathered by then are read late.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::failure::{Context, Failure, Result};

/// How long QEMU may take to answer; its main loop answers even while the guest spins.
const PATIENCE: Duration = Duration::from_secs(20);

/// The line to QEMU itself.
#[derive(Debug)]
pub struct Monitor {
    stream: BufReader<UnixStream>,
    is_negotiated: bool,
}

impl Monitor {
    /// Takes our end of the line.
    pub fn new(stream: UnixStream) -> Self {
        Self { stream: BufReader::new(stream), is_negotiated: false }
    }

    /// Sends every processor a non-maskable interrupt.
    pub fn inject_nmi(&mut self) -> Result<()> {
        self.execute("inject-nmi", Value::Null).map(|_| ())
    }

    /// What the human monitor prints for a command, such as `info registers -a`.
    pub fn ask(&mut self, command: &str) -> Result<String> {
        let answer = self.execute("human-monitor-command", json!({ "command-line": command }))?;
        Ok(answer.as_str().unwrap_or_default().to_owned())
    }

    fn execute(&mut self, command: &str, arguments: Value) -> Result<Value> {
        if !self.is_negotiated {
            self.stream.get_ref().set_read_timeout(Some(PATIENCE)).context(|| "QEMU's monitor".into())?;
            self.exchange(json!({ "execute": "qmp_capabilities" }))?;
            self.is_negotiated = true;
        }
        let mut request = json!({ "execute": command });
        if !arguments.is_null() {
            request["arguments"] = arguments;
        }
        self.exchange(request)
    }

    fn exchange(&mut self, request: Value) -> Result<Value> {
        let context = || format!("QEMU's monitor: {request}");
        self.stream.get_mut().write_all(format!("{request}\n").as_bytes()).context(context)?;
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).context(context)? == 0 {
                return Err(Failure::machine(format!("{}: closed", context())));
            }
            let answer: Value = serde_json::from_str(&line).context(context)?;
            if let Some(result) = answer.get("return") {
                return Ok(result.clone());
            }
            if let Some(error) = answer.get("error") {
                return Err(Failure::machine(format!("{}: {error}", context())));
            }
        }
    }
}
