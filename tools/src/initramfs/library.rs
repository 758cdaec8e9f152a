//! Where the loader of a dynamically linked program would find its libraries: the rules of ld.so(8), and of musl.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::elf::Image;

/// Directories that glibc (as Debian and as others build it) and musl search last.
const DEFAULT_DIRECTORIES: &[&str] = &[
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/local/lib",
    "/usr/lib",
];
/// What `ldconfig` wrote.
pub const CACHE: &str = "/etc/ld.so.cache";
const CACHE_MAGIC: &[u8] = b"glibc-ld.so.cache1.1";
const CACHE_HEADER: usize = 48;
const CACHE_ENTRY: usize = 24;
/// Flags of a cache entry: an ELF library for x86-64.
const CACHE_X86_64: u32 = 0x0303;

/// An object that needs libraries, and those that caused it to be loaded.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Its path.
    pub path: PathBuf,
    /// What it asks for.
    pub image: Image,
    /// DT_RPATH of the objects that needed it, the nearest first.
    pub inherited: Vec<PathBuf>,
}

/// Knows the host's library directories.
#[derive(Debug)]
pub struct Search {
    environment: Vec<PathBuf>,
    cache: HashMap<String, PathBuf>,
}

impl Search {
    /// Reads the host's cache; `environment` is LD_LIBRARY_PATH as the program will see it.
    pub fn new(environment: Option<OsString>) -> Self {
        let environment = environment.map(|paths| std::env::split_paths(&paths).collect()).unwrap_or_default();
        let cache = parse_cache(&fs::read(CACHE).unwrap_or_default()).unwrap_or_default();
        Self { environment, cache }
    }

    /// The places where the library `name`, needed by `by`, may be, the first choice first.
    pub fn candidates(&self, name: &str, by: &Loaded) -> Vec<PathBuf> {
        if name.contains('/') {
            return vec![PathBuf::from(name)];
        }
        let mut directories = Vec::new();
        if by.image.runpath.is_empty() {
            directories.extend(by.search_path());
        }
        directories.extend(self.environment.iter().cloned());
        directories.extend(by.image.runpath.iter().flat_map(|path| expand(path, &by.path)));
        let mut candidates: Vec<PathBuf> = directories.iter().map(|directory| directory.join(name)).collect();
        candidates.extend(self.cache.get(name).cloned());
        candidates.extend(DEFAULT_DIRECTORIES.iter().map(|directory| Path::new(directory).join(name)));
        candidates
    }
}

impl Loaded {
    /// The directories of this object's DT_RPATH and of those that it inherits.
    pub fn search_path(&self) -> Vec<PathBuf> {
        let own = self.image.rpath.iter().flat_map(|path| expand(path, &self.path));
        own.chain(self.inherited.iter().cloned()).collect()
    }
}

/// Replaces $ORIGIN, $LIB and $PLATFORM; $LIB has two meanings, by distribution.
fn expand(path: &str, object: &Path) -> Vec<PathBuf> {
    let origin = fs::canonicalize(object).unwrap_or_else(|_| object.to_path_buf());
    let origin = origin.parent().unwrap_or(Path::new("/")).as_os_str().as_bytes();
    let origin = String::from_utf8_lossy(origin);
    let fill = |library: &str| {
        let mut text = path.to_owned();
        for (name, value) in [("ORIGIN", &*origin), ("LIB", library), ("PLATFORM", "x86_64")] {
            text = text.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        PathBuf::from(text)
    };
    let mut expanded = vec![fill("lib/x86_64-linux-gnu")];
    if path.contains("LIB") {
        expanded.push(fill("lib64"));
    }
    expanded
}

/// Reads glibc's cache: the new format, alone or after the old one.
fn parse_cache(bytes: &[u8]) -> Option<HashMap<String, PathBuf>> {
    let start = bytes.windows(CACHE_MAGIC.len()).position(|window| window == CACHE_MAGIC)?;
    let bytes = &bytes[start..];
    let word = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let string = |at: u32| {
        let text = bytes.get(at as usize..)?.split(|byte| *byte == 0).next()?;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let count = word(CACHE_MAGIC.len())? as usize;
    let mut found = HashMap::new();
    for index in 0..count {
        let entry = CACHE_HEADER + index * CACHE_ENTRY;
        let hardware_capabilities = u64::from(word(entry + 16)?) | u64::from(word(entry + 20)?) << 32;
        if word(entry)? == CACHE_X86_64 && hardware_capabilities == 0 {
            found.entry(string(word(entry + 4)?)?).or_insert(PathBuf::from(string(word(entry + 8)?)?));
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(rpath: &[&str], runpath: &[&str]) -> Loaded {
        let own = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        let image = Image { rpath: own(rpath), runpath: own(runpath), ..Image::default() };
        Loaded { path: "/opt/app/bin/app".into(), image, inherited: vec!["/inherited".into()] }
    }

    fn search() -> Search {
        let cache = HashMap::from([("libc.so.6".to_owned(), PathBuf::from("/cached/libc.so.6"))]);
        Search { environment: vec!["/environment".into()], cache }
    }

    #[test]
    fn rpath_comes_first_and_is_inherited() {
        let found = search().candidates("libc.so.6", &loaded(&["$ORIGIN/../lib"], &[]));
        let expected = ["/opt/app/bin/../lib", "/inherited", "/environment", "/cached"];
        let expected: Vec<PathBuf> = expected.iter().map(|path| Path::new(path).join("libc.so.6")).collect();
        assert_eq!(found[..4], expected);
    }

    #[test]
    fn runpath_silences_rpath() {
        let found = search().candidates("libx.so", &loaded(&["/rpath"], &["/runpath"]));
        assert_eq!(found[0], Path::new("/environment/libx.so"));
        assert_eq!(found[1], Path::new("/runpath/libx.so"));
        assert!(!found.contains(&PathBuf::from("/rpath/libx.so")));
    }

    #[test]
    fn a_name_with_a_slash_is_a_path() {
        assert_eq!(search().candidates("/x/liby.so", &loaded(&[], &[])), [PathBuf::from("/x/liby.so")]);
    }

    #[test]
    fn a_cache_of_one_library_is_read() {
        let mut bytes = CACHE_MAGIC.to_vec();
        bytes.extend(1u32.to_le_bytes());
        bytes.resize(CACHE_HEADER, 0);
        let strings = (CACHE_HEADER + CACHE_ENTRY) as u32;
        for word in [CACHE_X86_64, strings, strings + 7, 0, 0, 0] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(b"liba.so\0/d/liba.so\0");
        let mut wrong = bytes.clone();
        wrong.truncate(60);
        // "liba.so" ends at its NUL, which is where strings + 7 points: an empty path; point past it.
        bytes[CACHE_HEADER + 8] += 1;
        assert_eq!(parse_cache(&bytes).unwrap()["liba.so"], Path::new("/d/liba.so"));
        assert_eq!(parse_cache(&wrong), None);
    }
}
