//! The program to be confined: found before anything is given up.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tessera::{Manifest, PathPermissions};

/// How many interpreters of interpreters there may be, and how much of a file may be a `#!` line: as exec has it.
const DEPTH_LIMIT: usize = 5;
const LINE_LIMIT: u64 = 256;

/// A program, ready to be executed.
#[derive(Debug)]
pub struct Program {
    /// What is executed: the program itself, or a script's interpreter.
    pub file: File,
    /// All arguments, its own name first.
    pub arguments: Vec<OsString>,
    /// What an interpreter is to read: it has to be in the view.
    pub scripts: Vec<PathBuf>,
}

impl Program {
    /// Opens a program by its path, or, as a shell finds it, by its name. The error says which was sought.
    ///
    /// A script cannot be executed by its descriptor where its interpreter sees no path to that. So its interpreter is opened,
    /// with the arguments that exec would give it.
    pub fn open(command: &[OsString]) -> io::Result<Self> {
        let mut path = find(&command[0])?;
        let (mut arguments, mut scripts) = (command.to_vec(), Vec::new());
        for _ in 0..DEPTH_LIMIT {
            let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            let file = File::open(&path).map_err(named)?;
            let mut head = Vec::new();
            (&file).take(LINE_LIMIT).read_to_end(&mut head).map_err(named)?;
            let Some((interpreter, argument)) = script(&head) else { return Ok(Self { file, arguments, scripts }) };
            if !is_executable(&path) {
                return Err(named(io::ErrorKind::PermissionDenied.into()));
            }
            let before = [Some(&interpreter), argument.as_ref()].into_iter().flatten().cloned();
            arguments = before.chain([path.clone().into()]).chain(arguments.drain(1..)).collect();
            scripts.push(path);
            path = interpreter.into();
        }
        Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{}: too many interpreters", command[0].display())))
    }

    /// Lets the interpreter read the script, whatever else the manifest says of it.
    pub fn show_scripts(&self, manifest: &mut Manifest) {
        let Some(view) = &mut manifest.view else { return };
        for script in &self.scripts {
            let above = view.iter().filter(|(path, _)| script.starts_with(path));
            let given = above.max_by_key(|(path, _)| path.components().count()).map(|(_, given)| *given);
            view.push((script.clone(), given.unwrap_or_default() | PathPermissions::READ));
        }
    }
}

/// The interpreter of a `#!` line, and the one argument that everything after it is.
fn script(head: &[u8]) -> Option<(OsString, Option<OsString>)> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let end = line.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    let (interpreter, argument) = (&line[..end], line[end..].trim_ascii());
    let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| OsStr::from_bytes(bytes).to_owned());
    Some((text(interpreter)?, text(argument)))
}

fn find(name: &OsStr) -> io::Result<PathBuf> {
    let path = Path::new(name);
    if path.components().count() > 1 || path.is_absolute() {
        return Ok(path.to_owned());
    }
    let directories = env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    let mut candidates = env::split_paths(&directories).map(|directory| directory.join(path));
    let not_found = || io::Error::new(io::ErrorKind::NotFound, format!("{}: not found", path.display()));
    candidates.find(|candidate| is_executable(candidate)).ok_or_else(not_found)
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(head: &str) -> Option<(String, Option<String>)> {
        let text = |words: OsString| words.into_string().unwrap_or_default();
        script(head.as_bytes()).map(|(interpreter, argument)| (text(interpreter), argument.map(text)))
    }

    #[test]
    fn a_line_names_an_interpreter_and_one_argument() {
        assert_eq!(words("#!/bin/sh\necho"), Some(("/bin/sh".into(), None)));
        assert_eq!(words("#! /usr/bin/env\tpython3 -u \n"), Some(("/usr/bin/env".into(), Some("python3 -u".into()))));
        assert_eq!(words("#!\n"), None);
        assert_eq!(words("\x7fELF"), None);
    }

    #[test]
    fn a_script_is_shown_with_what_is_given_above_it() {
        let file = File::open("/dev/null").expect("there");
        let scripts = vec!["/srv/bin/run".into(), "/opt/other".into()];
        let program = Program { file, arguments: Vec::new(), scripts };
        let mut manifest: Manifest = "view /srv rw\nview /srv/bin x".parse().expect("lines");
        program.show_scripts(&mut manifest);
        let view = manifest.view.unwrap_or_default();
        assert_eq!(view[2], ("/srv/bin/run".into(), PathPermissions::EXECUTE | PathPermissions::READ));
        assert_eq!(view[3], ("/opt/other".into(), PathPermissions::READ));
    }
}
