//! Listing directories.

use crate::Context;
use abi::types::DirentHeader;
use abi::{Errno, Result};
use core::ops::ControlFlow;
use mm::user::Sink;
use object::namespace::NAME_MAX;
use object::{DirectoryEntry, Held};
use zerocopy::IntoBytes;

const HEADER: usize = size_of::<DirentHeader>();
/// The size of a record is a multiple of this.
const ALIGNMENT: usize = 8;
const RECORD_MAX: usize = (HEADER + NAME_MAX + 1).next_multiple_of(ALIGNMENT);

/// Lists as many entries as fit, leaving out what the view hides. EINVAL if not one fits.
pub fn getdents64(cx: &mut Context, fd: Held, mut buf: Sink<'_>) -> Result<usize> {
    let (mut written, mut refused) = (0, None);
    let roots = cx.table.roots();
    let view = roots.view.as_deref().zip(fd.location());
    fd.read_directory(&mut |entry| {
        if view.is_some_and(|(view, directory)| view.hides_entry(directory, entry)) {
            return ControlFlow::Continue(());
        }
        match write_record(entry, &mut buf) {
            // Whole records count; what a fault left of one does not.
            Ok(length) => {
                written += length;
                ControlFlow::Continue(())
            }
            Err(error) => {
                refused = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    match refused {
        Some(error) if written == 0 => Err(error),
        _ => Ok(written),
    }
}

/// Writes one record and says how long it is: EINVAL if there is no room for it.
fn write_record(entry: &DirectoryEntry<'_>, buf: &mut Sink<'_>) -> Result<usize> {
    let length = (HEADER + entry.name.len() + 1).next_multiple_of(ALIGNMENT);
    if entry.name.len() > NAME_MAX || length > buf.remaining() {
        return Err(Errno::EINVAL);
    }
    let header = DirentHeader {
        inode: entry.inode,
        next_offset: entry.next as i64,
        record_length: length as u16,
        kind: entry.kind.entry_type(),
    };
    let mut record = [0; RECORD_MAX];
    record[..HEADER].copy_from_slice(header.as_bytes());
    record[HEADER..HEADER + entry.name.len()].copy_from_slice(entry.name);
    if buf.write(&record[..length])? < length {
        return Err(Errno::EFAULT);
    }
    Ok(length)
}
