//! Files in memory: the initramfs, contents, directories.
#![allow(clippy::expect_used)]

use abi::{Errno, Mode, RenameFlags};
use alloc::boxed::Box;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use fs::tmpfs::Tmpfs;
use mm::space::{AddressSpace, Backing, Mapping, Sharing};
use mm::user::{Sink, Source, UserPtr};
use object::{FileSystem, NewNode, Node, Owner};

use super::{Verdict, check};

const PAGE: usize = 4096;

fn new() -> (Arc<Tmpfs>, Arc<dyn Node>) {
    let tmpfs = Tmpfs::new("tmpfs", Mode::from_raw(0o755)).expect("a file system");
    let root = tmpfs.root().expect("a root");
    (tmpfs, root)
}

fn make(directory: &Arc<dyn Node>, name: &str, what: NewNode<'_>) -> Result<Arc<dyn Node>, Errno> {
    directory.create(name.as_bytes(), what, Mode::from_raw(0o755), Owner::default())
}

fn write(node: &Arc<dyn Node>, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
    node.write_at(&mut Source::from_kernel(bytes), offset)
}

fn read(node: &Arc<dyn Node>, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = alloc::vec![0xaa; len];
    let count = node.read_at(&mut Sink::from_kernel(&mut bytes), offset).expect("reading");
    bytes.truncate(count);
    bytes
}

