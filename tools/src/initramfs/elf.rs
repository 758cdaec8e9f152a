//! What an ELF file asks its loader for.
//!
//! Nothing here fails: a file that cannot be understood asks for nothing, and the guest's own exec judges it.

use std::fs::File;
use std::path::{Path, PathBuf};

use object::LittleEndian;
use object::elf::{
    DT_NEEDED, DT_RPATH, DT_RUNPATH, DT_STRSZ, DT_STRTAB, DynamicTag, EM_X86_64, FileHeader64, ProgramHeader64,
};
use object::read::elf::{Dyn, FileHeader, ProgramHeader};
use object::read::{ReadCache, ReadRef};

type Header = FileHeader64<LittleEndian>;
const ENDIAN: LittleEndian = LittleEndian;

/// The loader's view of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// PT_INTERP.
    pub interpreter: Option<PathBuf>,
    /// DT_NEEDED, in order.
    pub needed: Vec<String>,
    /// DT_RPATH, split at colons.
    pub rpath: Vec<String>,
    /// DT_RUNPATH, split at colons.
    pub runpath: Vec<String>,
}

/// Reads the file at `path`; `None` if it is no ELF file for x86-64.
pub fn read(path: &Path) -> Option<Image> {
    let cache = ReadCache::new(File::open(path).ok()?);
    parse(&cache)
}

/// Whether the file is an x86-64 program that needs no interpreter.
pub fn is_static(path: &Path) -> bool {
    read(path).is_some_and(|image| image.interpreter.is_none() && image.needed.is_empty())
}

/// Reads an ELF file; `None` if it is none for x86-64.
pub fn parse<'data, R: ReadRef<'data>>(data: R) -> Option<Image> {
    let header = Header::parse(data).ok()?;
    if header.e_machine(ENDIAN) != EM_X86_64 {
        return None;
    }
    let mut image = Image::default();
    let segments = header.program_headers(ENDIAN, data).unwrap_or_default();
    for segment in segments {
        if let Ok(Some(path)) = segment.interpreter(ENDIAN, data) {
            image.interpreter = Some(String::from_utf8_lossy(path).into_owned().into());
        }
        if let Ok(Some(entries)) = segment.dynamic(ENDIAN, data) {
            read_dynamic(entries, segments, data, &mut image);
        }
    }
    Some(image)
}

fn read_dynamic<'data, R: ReadRef<'data>>(
    entries: &[object::elf::Dyn64<LittleEndian>],
    segments: &[ProgramHeader64<LittleEndian>],
    data: R,
    image: &mut Image,
) {
    let value = |tag: DynamicTag| entries.iter().find(|entry| entry.tag(ENDIAN) == tag).map(|entry| entry.val(ENDIAN));
    let (Some(address), Some(size)) = (value(DT_STRTAB), value(DT_STRSZ)) else { return };
    let table = segments.iter().find_map(|segment| segment.data_range(ENDIAN, data, address, size).ok().flatten());
    let Some(table) = table else { return };
    for entry in entries {
        let start = usize::try_from(entry.val(ENDIAN)).unwrap_or(usize::MAX);
        let text = || {
            let bytes = table.get(start..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        let paths = || text().split(':').filter(|path| !path.is_empty()).map(str::to_owned).collect();
        match entry.tag(ENDIAN) {
            DT_NEEDED => image.needed.push(text()),
            DT_RPATH => image.rpath = paths(),
            DT_RUNPATH => image.runpath = paths(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_program_needs_the_c_library() {
        let image = read(&std::env::current_exe().unwrap()).unwrap();
        assert!(image.interpreter.is_some());
        assert!(image.needed.iter().any(|name| name.starts_with("libc.")));
    }

    #[test]
    fn every_truncation_of_a_program_is_read_without_panic() {
        let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for length in (0..4096).chain([8192, 65536]) {
            let _ = parse(&bytes[..length]);
        }
    }
}
