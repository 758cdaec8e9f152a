//! What is done by name.

use abi::table::number;
use abi::{Errno, Result};
use trials::{Holds, equal};

use crate::kit::*;
use abi::types::{Stat, Timespec};

pub(crate) fn names(_: &Place) -> Result<Vec<Holds>> {
    close(open("file", O_CREAT | O_WRONLY)?)?;
    on_path(number::mkdir, "full", &[0o755])?;
    on_path(number::mkdir, "full/inner", &[0o755])?;
    on_path(number::mkdir, "empty", &[0o755])?;
    let rename = |old: &str, new: &str| call(number::rename, &[text(old), text(new)]);
    let rename2 = |old: &str, new: &str, flags: usize| {
        call(number::renameat2, &[AT_FDCWD, text(old), AT_FDCWD, text(new), flags])
    };
    let unlinkat = |path: &str, flags: usize| call(number::unlinkat, &[AT_FDCWD, text(path), flags]);
    Ok(vec![
        fails(on_path(number::mkdir, "full", &[0o755]), Errno::EEXIST),
        fails(on_path(number::mkdir, "none/x", &[0o755]), Errno::ENOENT),
        fails(on_path(number::mkdir, "file/x", &[0o755]), Errno::ENOTDIR),
        fails(on_path(number::rmdir, "full", &[]), Errno::ENOTEMPTY),
        fails(on_path(number::rmdir, "file", &[]), Errno::ENOTDIR),
        fails(on_path(number::rmdir, "empty/.", &[]), Errno::EINVAL),
        fails(on_path(number::unlink, "none", &[]), Errno::ENOENT),
        fails(on_path(number::unlink, "full", &[]), Errno::EISDIR),
        fails(on_path(number::unlink, "file/", &[]), Errno::ENOTDIR),
        fails(unlinkat("file", 1), Errno::EINVAL),
        fails(rename("none", "x"), Errno::ENOENT),
        fails(rename("file", "full"), Errno::EISDIR),
        fails(rename("full", "file"), Errno::ENOTDIR),
        fails(rename("full", "full/inner/x"), Errno::EINVAL),
        fails(rename("empty", "full"), Errno::ENOTEMPTY),
        fails(rename2("file", "full", 1), Errno::EEXIST),
        fails(rename2("file", "new", 99), Errno::EINVAL),
        equal(rename("file", "file"), Ok(0)),
        equal(rename("file", "full/name"), Ok(0)),
        equal(stat("full/name").is_ok(), true),
        fails(stat("file").map(drop), Errno::ENOENT),
        equal(rename2("full/name", "empty", 2), Ok(0)),
        equal(stat("empty")?.mode & 0o170000, 0o100000),
        equal(unlinkat("full/name", libc::AT_REMOVEDIR as usize), Ok(0)),
        equal(on_path(number::mknod, "fifo", &[0o010644, 0]), Ok(0)),
        equal(stat("fifo")?.mode & 0o170000, 0o010000),
        fails(on_path(number::mknod, "fifo", &[0o010644, 0]), Errno::EEXIST),
        fails(on_path(number::mknod, "odd", &[0o170000, 0]), Errno::EINVAL),
    ])
}

pub(crate) fn links(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    write(file, b"body")?;
    let link = |old: &str, new: &str| call(number::link, &[text(old), text(new)]);
    let mut holds = vec![
        equal(link("file", "hard"), Ok(0)),
        equal(stat("hard")?.links, 2),
        equal(stat("hard")?.inode, stat("file")?.inode),
        fails(link("file", "hard"), Errno::EEXIST),
        fails(link("none", "x"), Errno::ENOENT),
        fails(link(".", "x"), Errno::EPERM),
        equal(call(number::symlink, &[text("file"), text("soft")]), Ok(0)),
        fails(call(number::symlink, &[text("file"), text("soft")]), Errno::EEXIST),
        fails(call(number::symlink, &[text(""), text("x")]), Errno::ENOENT),
        // A link to a link is a name of the link, unless asked to follow.
        equal(link("soft", "soft-too"), Ok(0)),
        equal(stat("soft-too")?.mode & 0o170000, 0o120000),
        equal(call(number::linkat, &[AT_FDCWD, text("soft"), AT_FDCWD, text("followed"), 0x400]), Ok(0)),
        equal(stat("followed")?.mode & 0o170000, 0o100000),
    ];
    let mut buffer = [0u8; 16];
    let mut readlink = |path: &str, size: usize| {
        on_path(number::readlink, path, &[buffer.as_mut_ptr() as usize, size])
            .map(|count| String::from_utf8_lossy(&buffer[..count]).into_owned())
    };
    holds.push(equal(readlink("soft", 16), Ok("file".into())));
    holds.push(equal(readlink("soft", 2), Ok("fi".into())));
    holds.push(fails(readlink("soft", 0), Errno::EINVAL));
    holds.push(fails(readlink("file", 16), Errno::EINVAL));
    Ok(holds)
}

