//! What the host wants: the file /etc/tessera/run, whose form `tools` describes where it writes it.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// Where the file is.
const PATH: &str = "/etc/tessera/run";

/// One program to run.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    /// `terminal` or `channels`.
    pub mode: OsString,
    /// The working directory.
    pub directory: PathBuf,
    /// argv.
    pub arguments: Vec<OsString>,
    /// The file to execute.
    pub path: PathBuf,
    /// Names and values.
    pub environment: Vec<(OsString, OsString)>,
}

impl Run {
    /// Reads the file; without one, or with a broken one, it is a shell on the console.
    pub fn read() -> Self {
        fs::read(PATH).ok().and_then(|bytes| Self::parse(&bytes)).unwrap_or_else(Self::shell)
    }

    fn shell() -> Self {
        let environment = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", "/root"), ("TERM", "linux")];
        Self {
            mode: "terminal".into(),
            directory: "/".into(),
            arguments: vec!["sh".into(), "-l".into()],
            path: "/bin/sh".into(),
            environment: environment.map(|(name, value)| (name.into(), value.into())).to_vec(),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = bytes.strip_suffix(&[0])?;
        let mut strings = text.split(|byte| *byte == 0).map(|string| OsString::from_vec(string.to_vec()));
        let mode = strings.next()?;
        let directory = strings.next()?.into();
        let count: usize = strings.next()?.to_str()?.parse().ok()?;
        let arguments: Vec<OsString> = strings.by_ref().take(count).collect();
        if arguments.len() != count {
            return None;
        }
        let path = strings.next()?.into();
        let environment = strings.filter_map(|pair| {
            let at = pair.as_bytes().iter().position(|byte| *byte == b'=')?;
            let value = pair.as_bytes()[at + 1..].to_vec();
            Some((OsString::from_vec(pair.as_bytes()[..at].to_vec()), OsString::from_vec(value)))
        });
        Some(Self { mode, directory, arguments, path, environment: environment.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_read() {
        let run = Run::parse(b"channels\0/tmp\x002\0echo\0\0/bin/echo\0A=1=2\0").unwrap();
        assert_eq!((run.mode, run.directory, run.path), ("channels".into(), "/tmp".into(), "/bin/echo".into()));
        assert_eq!(run.arguments, ["echo", ""]);
        assert_eq!(run.environment, [("A".into(), "1=2".into())]);
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        assert_eq!(Run::parse(b"channels\0/tmp\x003\0echo\0"), None);
        assert_eq!(Run::parse(b"channels"), None);
        assert_eq!(Run::parse(b""), None);
    }
}
