//! The host's program that the guest is to run, with everything that it needs to start.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::elf;
use super::library::{CACHE, Loaded, Search};
use super::tree::{Content, Kind, Origin, Tree};
use crate::failure::{Context, Failure, NOT_EXECUTABLE, NOT_FOUND, Result};

/// Scripts that are interpreted by scripts: as deep as Linux goes.
const MAX_SCRIPTS: usize = 4;
/// The longest first line of a script that is looked at.
const MAX_FIRST_LINE: usize = 256;

/// Finds the program as a shell would, in the trees of `--root` first, then on the host, then in the base, and
/// returns its absolute path. Failures are a shell's: not found 127, not executable 126.
pub fn find(tree: &Tree, name: &OsStr) -> Result<PathBuf> {
    let code = |code: u8, why: &str| Failure { code, message: format!("{}: {why}", name.display()) };
    if name.as_bytes().contains(&b'/') {
        let path = std::path::absolute(name).context(|| name.display().to_string())?;
        return match examine(tree, &path) {
            Finding::Executable => Ok(path),
            Finding::Missing => Err(code(NOT_FOUND, "not found")),
            Finding::Directory => Err(code(NOT_EXECUTABLE, "is a directory")),
            Finding::Other => Err(code(NOT_EXECUTABLE, "permission denied")),
        };
    }
    search(tree, name).ok_or_else(|| code(NOT_FOUND, "not found"))
}

fn search(tree: &Tree, name: &OsStr) -> Option<PathBuf> {
    let host = std::env::var_os("PATH").unwrap_or_default();
    let guest = OsString::from(super::base::PATH);
    let directories: Vec<PathBuf> = std::env::split_paths(&host).chain(std::env::split_paths(&guest)).collect();
    let paths = directories.iter().filter(|directory| directory.is_absolute()).map(|directory| directory.join(name));
    paths.into_iter().find(|path| examine(tree, path) == Finding::Executable)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Executable,
    Directory,
    Other,
    Missing,
}

fn examine(tree: &Tree, path: &Path) -> Finding {
    let judge = |is_directory: bool, is_file: bool, mode: u32| match (is_directory, is_file) {
        (true, _) => Finding::Directory,
        (_, true) if mode & 0o111 != 0 => Finding::Executable,
        _ => Finding::Other,
    };
    let in_tree = || match tree.get(path) {
        Some(entry) => judge(entry.kind == Kind::Directory, matches!(entry.kind, Kind::File(_)), entry.mode),
        None => Finding::Missing,
    };
    if tree.get(path).is_some_and(|entry| entry.origin == Origin::Overlay) {
        return in_tree();
    }
    match path.metadata() {
        Ok(metadata) => judge(metadata.is_dir(), metadata.is_file(), metadata.permissions().mode()),
        Err(_) => in_tree(),
    }
}

/// Puts the program at `path` and its interpreters and libraries into the tree.
/// `libraries` is the value of LD_LIBRARY_PATH that the program will see.
pub fn insert(tree: &mut Tree, path: &Path, libraries: Option<OsString>) -> Result<()> {
    let mut loader = Inserter { search: Search::new(libraries), tree, seen: HashSet::new() };
    let mut path = path.to_path_buf();
    for _ in 0..MAX_SCRIPTS {
        loader.take(&path).context(|| path.display().to_string())?;
        match loader.interpreter(&path) {
            Some(next) => path = next,
            None => break,
        }
    }
    loader.insert_libraries(&path);
    Ok(())
}

struct Inserter<'a> {
    search: Search,
    tree: &'a mut Tree,
    seen: HashSet<String>,
}

