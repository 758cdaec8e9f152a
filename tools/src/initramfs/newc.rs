//! The "newc" cpio archive that kernels unpack as their first file system.
//!
//! Each entry: a header of 110 ASCII characters, the name with its NUL, padding to four bytes, the data, padding.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::tree::{Content, Entry, Kind, Tree};

const MAGIC: &str = "070701";
const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const SYMLINK: u32 = 0o120_000;

/// Writes the whole tree, everything owned by root.
pub fn write(tree: &Tree, output: &mut impl Write) -> io::Result<()> {
    let mut writer = Writer { output, written: 0 };
    for (inode, (path, entry)) in (1..).zip(tree.entries()) {
        writer
            .write_entry(path, entry, inode)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    }
    let trailer = Header { inode: 0, mode: 0, links: 1, modified: 0, size: 0 };
    writer.write_header(b"TRAILER!!!", &trailer)
}

struct Header {
    inode: u32,
    mode: u32,
    links: u32,
    modified: u32,
    size: u32,
}

struct Writer<'a, W> {
    output: &'a mut W,
    written: u64,
}

impl<W: Write> Writer<'_, W> {
    fn write_entry(&mut self, path: &Path, entry: &Entry, inode: u32) -> io::Result<()> {
        let name = path.as_os_str().as_bytes();
        let name = name.strip_prefix(b"/").unwrap_or(name);
        let header = |kind: u32, links: u32, size: u64| {
            let size = u32::try_from(size).map_err(|_| io::Error::other("4 GiB or larger"))?;
            Ok::<_, io::Error>(Header { inode, mode: kind | entry.mode, links, modified: entry.modified, size })
        };
        match &entry.kind {
            Kind::Directory => self.write_header(name, &header(DIRECTORY, 2, 0)?),
            Kind::Symlink(target) => {
                self.write_header(name, &header(SYMLINK, 1, target.len() as u64)?)?;
                self.write_data(target.as_bytes())
            }
            Kind::File(Content::Bytes(bytes)) => {
                self.write_header(name, &header(FILE, 1, bytes.len() as u64)?)?;
                self.write_data(bytes)
            }
            Kind::File(Content::Host(source)) => {
                let mut file = File::open(source)?;
                let size = file.metadata()?.len();
                self.write_header(name, &header(FILE, 1, size)?)?;
                self.write_file(&mut file, size)
            }
        }
    }

    fn write_header(&mut self, name: &[u8], header: &Header) -> io::Result<()> {
        let Header { inode, mode, links, modified, size } = *header;
        let name_size = name.len() + 1;
        // Owner, group, device numbers and checksum are all zero.
        let text = format!(
            "{MAGIC}{inode:08x}{mode:08x}{0:08x}{0:08x}{links:08x}{modified:08x}{size:08x}\
             {0:08x}{0:08x}{0:08x}{0:08x}{name_size:08x}{0:08x}",
            0
        );
        self.output.write_all(text.as_bytes())?;
        self.output.write_all(name)?;
        self.output.write_all(&[0])?;
        self.written += (text.len() + name_size) as u64;
        self.pad()
    }

    fn write_data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)?;
        self.written += bytes.len() as u64;
        self.pad()
    }

    fn write_file(&mut self, file: &mut File, size: u64) -> io::Result<()> {
        if io::copy(&mut file.take(size), self.output)? != size {
            return Err(io::Error::other("the file shrank while it was read"));
        }
        self.written += size;
        self.pad()
    }

    fn pad(&mut self) -> io::Result<()> {
        let padding = (4 - self.written % 4) % 4;
        self.written += padding;
        self.output.write_all(&[0; 3][..padding as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::Origin;
    use super::*;

    #[test]
    fn what_is_written_is_read_back_by_another_reader() {
        let mut tree = Tree::default();
        let entry = |kind, mode| Entry { kind, mode, modified: 7, origin: Origin::Base };
        let bytes = Content::Bytes(b"hello".to_vec());
        tree.insert(Path::new("/etc/greeting"), entry(Kind::File(bytes), 0o640)).unwrap();
        tree.insert(Path::new("/link"), entry(Kind::Symlink("etc/greeting".into()), 0o777)).unwrap();
        let mut archive = Vec::new();
        write(&tree, &mut archive).unwrap();
        assert_eq!(archive.len() % 4, 0);
        let seen: Vec<(String, u32, Vec<u8>)> = cpio_reader::iter_files(&archive)
            .map(|file| (file.name().to_owned(), file.mode().bits(), file.file().to_vec()))
            .collect();
        let expected = [
            ("etc".to_owned(), 0o040_755, vec![]),
            ("etc/greeting".to_owned(), 0o100_640, b"hello".to_vec()),
            ("link".to_owned(), 0o120_777, b"etc/greeting".to_vec()),
        ];
        assert_eq!(seen, expected);
    }
}