fn member(name: &str, data: &[u8], mode: u32, ino: u32, nlink: u32) -> Vec<u8> {
    let mut out = format!(
        "070701{ino:08x}{mode:08x}{:08x}{:08x}{nlink:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
        0,
        0,
        1234,
        data.len(),
        0,
        0,
        1,
        3,
        name.len() + 1,
        0,
    )
    .into_bytes();
    out.extend_from_slice(name.as_bytes());
    out.push(0);
    out.resize(out.len().next_multiple_of(4), 0);
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn at(root: &Arc<dyn Node>, path: &str) -> Result<Arc<dyn Node>, Errno> {
    path.split('/').try_fold(root.clone(), |node, name| node.lookup(name.as_bytes()))
}

/// Contents, links, devices and later archives come out of an archive; what follows a fault does not.
pub fn archives_are_unpacked() -> Verdict {
    let big: Vec<u8> = (0..3 * PAGE + 100).map(|index| index as u8).collect();
    let archive = [
        member("usr/bin/tool", &big, 0o100755, 5, 2),
        member("bin", b"usr/bin", 0o120777, 6, 1),
        member("usr/bin/alias", b"", 0o100755, 5, 2),
        member("dev/null", b"", 0o020666, 7, 1),
        member("TRAILER!!!", b"", 0, 0, 1),
        alloc::vec![0; 512],
        member("bin/more", b"second", 0o100644, 5, 1),
        b"rubbish".to_vec(),
    ]
    .concat();
    let (tmpfs, root) = new();
    let summary = fs::initramfs::unpack(&tmpfs, Box::leak(archive.into_boxed_slice())).expect("unpacking");
    check(summary.members == 5 && summary.failures == 1, "members and failures")?;
    let tool = at(&root, "usr/bin/tool").expect("tool");
    check(read(&tool, 0, 5 * PAGE) == big, "contents")?;
    check(tool.stat().is_ok_and(|stat| stat.links == 2 && stat.modified.seconds == 1234), "attributes")?;
    check(at(&root, "usr/bin/alias").is_ok_and(|alias| alias.id() == tool.id()), "hard link")?;
    check(at(&root, "usr/bin/more").is_ok_and(|more| read(&more, 0, 9) == b"second"), "through a link to a directory")?;
    check(
        at(&root, "dev/null").is_ok_and(|null| null.stat().is_ok_and(|stat| stat.special_device == 0x103)),
        "device",
    )?;
    // Writing copies a page; the rest still comes from the archive.
    write(&tool, b"XY", PAGE as u64 + 10).expect("writing");
    let mut changed = big.clone();
    changed[PAGE + 10..PAGE + 12].copy_from_slice(b"XY");
    check(read(&tool, 0, 5 * PAGE) == changed, "contents after a write")?;
    // What was cut off does not come back.
    tool.truncate(PAGE as u64 + 11).expect("cutting");
    tool.truncate(4 * PAGE as u64).expect("growing");
    changed.truncate(PAGE + 11);
    changed.resize(4 * PAGE, 0);
    check(read(&tool, 0, 5 * PAGE) == changed, "contents after cutting and growing")
}

/// Holes read as zeros, sizes and blocks are told, and all frames come back.
pub fn files_keep_their_bytes() -> Verdict {
    // The first round fills the heap's slabs and the processors' stocks.
    round_of_bytes()?;
    let before = mm::frame::stats().used();
    round_of_bytes()?;
    check(mm::frame::stats().used() <= before + 8, "frames")
}

fn round_of_bytes() -> Verdict {
    let (_tmpfs, root) = new();
    let file = make(&root, "file", NewNode::File).expect("a file");
    check(write(&file, b"end", 10 * PAGE as u64 - 1) == Ok(3), "writing across pages")?;
    check(file.size() == Ok(10 * PAGE as u64 + 2), "size")?;
    check(file.stat().is_ok_and(|stat| stat.blocks == 16), "blocks")?;
    check(read(&file, 5 * PAGE as u64, 16) == [0; 16], "hole")?;
    check(read(&file, 10 * PAGE as u64 - 2, 9) == b"\0end", "data")?;
    check(read(&file, 11 * PAGE as u64, 9).is_empty(), "beyond the end")?;
    check(file.append(&mut Source::from_kernel(b"more")) == Ok((10 * PAGE as u64 + 6, 4)), "append")?;
    // Removed while in use: it lives until its last user goes.
    root.unlink(b"file").expect("unlinking");
    check(read(&file, 10 * PAGE as u64 - 1, 9) == b"endmore", "after unlinking")?;
    check(file.stat().is_ok_and(|stat| stat.links == 0), "links")
}

/// A mapping shows what is written, a write through it is read, and what is cut off is gone from it.
pub fn mappings_and_files_are_one() -> Verdict {
    let (_tmpfs, root) = new();
    let file = make(&root, "file", NewNode::File).expect("a file");
    write(&file, &[1; 2 * PAGE], 0).expect("writing");
    let space = AddressSpace::new().expect("a space");
    let backing = Backing::Pages { pager: file.pager().expect("a pager"), offset: 0 };
    let mapping = Mapping { backing, sharing: Sharing::Shared, ..Mapping::anonymous(2 * PAGE) };
    let start = space.map(mapping).expect("mapping").as_u64();
    arch::interrupts::without(|| space.activate());
    let peek = |address| UserPtr::<u8>::new(address).read();
    let verdict = (|| {
        check(peek(start) == Ok(1), "the file's byte")?;
        write(&file, &[2], 0).expect("writing");
        check(peek(start) == Ok(2), "a later byte")?;
        UserPtr::<u8>::new(start + 1).write(&3).expect("storing");
        check(read(&file, 0, 2) == [2, 3], "a stored byte")?;
        check(peek(start + PAGE as u64) == Ok(1), "the second page")?;
        file.truncate(100).expect("cutting");
        check(peek(start + PAGE as u64).is_err(), "the page cut off")?;
        check(peek(start + 99) == Ok(1) && peek(start + 100) == Ok(0), "the page cut through")?;
        file.truncate(2 * PAGE as u64).expect("growing");
        check(peek(start + PAGE as u64) == Ok(0), "the page grown back")
    })();
    arch::interrupts::without(mm::space::enter_lazy);
    verdict
}

/// Renaming, by the rules.
pub fn renames_follow_the_rules() -> Verdict {
    let (_tmpfs, root) = new();
    let [a, b] = ["a", "b"].map(|name| make(&root, name, NewNode::Directory).expect("a directory"));
    let inner = make(&a, "inner", NewNode::Directory).expect("a directory");
    let file = make(&a, "file", NewNode::File).expect("a file");
    let (plain, exchange) = (RenameFlags::empty(), RenameFlags::EXCHANGE);
    check(root.rename(b"a", &inner, b"x", plain) == Err(Errno::EINVAL), "into itself")?;
    check(a.rename(b"inner", &root, b"a", plain) == Err(Errno::ENOTEMPTY), "over its parent")?;
    check(a.rename(b"inner", &root, b"a", exchange) == Err(Errno::EINVAL), "exchange with its parent")?;
    check(a.rename(b"file", &root, b"b", plain) == Err(Errno::EISDIR), "file over directory")?;
    check(root.rename(b"b", &a, b"file", plain) == Err(Errno::ENOTDIR), "directory over file")?;
    check(a.rename(b"file", &root, b"b", RenameFlags::NO_REPLACE) == Err(Errno::EEXIST), "no replacing")?;
    check(a.rename(b"none", &root, b"c", plain) == Err(Errno::ENOENT), "nothing there")?;
    check(a.rename(b"file", &b, b"moved", plain).is_ok(), "across directories")?;
    check(b.lookup(b"moved").is_ok_and(|node| node.id() == file.id()), "the file moved")?;
    check(a.rename(b"inner", &b, b"moved", exchange).is_ok(), "exchange")?;
    check(b.lookup(b"moved").is_ok_and(|node| node.id() == inner.id()), "exchanged")?;
    check(a.lookup(b"inner").is_ok_and(|node| node.id() == file.id()), "exchanged back")?;
    check(inner.parent().is_some_and(|parent| parent.id() == b.id()), "the parent changed")?;
    let links = |node: &Arc<dyn Node>| node.stat().map(|stat| stat.links);
    check(links(&a) == Ok(2) && links(&b) == Ok(3) && links(&root) == Ok(4), "link counts")?;
    // An empty directory is replaced, and dies.
    check(b.rename(b"moved", &root, b"a", plain) == Err(Errno::ENOTEMPTY), "over a full directory")?;
    a.unlink(b"inner").expect("unlinking");
    check(b.rename(b"moved", &root, b"a", plain).is_ok(), "over an empty directory")?;
    check(make(&a, "late", NewNode::File).err() == Some(Errno::ENOENT), "nothing is made in the dead")?;
    check(links(&a) == Ok(0) && links(&root) == Ok(4) && links(&b) == Ok(2), "link counts at the end")?;
    check(root.remove_directory(b"b").is_ok() && root.remove_directory(b"b") == Err(Errno::ENOENT), "removal")
}

/// Each entry is listed once, and a cursor goes on where it stood.
pub fn directories_list_every_entry() -> Verdict {
    let (_tmpfs, root) = new();
    for index in 0..300 {
        make(&root, &format!("entry {index}"), NewNode::File).expect("a file");
    }
    let (mut cursor, mut seen) = (object::directory::FIRST_ENTRY, Vec::new());
    loop {
        let (count, mut left) = (seen.len(), 7);
        root.read_directory(cursor, &mut |entry| {
            seen.push(entry.name.to_vec());
            cursor = entry.next;
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .expect("listing");
        if seen.len() == count {
            break;
        }
        // What was seen may go without anything being missed.
        root.unlink(&seen[count]).expect("unlinking");
    }
    seen.sort();
    seen.dedup();
    check(seen.len() == 300, "300 different names")
}

/// A file system goes with its last user, whole, however deep its tree is.
pub fn deep_trees_are_given_back() -> Verdict {
    const DEPTH: usize = 5_000;
    let round = || {
        let (_tmpfs, root) = new();
        let mut at = root;
        for _ in 0..DEPTH {
            write(&make(&at, "file", NewNode::File).expect("a file"), b"x", 0).expect("writing");
            at = make(&at, "deeper", NewNode::Directory).expect("a directory");
        }
    };
    round();
    let before = mm::frame::stats().used();
    round();
    check(mm::frame::stats().used() <= before + 16, "frames")
}