impl Inserter<'_> {
    /// Takes the host's file over unless the tree has one of its own that counts more, or the host has none.
    fn take(&mut self, path: &Path) -> std::io::Result<()> {
        if path.exists() { self.tree.insert_host(path) } else { Ok(()) }
    }

    /// Where the bytes of the guest's `path` are on the host.
    fn source(&self, path: &Path) -> Option<PathBuf> {
        match self.tree.get(path).map(|entry| &entry.kind) {
            Some(Kind::File(Content::Host(source))) => Some(source.clone()),
            Some(_) => None,
            None => path.is_file().then(|| path.to_path_buf()),
        }
    }

    /// The interpreter of a script, taken over together with what `env` would start.
    fn interpreter(&mut self, path: &Path) -> Option<PathBuf> {
        let mut line = Vec::new();
        File::open(self.source(path)?).ok()?.take(MAX_FIRST_LINE as u64).read_to_end(&mut line).ok()?;
        let (interpreter, argument) = parse_first_line(&line)?;
        if interpreter.file_name() == Some(OsStr::new("env")) {
            // A failure here is the guest's to report.
            let _ = self.take(&interpreter);
            self.insert_libraries(&interpreter);
            return search(self.tree, &argument?);
        }
        Some(interpreter)
    }

    /// Breadth first, as the loader does; what is not found is the guest's loader's to report.
    fn insert_libraries(&mut self, program: &Path) {
        let Some(image) = self.source(program).and_then(|source| elf::read(&source)) else { return };
        if let Some(interpreter) = &image.interpreter {
            let _ = self.take(interpreter);
            if interpreter.as_os_str().as_bytes().windows(8).any(|part| part == b"ld-linux") {
                let _ = self.take(Path::new(CACHE));
            }
        }
        let mut queue = vec![Loaded { path: program.to_path_buf(), image, inherited: Vec::new() }];
        while !queue.is_empty() {
            let needing = std::mem::take(&mut queue);
            for (by, name) in needing.iter().flat_map(|by| by.image.needed.iter().map(move |name| (by, name))) {
                if self.seen.insert(name.clone()) {
                    queue.extend(self.insert_library(name, by));
                }
            }
        }
    }

    fn insert_library(&mut self, name: &str, by: &Loaded) -> Option<Loaded> {
        for path in self.search.candidates(name, by) {
            let Some(image) = self.source(&path).and_then(|source| elf::read(&source)) else { continue };
            if self.take(&path).is_ok() {
                return Some(Loaded { path, image, inherited: by.search_path() });
            }
        }
        None
    }
}

/// `#!INTERPRETER [ARGUMENT]`; of `env -S a b`, the argument is `a`.
fn parse_first_line(bytes: &[u8]) -> Option<(PathBuf, Option<OsString>)> {
    let line = bytes.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let text = String::from_utf8_lossy(line);
    let mut words = text.split_whitespace();
    let interpreter = PathBuf::from(words.next()?);
    let argument = words.find(|word| !word.starts_with('-') && !word.contains('=')).map(OsString::from);
    interpreter.is_absolute().then_some((interpreter, argument))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_script_names_its_interpreter() {
        let parse = |line: &str| parse_first_line(line.as_bytes());
        assert_eq!(parse("#!/bin/sh\necho"), Some(("/bin/sh".into(), None)));
        assert_eq!(parse("#! /usr/bin/env -S A=1 python3 -u\n"), Some(("/usr/bin/env".into(), Some("python3".into()))));
        assert_eq!(parse("#!relative\n"), None);
        assert_eq!(parse("echo #!/bin/sh"), None);
    }

    #[test]
    fn a_dynamic_program_brings_its_loader_and_libraries() {
        let program = std::env::current_exe().unwrap();
        let mut tree = Tree::default();
        insert(&mut tree, &program, None).unwrap();
        let files: Vec<String> = tree.entries().map(|(path, _)| path.display().to_string()).collect();
        assert!(files.iter().any(|path| path.contains("/ld-")), "{files:?}");
        assert!(files.iter().any(|path| path.contains("/libc.")), "{files:?}");
    }

    #[test]
    fn missing_programs_fail_as_in_a_shell() {
        let tree = Tree::default();
        assert_eq!(find(&tree, OsStr::new("no-such-program")).unwrap_err().code, NOT_FOUND);
        assert_eq!(find(&tree, OsStr::new("/no/such/program")).unwrap_err().code, NOT_FOUND);
        assert_eq!(find(&tree, OsStr::new("/etc/passwd")).unwrap_err().code, NOT_EXECUTABLE);
        assert_eq!(find(&tree, OsStr::new("/etc")).unwrap_err().code, NOT_EXECUTABLE);
    }
}
