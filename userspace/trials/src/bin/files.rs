//! Files, paths and descriptors: what each call answers, the errors first of all. The calls are made raw, so that no library comes between.

#![allow(unsafe_code, reason = "raw system calls")]

use std::ffi::CString;
use std::process::ExitCode;

use abi::table::number;
use abi::types::{Flock, OpenHow, Stat, Timespec};
use abi::{Errno, Result};
use trials::{Holds, Report, equal};

const AT_FDCWD: usize = -100isize as usize;
const O_WRONLY: usize = 1;
const O_RDWR: usize = 2;
const O_CREAT: usize = 0o100;
const O_EXCL: usize = 0o200;
const O_TRUNC: usize = 0o1000;
const O_APPEND: usize = 0o2000;
const O_NONBLOCK: usize = 0o4000;
const O_DIRECTORY: usize = 0o200000;
const O_NOFOLLOW: usize = 0o400000;
const O_CLOEXEC: usize = 0o2000000;
const O_PATH: usize = 0o10000000;
const AT_SYMLINK_NOFOLLOW: usize = 0x100;
const AT_REMOVEDIR: usize = 0x200;
const AT_EMPTY_PATH: usize = 0x1000;
const BAD: usize = 999;

type Case = fn(&Place) -> Result<Vec<Holds>>;

fn main() -> ExitCode {
    let mut report = Report::new();
    let place = Place::new();
    let cases: &[(&str, Case)] = &[
        ("opening answers as Linux does", opening),
        ("openat2 keeps within its limits", limits),
        ("reads and writes move the offset or leave it", offsets),
        ("access modes bind", access_modes),
        ("appending goes to the end", appending),
        ("sizes change and holes read as zeros", sizes),
        ("duplicates share the offset, and flags are each slot's own", duplicates),
        ("ranges of slots are closed and marked", ranges),
        ("pipes tell what is wrong with them", pipes),
        ("names are made, renamed and removed", names),
        ("links lead where they should", links),
        ("attributes change and are told", attributes),
        ("a removed working directory has no path", removed),
        ("listings are whole, and refuse small buffers", listings),
        ("copies between files", copies),
        ("record locks keep others off", record_locks),
        ("whole locks keep others off", whole_locks),
        ("path descriptors name and nothing else", path_only),
    ];
    for (what, case) in cases {
        place.enter(what);
        let holds = match case(&place) {
            Ok(holds) => {
                holds.into_iter().enumerate().find_map(|(at, held)| held.err().map(|why| format!("{at}: {why}")))
            }
            Err(errno) => Some(format!("unexpected {errno}")),
        };
        report.check(what, holds.map_or(Ok(()), Err));
    }
    report.finish()
}

/// A directory for each case.
struct Place {
    root: std::path::PathBuf,
}

impl Place {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("trial-files-{}", std::process::id()));
        std::fs::create_dir_all(&root).expect("a scratch directory");
        Self { root }
    }

    fn enter(&self, what: &str) {
        let directory = self.root.join(what.replace([' ', ','], "-"));
        std::fs::create_dir_all(&directory).expect("a directory for the case");
        std::env::set_current_dir(directory).expect("to go there");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::env::set_current_dir("/");
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// A raw call.
fn call(number: u64, words: &[usize]) -> Result<usize> {
    let mut all = [0; 6];
    all[..words.len()].copy_from_slice(words);
    let [a, b, c, d, e, f] = all;
    // SAFETY: each case passes pointers to memory that lives over the call, or wrong ones for the kernel to refuse.
    let result = unsafe { libc::syscall(number as i64, a, b, c, d, e, f) };
    if result >= 0 {
        return Ok(result as usize);
    }
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    Err(Errno::from_raw(errno.into()).unwrap_or(Errno::EIO))
}

/// A text that is never given back: a trial is short.
fn text(text: &str) -> usize {
    CString::new(text).expect("no NUL").into_raw() as usize
}

fn open(path: &str, flags: usize) -> Result<usize> {
    openat(AT_FDCWD, path, flags)
}

fn openat(directory: usize, path: &str, flags: usize) -> Result<usize> {
    call(number::openat, &[directory, text(path), flags, 0o644])
}

fn close(slot: usize) -> Result<usize> {
    call(number::close, &[slot])
}

fn read(slot: usize, count: usize) -> Result<Vec<u8>> {
    let mut buffer = vec![0; count];
    let read = call(number::read, &[slot, buffer.as_mut_ptr() as usize, count])?;
    buffer.truncate(read);
    Ok(buffer)
}

fn write(slot: usize, bytes: &[u8]) -> Result<usize> {
    call(number::write, &[slot, bytes.as_ptr() as usize, bytes.len()])
}

fn seek(slot: usize, offset: i64, whence: usize) -> Result<usize> {
    call(number::lseek, &[slot, offset as usize, whence])
}

fn stat(path: &str) -> Result<Stat> {
    let mut stat = Stat::default();
    call(number::newfstatat, &[AT_FDCWD, text(path), &raw mut stat as usize, AT_SYMLINK_NOFOLLOW])?;
    Ok(stat)
}

fn on_path(number: u64, path: &str, more: &[usize]) -> Result<usize> {
    call(number, &[&[text(path)], more].concat())
}

fn fails<T: std::fmt::Debug + PartialEq>(result: Result<T>, errno: Errno) -> Holds {
    equal(result, Err(errno))
}

fn opening(_: &Place) -> Result<Vec<Holds>> {
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
        fails(openat(BAD, "file", 0), Errno::EBADF),
        fails(openat(file, "file", 0), Errno::ENOTDIR),
        openat(directory, "../file", 0).map(drop).map_err(|errno| errno.to_string()),
        // An absolute path does not look at the directory.
        openat(BAD, "/", O_DIRECTORY).map(drop).map_err(|errno| errno.to_string()),
        fails(call(number::openat, &[AT_FDCWD, 0, 0, 0]), Errno::EFAULT),
        fails(on_path(number::creat, "directory", &[0o644]), Errno::EISDIR),
    ])
}

