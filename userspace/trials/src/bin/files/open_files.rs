//! What is done with an open file.

use abi::table::number;
use abi::{Errno, Result};
use trials::{Holds, equal};

use crate::kit::*;
use abi::types::{OpenHow, Stat};

pub(crate) fn opening(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_WRONLY)?;
    on_path(number::mkdir, "directory", &[0o755])?;
    call(number::symlink, &[text("file"), text("link")])?;
    call(number::symlink, &[text("loop"), text("loop")])?;
    let directory = open("directory", O_DIRECTORY)?;
    let long = "n".repeat(256);
    let very_long = "a/".repeat(2100);
    Ok(vec![
        fails(open("none", 0), Errno::ENOENT),
        fails(open("none/x", O_CREAT), Errno::ENOENT),
        fails(open("", 0), Errno::ENOENT),
        fails(open("file/x", 0), Errno::ENOTDIR),
        fails(open("file/", 0), Errno::ENOTDIR),
        fails(open("file", O_DIRECTORY), Errno::ENOTDIR),
        fails(open("file", O_CREAT | O_EXCL), Errno::EEXIST),
        fails(open("loop", O_CREAT | O_EXCL), Errno::EEXIST),
        fails(open("loop", 0), Errno::ELOOP),
        fails(open("link", O_NOFOLLOW), Errno::ELOOP),
        fails(open("directory", O_WRONLY), Errno::EISDIR),
        fails(open("directory", O_RDWR), Errno::EISDIR),
        fails(open("new/", O_CREAT), Errno::EISDIR),
        fails(open(&long, 0), Errno::ENAMETOOLONG),
        fails(open(&very_long, 0), Errno::ENAMETOOLONG),
        fails(open_at(CLOSED, "file", 0), Errno::EBADF),
        fails(open_at(file, "file", 0), Errno::ENOTDIR),
        open_at(directory, "../file", 0).map(drop).map_err(|errno| errno.to_string()),
        // An absolute path does not look at the directory.
        open_at(CLOSED, "/", O_DIRECTORY).map(drop).map_err(|errno| errno.to_string()),
        fails(call(number::openat, &[AT_FDCWD, 0, 0, 0]), Errno::EFAULT),
        fails(on_path(number::creat, "directory", &[0o644]), Errno::EISDIR),
    ])
}

pub(crate) fn limits(_: &Place) -> Result<Vec<Holds>> {
    on_path(number::mkdir, "inside", &[0o755])?;
    close(open("inside/file", O_CREAT | O_WRONLY)?)?;
    call(number::symlink, &[text("../inside/file"), text("inside/out")])?;
    call(number::symlink, &[text("file"), text("inside/in")])?;
    let directory = open("inside", O_DIRECTORY)?;
    let try_with = |path: &str, resolve: u64| {
        let how = OpenHow { flags: 0, mode: 0, resolve };
        call(number::openat2, &[directory, text(path), &raw const how as usize, size_of::<OpenHow>()]).map(drop)
    };
    let odd = OpenHow { flags: 1 << 40, mode: 0, resolve: 0 };
    let moded = OpenHow { flags: 0, mode: 0o644, resolve: 0 };
    let raw =
        |how: &OpenHow, size: usize| call(number::openat2, &[directory, text("file"), how as *const _ as usize, size]);
    Ok(vec![
        equal(try_with("file", 8), Ok(())),
        equal(try_with("../inside/file", 8), Err(Errno::EXDEV)),
        equal(try_with("/etc", 8), Err(Errno::EXDEV)),
        equal(try_with("out", 8), Err(Errno::EXDEV)),
        equal(try_with("in", 8), Ok(())),
        equal(try_with("in", 4), Err(Errno::ELOOP)),
        equal(try_with("/file", 16), Ok(())),
        equal(try_with("../../file", 16), Ok(())),
        equal(try_with("/etc", 16), Err(Errno::ENOENT)),
        equal(try_with("file", 1 << 30), Err(Errno::EINVAL)),
        fails(raw(&odd, size_of::<OpenHow>()), Errno::EINVAL),
        fails(raw(&moded, size_of::<OpenHow>()), Errno::EINVAL),
        fails(raw(&moded, 8), Errno::EINVAL),
    ])
}