pub(crate) fn attributes(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    call(number::symlink, &[text("file"), text("soft")])?;
    let mut holds = vec![
        equal(on_path(number::chmod, "file", &[0o4711]), Ok(0)),
        equal(stat("file")?.mode, 0o104711),
        equal(call(number::fchmod, &[file, 0o600]), Ok(0)),
        equal(stat("file")?.mode, 0o100600),
        fails(on_path(number::chmod, "none", &[0o600]), Errno::ENOENT),
        fails(call(number::fchmod, &[CLOSED, 0o600]), Errno::EBADF),
        equal(on_path(number::chown, "file", &[7, 8]), Ok(0)),
        equal((stat("file")?.uid, stat("file")?.gid), (7, 8)),
        equal(on_path(number::chown, "file", &[u32::MAX as usize, 9]), Ok(0)),
        equal((stat("file")?.uid, stat("file")?.gid), (7, 9)),
        equal(on_path(number::lchown, "soft", &[5, 5]), Ok(0)),
        equal(stat("soft")?.uid, 5),
        equal(stat("file")?.uid, 7),
        equal(on_path(number::access, "file", &[4]), Ok(0)),
        fails(on_path(number::access, "file", &[1]), Errno::EACCES),
        fails(on_path(number::access, "file", &[8]), Errno::EINVAL),
        fails(on_path(number::access, "none", &[0]), Errno::ENOENT),
    ];
    let at = |seconds: i64, nanoseconds: i64| Timespec { seconds, nanoseconds };
    let set = |times: [Timespec; 2]| call(number::utimensat, &[AT_FDCWD, text("file"), times.as_ptr() as usize, 0]);
    holds.push(equal(set([at(1000, 5), at(2000, 6)]), Ok(0)));
    holds.push(equal((stat("file")?.accessed, stat("file")?.modified), (at(1000, 5), at(2000, 6))));
    holds.push(equal(set([at(0, 0x3ffffffe), at(3000, 7)]), Ok(0)));
    holds.push(equal((stat("file")?.accessed, stat("file")?.modified), (at(1000, 5), at(3000, 7))));
    holds.push(fails(set([at(0, 1_000_000_000), at(0, 0)]), Errno::EINVAL));
    let times = [at(1, 0), at(1, 0)];
    holds.push(equal(call(number::utimensat, &[file, 0, times.as_ptr() as usize, 0]), Ok(0)));
    holds.push(equal(stat("file")?.modified, at(1, 0)));
    let mut told = Stat::default();
    let fstatat = |slot: usize, path: &str, flags: usize, told: &mut Stat| {
        call(number::newfstatat, &[slot, text(path), told as *mut _ as usize, flags])
    };
    holds.push(equal(fstatat(file, "", libc::AT_EMPTY_PATH as usize, &mut told), Ok(0)));
    holds.push(equal(told.inode, stat("file")?.inode));
    holds.push(fails(fstatat(file, "", 0, &mut told), Errno::ENOENT));
    holds.push(fails(fstatat(file, "", 0x40000, &mut told), Errno::EINVAL));
    holds.push(equal(fstatat(AT_FDCWD, "", libc::AT_EMPTY_PATH as usize, &mut told), Ok(0)));
    holds.push(equal(told.mode & 0o170000, 0o040000));
    Ok(holds)
}

pub(crate) fn removed(place: &Place) -> Result<Vec<Holds>> {
    on_path(number::mkdir, "gone", &[0o755])?;
    let mut buffer = [0u8; 4096];
    let mut getcwd = |size: usize| call(number::getcwd, &[buffer.as_mut_ptr() as usize, size]);
    let mut holds = vec![equal(getcwd(4096).is_ok(), true), fails(getcwd(3), Errno::ERANGE)];
    on_path(number::chdir, "gone", &[])?;
    on_path(number::rmdir, "../gone", &[])?;
    holds.push(fails(getcwd(4096), Errno::ENOENT));
    holds.push(fails(open("x", O_CREAT | O_WRONLY), Errno::ENOENT));
    holds.push(fails(on_path(number::chdir, "/none", &[]), Errno::ENOENT));
    std::env::set_current_dir(&place.root).map_err(|_| Errno::EIO)?;
    close(open("plain", O_CREAT | O_WRONLY)?)?;
    holds.push(fails(on_path(number::chdir, "plain", &[]), Errno::ENOTDIR));
    Ok(holds)
}

pub(crate) fn listings(_: &Place) -> Result<Vec<Holds>> {
    for at in 0..50 {
        close(open(&format!("entry-{at}"), O_CREAT | O_WRONLY)?)?;
    }
    let directory = open(".", O_DIRECTORY)?;
    let mut buffer = [0u8; 256];
    let mut seen = Vec::new();
    loop {
        let count = call(number::getdents64, &[directory, buffer.as_mut_ptr() as usize, buffer.len()])?;
        if count == 0 {
            break;
        }
        let mut at = 0;
        while at < count {
            let length = usize::from(u16::from_le_bytes([buffer[at + 16], buffer[at + 17]]));
            let name = &buffer[at + 19..at + length];
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            seen.push(String::from_utf8_lossy(&name[..end]).into_owned());
            at += length;
        }
    }
    let unique: std::collections::BTreeSet<_> = seen.iter().collect();
    let mut holds =
        vec![equal(seen.len(), 52), equal(unique.len(), 52), equal(unique.contains(&"..".to_string()), true)];
    seek(directory, 0, 0)?;
    holds.push(fails(call(number::getdents64, &[directory, buffer.as_mut_ptr() as usize, 8]), Errno::EINVAL));
    holds.push(equal(call(number::getdents64, &[directory, buffer.as_mut_ptr() as usize, 40]).is_ok(), true));
    Ok(holds)
}