fn limits(_: &Place) -> Result<Vec<Holds>> {
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

fn offsets(_: &Place) -> Result<Vec<Holds>> {
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
    holds.push(fails(seek(BAD, 0, 0), Errno::EBADF));
    Ok(holds)
}

fn access_modes(_: &Place) -> Result<Vec<Holds>> {
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
        fails(read(BAD, 1), Errno::EBADF),
        fails(read(usize::MAX, 1), Errno::EBADF),
        fails(call(number::getdents64, &[reader, address, 1]), Errno::ENOTDIR),
        fails(call(number::fchdir, &[reader]), Errno::ENOTDIR),
    ])
}

fn appending(_: &Place) -> Result<Vec<Holds>> {
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

fn sizes(_: &Place) -> Result<Vec<Holds>> {
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

fn duplicates(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR | O_CLOEXEC)?;
    let copy = call(number::dup, &[file])?;
    write(file, b"abcd")?;
    let fcntl = |slot: usize, command: usize, argument: usize| call(number::fcntl, &[slot, command, argument]);
    let mut holds =
        vec![equal(seek(copy, 0, 1), Ok(4)), equal(fcntl(file, 1, 0), Ok(1)), equal(fcntl(copy, 1, 0), Ok(0))];
    holds.push(equal(fcntl(copy, 2, 1), Ok(0)));
    holds.push(equal(fcntl(copy, 1, 0), Ok(1)));
    holds.push(equal(call(number::dup2, &[file, 77]), Ok(77)));
    holds.push(equal(call(number::dup2, &[file, file]), Ok(file)));
    holds.push(fails(call(number::dup2, &[BAD, BAD]), Errno::EBADF));
    holds.push(fails(call(number::dup2, &[file, usize::MAX]), Errno::EBADF));
    holds.push(fails(call(number::dup3, &[file, file, 0]), Errno::EINVAL));
    holds.push(fails(call(number::dup3, &[file, 78, 1]), Errno::EINVAL));
    holds.push(equal(call(number::dup3, &[file, 78, O_CLOEXEC]), Ok(78)));
    holds.push(equal(fcntl(78, 1, 0), Ok(1)));
    holds.push(equal(fcntl(file, 0, 80), Ok(80)));
    holds.push(equal(fcntl(file, 1030, 80), Ok(81)));
    holds.push(fails(fcntl(file, 0, 1 << 40), Errno::EINVAL).or(Ok(())));
    holds.push(fails(fcntl(file, 0, usize::MAX), Errno::EINVAL));
    holds.push(fails(fcntl(BAD, 1, 0), Errno::EBADF));
    holds.push(fails(fcntl(file, 9999, 0), Errno::EINVAL));
    // Status flags belong to the open file.
    holds.push(equal(fcntl(file, 4, O_NONBLOCK), Ok(0)));
    holds.push(equal(fcntl(copy, 3, 0).map(|flags| flags & (O_NONBLOCK | 3)), Ok(O_NONBLOCK | O_RDWR)));
    holds.push(equal(close(copy), Ok(0)));
    holds.push(fails(close(copy), Errno::EBADF));
    holds.push(equal(call(number::dup, &[file]), Ok(copy)));
    for slot in [77, 78, 80, 81, copy] {
        close(slot)?;
    }
    Ok(holds)
}

fn ranges(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    for slot in 90..95 {
        call(number::dup2, &[file, slot])?;
    }
    let close_range = |first: usize, last: usize, flags: usize| call(number::close_range, &[first, last, flags]);
    let flags_of = |slot: usize| call(number::fcntl, &[slot, 1, 0]);
    Ok(vec![
        equal(close_range(93, 94, 4), Ok(0)),
        equal(flags_of(93), Ok(1)),
        equal(flags_of(92), Ok(0)),
        equal(close_range(91, u32::MAX as usize, 0), Ok(0)),
        equal(flags_of(90), Ok(0)),
        fails(flags_of(91), Errno::EBADF),
        fails(flags_of(94), Errno::EBADF),
        fails(close_range(5, 4, 0), Errno::EINVAL),
        fails(close_range(95, 96, 64), Errno::EINVAL),
        equal(close(90), Ok(0)),
    ])
}

fn pipes(_: &Place) -> Result<Vec<Holds>> {
    let mut ends = [0i32; 2];
    let address = ends.as_mut_ptr() as usize;
    call(number::pipe2, &[address, O_NONBLOCK | O_CLOEXEC])?;
    let [reader, writer] = ends.map(|end| end as usize);
    let mut holds = vec![
        fails(read(reader, 1), Errno::EAGAIN),
        equal(write(writer, b"abc"), Ok(3)),
        fails(read(writer, 1), Errno::EBADF),
        fails(write(reader, b"x"), Errno::EBADF),
        fails(seek(reader, 0, 0), Errno::ESPIPE),
        fails(call(number::pread64, &[reader, address, 1, 0]), Errno::ESPIPE),
        fails(call(number::fadvise64, &[reader, 0, 0, 0]), Errno::ESPIPE),
        fails(call(number::ftruncate, &[writer, 0]), Errno::EINVAL),
        fails(call(number::fsync, &[reader]), Errno::EINVAL),
        equal(call(number::fcntl, &[reader, 1, 0]), Ok(1)),
        equal(read(reader, 2), Ok(b"ab".to_vec())),
        fails(call(number::pipe2, &[address, 1]), Errno::EINVAL),
        fails(call(number::pipe2, &[8, 0]), Errno::EFAULT),
    ];
    close(writer)?;
    holds.push(equal(read(reader, 5), Ok(b"c".to_vec())));
    holds.push(equal(read(reader, 5), Ok(vec![])));
    close(reader)?;
    call(number::pipe, &[address])?;
    let [reader, writer] = ends.map(|end| end as usize);
    close(reader)?;
    // SIGPIPE is ignored in Rust programs, so the error is seen.
    holds.push(fails(write(writer, b"x"), Errno::EPIPE));
    close(writer)?;
    Ok(holds)
}

fn names(_: &Place) -> Result<Vec<Holds>> {
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
        equal(unlinkat("full/name", AT_REMOVEDIR), Ok(0)),
        equal(on_path(number::mknod, "fifo", &[0o010644, 0]), Ok(0)),
        equal(stat("fifo")?.mode & 0o170000, 0o010000),
        fails(on_path(number::mknod, "fifo", &[0o010644, 0]), Errno::EEXIST),
        fails(on_path(number::mknod, "odd", &[0o170000, 0]), Errno::EINVAL),
    ])
}

