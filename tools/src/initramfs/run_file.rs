//! What init is to do: the file /etc/tessera/run, written here and read by `userspace/init`.
//!
//! Strings, each ended by NUL: the mode (`terminal` or `channels`), the working directory, the number of arguments,
//! the arguments (the first is argv[0]), the path of the program, and NAME=VALUE until the end.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::base::PATH;
use super::tree::{Content, Entry, Kind, Origin, Tree};
use crate::failure::{Context, Result};

/// What the program's descriptors 0, 1 and 2 are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// The console, as the controlling terminal.
    Terminal,
    /// The channels of the host link.
    Channels,
}

/// One program to run.
#[derive(Debug)]
pub struct Run {
    /// Its descriptors.
    pub streams: Streams,
    /// Its working directory in the guest.
    pub directory: PathBuf,
    /// The file to execute.
    pub path: PathBuf,
    /// argv, beginning with the name.
    pub arguments: Vec<OsString>,
    /// NAME=VALUE; of equal names the last counts.
    pub environment: Vec<OsString>,
}

impl Run {
    /// A login shell on the console.
    pub fn shell(environment: Vec<OsString>, directory: PathBuf) -> Self {
        let arguments = ["sh", "-l"].map(OsString::from).to_vec();
        Self { streams: Streams::Terminal, directory, path: "/bin/sh".into(), arguments, environment }
    }

    /// Puts the file, and the working directory if it is missing, into the tree.
    pub fn insert_into(&self, tree: &mut Tree) -> Result<()> {
        let entry = |kind, mode| Entry { kind, mode, modified: 0, origin: Origin::Overlay };
        if !tree.is_directory(&self.directory) {
            let directory = entry(Kind::Directory, 0o755);
            tree.insert(&self.directory, directory).context(|| "the working directory".into())?;
        }
        let file = entry(Kind::File(Content::Bytes(self.encode())), 0o644);
        tree.insert(Path::new("/etc/tessera/run"), file).context(|| "the run file".into())
    }

    fn encode(&self) -> Vec<u8> {
        let mode = match self.streams {
            Streams::Terminal => "terminal",
            Streams::Channels => "channels",
        };
        let count = self.arguments.len().to_string();
        let mut strings: Vec<&OsStr> = vec![OsStr::new(mode), self.directory.as_os_str(), OsStr::new(&count)];
        strings.extend(self.arguments.iter().map(OsString::as_os_str));
        strings.push(self.path.as_os_str());
        strings.extend(self.environment.iter().map(OsString::as_os_str));
        strings.iter().flat_map(|string| string.as_bytes().iter().copied().chain([0])).collect()
    }
}

/// The guest's environment: PATH and HOME of the guest; TERM, LANG, LC_*, RUST_* and CARGO_* of the host (the last
/// because test programs that cargo starts read them); then what `--env` gives.
pub fn environment(host: impl Iterator<Item = (OsString, OsString)>, given: &[OsString]) -> Vec<OsString> {
    let mut result: Vec<OsString> =
        vec![format!("PATH={PATH}").into(), "HOME=/root".into(), "USER=root".into(), "SHELL=/bin/sh".into()];
    for (mut pair, value) in host {
        if is_passed(&pair.to_string_lossy()) {
            pair.push("=");
            pair.push(value);
            result.push(pair);
        }
    }
    result.extend_from_slice(given);
    result
}

fn is_passed(name: &str) -> bool {
    let is_cargo = name.starts_with("CARGO_") && name != "CARGO_HOME" && !name.starts_with("CARGO_TARGET_");
    ["TERM", "LANG"].contains(&name) || name.starts_with("LC_") || name.starts_with("RUST_") || is_cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_all_strings_in_order() {
        let run = Run {
            streams: Streams::Channels,
            directory: "/tmp".into(),
            path: "/bin/echo".into(),
            arguments: vec!["echo".into(), "".into()],
            environment: vec!["A=1".into()],
        };
        assert_eq!(run.encode(), b"channels\0/tmp\x002\0echo\0\0/bin/echo\0A=1\0");
    }

    #[test]
    fn the_environment_is_chosen_not_inherited() {
        let host = [("TERM", "xterm"), ("SECRET", "x"), ("RUST_BACKTRACE", "1"), ("CARGO_HOME", "/c")];
        let host = host.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let result = environment(host, &["A=1".into()]);
        assert_eq!(result[4..], ["TERM=xterm", "RUST_BACKTRACE=1", "A=1"].map(OsString::from));
    }
}