pub(crate) fn offsets(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    write(file, b"0123456789")?;
    let mut holds = vec![equal(seek(file, 0, 1), Ok(10)), equal(seek(file, 2, 0), Ok(2))];
    holds.push(equal(read(file, 3), Ok(b"234".to_vec())));
    let mut buffer = [0u8; 4];
    let pread = |offset: i64, buffer: &mut [u8]| {
        call(number::pread64, &[file, buffer.as_mut_ptr() as usize, buffer.len(), offset as usize])
    };
    holds.push(equal(pread(8, &mut buffer), Ok(2)));
    holds.push(equal(buffer[..2].to_vec(), b"89".to_vec()));
    holds.push(fails(pread(-1, &mut buffer), Errno::EINVAL));
    holds.push(equal(seek(file, 0, 1), Ok(5)));
    holds.push(equal(seek(file, -1, 2), Ok(9)));
    holds.push(fails(seek(file, -100, 1), Errno::EINVAL));
    holds.push(fails(seek(file, 0, 99), Errno::EINVAL));
    holds.push(fails(seek(file, 100, 3), Errno::ENXIO));
    holds.push(equal(seek(file, 0, 4), Ok(10)));
    holds.push(equal(seek(file, 100, 0), Ok(100)));
    holds.push(equal(read(file, 4), Ok(vec![])));
    let vectors = [[b"ab".as_ptr() as usize, 2], [b"cde".as_ptr() as usize, 3]];
    let writev = |count: usize| call(number::writev, &[file, vectors.as_ptr() as usize, count]);
    seek(file, 0, 0)?;
    holds.push(equal(writev(2), Ok(5)));
    holds.push(fails(writev(2000), Errno::EINVAL));
    holds.push(fails(writev(usize::MAX), Errno::EINVAL));
    holds.push(equal(call(number::pwritev, &[file, vectors.as_ptr() as usize, 2, 10]), Ok(5)));
    seek(file, 0, 0)?;
    holds.push(equal(read(file, 100), Ok(b"abcde56789abcde".to_vec())));
    holds.push(fails(seek(CLOSED, 0, 0), Errno::EBADF));
    Ok(holds)
}

pub(crate) fn access_modes(_: &Place) -> Result<Vec<Holds>> {
    let writer = open("file", O_CREAT | O_WRONLY)?;
    let reader = open("file", 0)?;
    let directory = open(".", O_DIRECTORY)?;
    let mut byte = [0u8];
    let address = byte.as_mut_ptr() as usize;
    Ok(vec![
        fails(read(writer, 1), Errno::EBADF),
        fails(write(reader, b"x"), Errno::EBADF),
        fails(call(number::pread64, &[writer, address, 1, 0]), Errno::EBADF),
        fails(call(number::pwrite64, &[reader, address, 1, 0]), Errno::EBADF),
        fails(read(directory, 1), Errno::EISDIR),
        fails(write(directory, b"x"), Errno::EBADF),
        equal(call(number::ftruncate, &[reader, 0]).is_err(), true),
        fails(read(CLOSED, 1), Errno::EBADF),
        fails(read(usize::MAX, 1), Errno::EBADF),
        fails(call(number::getdents64, &[reader, address, 1]), Errno::ENOTDIR),
        fails(call(number::fchdir, &[reader]), Errno::ENOTDIR),
    ])
}