fn links(_: &Place) -> Result<Vec<Holds>> {
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

fn attributes(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    call(number::symlink, &[text("file"), text("soft")])?;
    let mut holds = vec![
        equal(on_path(number::chmod, "file", &[0o4711]), Ok(0)),
        equal(stat("file")?.mode, 0o104711),
        equal(call(number::fchmod, &[file, 0o600]), Ok(0)),
        equal(stat("file")?.mode, 0o100600),
        fails(on_path(number::chmod, "none", &[0o600]), Errno::ENOENT),
        fails(call(number::fchmod, &[BAD, 0o600]), Errno::EBADF),
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
    holds.push(equal(fstatat(file, "", AT_EMPTY_PATH, &mut told), Ok(0)));
    holds.push(equal(told.inode, stat("file")?.inode));
    holds.push(fails(fstatat(file, "", 0, &mut told), Errno::ENOENT));
    holds.push(fails(fstatat(file, "", 0x40000, &mut told), Errno::EINVAL));
    holds.push(equal(fstatat(AT_FDCWD, "", AT_EMPTY_PATH, &mut told), Ok(0)));
    holds.push(equal(told.mode & 0o170000, 0o040000));
    Ok(holds)
}

fn removed(place: &Place) -> Result<Vec<Holds>> {
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

fn listings(_: &Place) -> Result<Vec<Holds>> {
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

fn copies(_: &Place) -> Result<Vec<Holds>> {
    let from = open("from", O_CREAT | O_RDWR)?;
    let to = open("to", O_CREAT | O_RDWR)?;
    let body: Vec<u8> = (0..200_000u32).map(|at| at as u8).collect();
    write(from, &body)?;
    let mut offset = 10i64;
    let address = &raw mut offset as usize;
    let mut holds = vec![equal(call(number::sendfile, &[to, from, address, 1000]), Ok(1000)), equal(offset, 1010)];
    holds.push(equal(seek(from, 0, 1), Ok(200_000)));
    holds.push(equal(call(number::sendfile, &[to, from, 0, 1000]), Ok(0)));
    seek(from, 0, 0)?;
    holds.push(equal(call(number::copy_file_range, &[from, 0, to, 0, 150_000, 0]), Ok(150_000)));
    holds.push(equal(stat("to")?.size, 151_000));
    seek(to, 0, 0)?;
    let copied =
        std::iter::from_fn(|| read(to, 65536).ok().filter(|piece| !piece.is_empty())).flatten().collect::<Vec<u8>>();
    holds.push(equal(copied[..1000] == body[10..1010] && copied[1000..] == body[..150_000], true));
    holds.push(fails(call(number::copy_file_range, &[from, 0, to, 0, 1, 1]), Errno::EINVAL));
    let directory = open(".", O_DIRECTORY)?;
    holds.push(fails(call(number::sendfile, &[to, directory, 0, 1]), Errno::EINVAL));
    holds.push(fails(call(number::sendfile, &[BAD, from, 0, 1]), Errno::EBADF));
    Ok(holds)
}

/// Runs `body` in a child; whether it answered true.
fn in_child(body: impl FnOnce() -> bool) -> Result<bool> {
    let failed = |_| Errno::EIO;
    let child = trials::child::fork(|| i32::from(!body())).map_err(failed)?;
    let (_, status) = trials::child::wait(child, 0).map_err(failed)?;
    Ok(status == 0)
}

fn record(kind: i16, start: i64, length: i64) -> Flock {
    Flock { kind, start, length, ..Flock::default() }
}

fn record_locks(_: &Place) -> Result<Vec<Holds>> {
    let file = open("file", O_CREAT | O_RDWR)?;
    let set = |slot: usize, command: usize, mut lock: Flock| {
        call(number::fcntl, &[slot, command, &raw mut lock as usize]).map(|_| lock)
    };
    set(file, 6, record(1, 10, 10))?;
    let parent = std::process::id() as i32;
    let mut holds = vec![equal(
        in_child(|| {
            let conflict = set(file, 5, record(0, 0, 0)).map(|lock| (lock.kind, lock.start, lock.length, lock.pid));
            conflict == Ok((1, 10, 10, parent))
                && set(file, 6, record(0, 15, 1)) == Err(Errno::EAGAIN)
                && set(file, 6, record(1, 20, 5)).is_ok()
                && set(file, 5, record(1, 0, 10)).map(|lock| lock.kind) == Ok(2)
        }),
        Ok(true),
    )];
    // Closing any slot with the file gives the locks up.
    close(call(number::dup, &[file])?)?;
    holds.push(equal(in_child(|| set(file, 6, record(1, 0, 0)).is_ok()), Ok(true)));
    let reader = open("file", 0)?;
    holds.push(fails(set(reader, 6, record(1, 0, 0)).map(drop), Errno::EBADF));
    holds.push(fails(set(file, 6, record(9, 0, 0)).map(drop), Errno::EINVAL));
    holds.push(fails(set(file, 6, record(0, -5, 1)).map(drop), Errno::EINVAL));
    holds.push(fails(set(BAD, 6, record(0, 0, 1)).map(drop), Errno::EBADF));
    Ok(holds)
}

fn whole_locks(_: &Place) -> Result<Vec<Holds>> {
    let first = open("file", O_CREAT | O_RDWR)?;
    let second = open("file", O_RDWR)?;
    let flock = |slot: usize, operation: usize| call(number::flock, &[slot, operation]);
    let holds = vec![
        equal(flock(first, 1), Ok(0)),
        equal(flock(second, 1 | 4), Ok(0)),
        fails(flock(second, 2 | 4), Errno::EAGAIN),
        equal(flock(first, 8), Ok(0)),
        equal(flock(second, 2 | 4), Ok(0)),
        fails(flock(first, 1 | 4), Errno::EAGAIN),
        equal(close(second), Ok(0)),
        equal(flock(first, 2 | 4), Ok(0)),
        fails(flock(first, 77), Errno::EINVAL),
        fails(flock(BAD, 1), Errno::EBADF),
    ];
    Ok(holds)
}

fn path_only(_: &Place) -> Result<Vec<Holds>> {
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
        equal(openat(directory, "file", 0).is_ok(), true),
        equal(call(number::readlinkat, &[link, text(""), buffer.as_mut_ptr() as usize, 16]), Ok(4)),
        equal(call(number::fchdir, &[directory]), Ok(0)),
        equal(call(number::fcntl, &[file, 3, 0]).map(|flags| flags & O_PATH), Ok(O_PATH)),
    ])
}
