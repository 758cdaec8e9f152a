//! Starting QEMU, and making sure that it ends.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::arguments::{Descriptors, compose};
use super::monitor::Monitor;
use crate::command_line::Options;
use crate::failure::{Context, Failure, Result};
use crate::trace::memory::Memory;

/// A running QEMU. Dropping it kills it.
#[derive(Debug)]
pub struct Machine {
    /// COM1.
    pub console: UnixStream,
    /// COM2.
    pub log: UnixStream,
    /// COM3.
    pub link: UnixStream,
    /// QEMU's own ear.
    pub monitor: Monitor,
    child: Child,
    complaints: Option<JoinHandle<String>>,
}

impl Machine {
    /// Starts QEMU. Must be called from the main thread: the machine dies with the thread that started it.
    pub fn start(
        options: &Options,
        qemu: &Path,
        kernel: &Path,
        initramfs: &File,
        memory: Option<&Memory>,
        command_line: &str,
        debug_socket: &Path,
    ) -> Result<Self> {
        let pair = || UnixStream::pair().context(|| "cannot make a socket pair".into());
        let (console, its_console) = pair()?;
        let (log, its_log) = pair()?;
        let (link, its_link) = pair()?;
        let (monitor, its_monitor) = pair()?;
        let lines = [its_console.as_fd(), its_log.as_fd(), its_link.as_fd(), its_monitor.as_fd(), initramfs.as_fd()];
        for descriptor in lines.into_iter().chain(memory.map(Memory::descriptor)) {
            fcntl_setfd(descriptor, FdFlags::empty()).context(|| "cannot pass a descriptor on".into())?;
        }
        let descriptors = Descriptors {
            console: its_console.as_raw_fd(),
            log: its_log.as_raw_fd(),
            link: its_link.as_raw_fd(),
            monitor: its_monitor.as_raw_fd(),
            initramfs: initramfs.as_raw_fd(),
            memory: memory.map(|memory| memory.descriptor().as_raw_fd()),
        };
        let arguments = compose(options, kernel, command_line, descriptors, debug_socket)?;
        let this = std::env::current_exe().context(|| "cannot find this program".into())?;
        let mut command = Command::new(this);
        command.arg("launch").arg(std::process::id().to_string()).arg(qemu).args(arguments);
        // A group of its own, so that the terminal's signals reach us alone.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().context(|| "cannot start QEMU".into())?;
        let complaints = child.stderr.take().map(|mut stderr| {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                // What was read until an error is all there is to show.
                let _ = stderr.read_to_end(&mut bytes);
                String::from_utf8_lossy(&bytes).into_owned()
            })
        });
        Ok(Self { console, log, link, monitor: Monitor::new(monitor), child, complaints })
    }

    /// QEMU's process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends QEMU at once, if it runs still.
    pub fn kill(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
    }

    /// Waits for QEMU's end; returns how it ended and what it said on its standard error.
    pub fn wait(&mut self) -> Result<(ExitStatus, String)> {
        let status = self.child.wait().context(|| "cannot wait for QEMU".into())?;
        let complaints = self.complaints.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        Ok((status, complaints))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.kill();
        // Reaps it; there is nobody left to tell about an error.
        let _ = self.child.wait();
    }
}

/// The other half of [`Machine::start`]: arranges to be killed with the parent, whose process id is the first
/// word, and becomes the program that the other words name. Returns only if that fails.
pub fn launch(words: &[OsString]) -> Failure {
    let [parent, program, arguments @ ..] = words else { return Failure::usage("launch: too few words") };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return Failure::machine(format!("cannot tie QEMU to this process: {error}"));
    }
    // The parent may have died before the tie was made.
    if getppid().map(Pid::as_raw_nonzero).map(|id| id.to_string().into()).as_ref() != Some(parent) {
        return Failure::machine("the process that wanted QEMU has ended");
    }
    let error = Command::new(program).args(arguments).exec();
    Failure::machine(format!("cannot start {}: {error}", program.display()))
}