pub(crate) fn appending(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR | O_APPEND)?;
    write(file, b"one")?;
    seek(file, 0, 0)?;
    write(file, b"two")?;
    call(number::pwrite64, &[file, b"six".as_ptr() as usize, 3, 0])?;
    let mut holds = vec![equal(seek(file, 0, 1), Ok(6)), equal(seek(file, 0, 0), Ok(0))];
    holds.push(equal(read(file, 20), Ok(b"onetwosix".to_vec())));
    // The flag can be taken away, and put back.
    call(number::fcntl, &[file, 4, 0])?;
    seek(file, 0, 0)?;
    write(file, b"ONE")?;
    seek(file, 0, 0)?;
    holds.push(equal(read(file, 20), Ok(b"ONEtwosix".to_vec())));
    Ok(holds)
}

pub(crate) fn sizes(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    write(file, b"abcdef")?;
    call(number::ftruncate, &[file, 3])?;
    call(number::ftruncate, &[file, 6])?;
    seek(file, 0, 0)?;
    let mut holds = vec![equal(read(file, 10), Ok(b"abc\0\0\0".to_vec()))];
    seek(file, 10000, 0)?;
    write(file, b"z")?;
    holds.push(equal(stat("file")?.size, 10001));
    seek(file, 9998, 0)?;
    holds.push(equal(read(file, 10), Ok(b"\0\0z".to_vec())));
    holds.push(fails(call(number::ftruncate, &[file, usize::MAX]), Errno::EINVAL));
    holds.push(equal(on_path(number::truncate, "file", &[5]), Ok(0)));
    holds.push(fails(on_path(number::truncate, ".", &[5]), Errno::EISDIR));
    holds.push(fails(on_path(number::truncate, "none", &[5]), Errno::ENOENT));
    holds.push(fails(on_path(number::truncate, "file", &[usize::MAX]), Errno::EINVAL));
    holds.push(equal(call(number::fallocate, &[file, 0, 0, 100]), Ok(0)));
    holds.push(equal(stat("file")?.size, 100));
    holds.push(fails(call(number::fallocate, &[file, 0, 0, 0]), Errno::EINVAL));
    holds.push(equal(call(number::fsync, &[file]), Ok(0)));
    holds.push(equal(call(number::fadvise64, &[file, 0, 0, 4]), Ok(0)));
    holds.push(fails(call(number::fadvise64, &[file, 0, 0, 99]), Errno::EINVAL));
    close(open("file", O_TRUNC | O_WRONLY)?)?;
    holds.push(equal(stat("file")?.size, 0));
    Ok(holds)
}

pub(crate) fn path_only(_: &Place) -> Result<Vec<Holds>> {
    close(open("file", O_CREAT | O_WRONLY)?)?;
    call(number::symlink, &[text("file"), text("soft")])?;
    let file = open("file", O_PATH)?;
    let link = open("soft", O_PATH | O_NOFOLLOW)?;
    let directory = open(".", O_PATH | O_DIRECTORY)?;
    let mut told = Stat::default();
    let mut buffer = [0u8; 16];
    Ok(vec![
        fails(read(file, 1), Errno::EBADF),
        fails(write(file, b"x"), Errno::EBADF),
        fails(seek(file, 0, 0), Errno::EBADF),
        fails(call(number::fchmod, &[file, 0o600]), Errno::EBADF),
        fails(call(number::fchmod, &[directory, 0o700]), Errno::EBADF),
        fails(call(number::ioctl, &[file, 0x5401, 0]), Errno::EBADF),
        fails(call(number::ftruncate, &[file, 0]), Errno::EBADF),
        fails(call(number::getdents64, &[directory, buffer.as_mut_ptr() as usize, 16]), Errno::EBADF),
        equal(call(number::fstat, &[file, &raw mut told as usize]), Ok(0)),
        equal(open_at(directory, "file", 0).is_ok(), true),
        equal(call(number::readlinkat, &[link, text(""), buffer.as_mut_ptr() as usize, 16]), Ok(4)),
        equal(call(number::fchdir, &[directory]), Ok(0)),
        equal(call(number::fcntl, &[file, 3, 0]).map(|flags| flags & O_PATH as usize), Ok(O_PATH as usize)),
    ])
}
