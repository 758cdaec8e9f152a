//! Files: names, links, renames, permissions, times, contents and mappings, as POSIX and Linux have them.

#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]
#![allow(clippy::expect_used, reason = "a trial without its scratch directory has nothing to try")]

mod memory;

use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trials::{Holds, Report};

fn main() -> ExitCode {
    let here = PathBuf::from(format!("/tmp/file-system-{}", std::process::id()));
    fs::create_dir(&here).expect("a directory of one's own");
    std::env::set_current_dir(&here).expect("going there");
    let mut report = Report::new();
    report.check("contents are kept, with holes", contents());
    report.check("appending goes to the end", appending());
    report.check("names and links are counted", links());
    report.check("renames follow the rules", renames());
    report.check("exchanges and renames that must not replace", rename_flags());
    report.check("directories know their place", places());
    report.check("removed files live until they are closed", removed_files());
    report.check("large directories are listed whole", listings());
    report.check("links lead where they say, or nowhere", symbolic_links());
    report.check("openings are refused as they must be", openings());
    report.check("times are kept", times());
    report.check("permissions bind those without privilege", permissions());
    report.check("a sticky directory protects its files", sticky());
    report.check("shared mappings are the file", memory::mappings());
    report.check("memory files are files", memory::memory_files());
    report.check("unnamed files can be given names", memory::unnamed_files());
    let _ = std::env::set_current_dir("/");
    let _ = fs::remove_dir_all(here);
    report.finish()
}

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

/// Errors of the calls on the way are failures.
pub(crate) fn holding(body: impl FnOnce() -> Outcome) -> Holds {
    body().map_err(|error| error.to_string())
}

pub(crate) fn ensure(condition: bool, what: &str) -> Outcome {
    if condition { Ok(()) } else { Err(what.into()) }
}

/// The error number of a call that must fail.
fn errno<T>(result: std::io::Result<T>) -> i32 {
    result.err().and_then(|error| error.raw_os_error()).unwrap_or(0)
}

pub(crate) fn call(result: libc::c_int) -> std::io::Result<i32> {
    if result < 0 { Err(std::io::Error::last_os_error()) } else { Ok(result) }
}

pub(crate) fn path(name: &str) -> CString {
    CString::new(name).unwrap_or_default()
}

fn contents() -> Holds {
    holding(|| {
        let mut file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open("contents")?;
        file.write_all(b"start")?;
        file.write_all_at(b"far", 100_000)?;
        let mut all = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.read_to_end(&mut all)?;
        ensure(all.len() == 100_003 && &all[..5] == b"start" && &all[100_000..] == b"far", "what was written")?;
        ensure(all[5..100_000].iter().all(|byte| *byte == 0), "the hole")?;
        ensure(file.metadata()?.blocks() * 512 < 50_000, "blocks of a file with a hole")?;
        file.set_len(3)?;
        file.set_len(10)?;
        ensure(fs::read("contents")? == b"sta\0\0\0\0\0\0\0", "cut and grown")?;
        ensure(errno(file.seek(SeekFrom::Current(-1_000_000))) == libc::EINVAL, "seeking before the start")?;
        Ok(())
    })
}

fn appending() -> Holds {
    holding(|| {
        let mut one = OpenOptions::new().create(true).append(true).open("appended")?;
        let mut other = OpenOptions::new().append(true).open("appended")?;
        one.write_all(b"a")?;
        other.write_all(b"b")?;
        one.write_all(b"c")?;
        ensure(fs::read("appended")? == b"abc", "order")
    })
}

fn links() -> Holds {
    holding(|| {
        fs::write("first", "x")?;
        fs::hard_link("first", "second")?;
        let (first, second) = (fs::metadata("first")?, fs::metadata("second")?);
        ensure(first.ino() == second.ino() && first.nlink() == 2, "one inode, two names")?;
        ensure(errno(fs::hard_link("first", "second")) == libc::EEXIST, "taken name")?;
        ensure(errno(fs::hard_link(".", "directory")) == libc::EPERM, "link to a directory")?;
        fs::remove_file("first")?;
        ensure(fs::metadata("second")?.nlink() == 1, "one name left")?;
        fs::create_dir_all("d/e/f")?;
        ensure(fs::metadata("d")?.nlink() == 3 && fs::metadata("d/e/f")?.nlink() == 2, "links of directories")?;
        ensure(errno(fs::remove_dir("d/e")) == libc::ENOTEMPTY, "full directory")?;
        ensure(errno(fs::remove_file("d")) == libc::EISDIR, "unlinking a directory")?;
        ensure(errno(fs::remove_dir("second")) == libc::ENOTDIR, "rmdir of a file")?;
        ensure(errno(fs::create_dir("d/e")) == libc::EEXIST, "directory that exists")?;
        Ok(fs::remove_dir_all("d")?)
    })
}

fn renames() -> Holds {
    holding(|| {
        fs::create_dir_all("r/a/b")?;
        fs::write("r/file", "1")?;
        fs::write("r/other", "2")?;
        fs::rename("r/file", "r/other")?;
        ensure(fs::read("r/other")? == b"1" && !Path::new("r/file").exists(), "over a file")?;
        ensure(errno(fs::rename("r/a", "r/a/b/c")) == libc::EINVAL, "into itself")?;
        ensure(errno(fs::rename("r/a/b", "r/a")) == libc::ENOTEMPTY, "over its parent")?;
        ensure(errno(fs::rename("r/other", "r/a")) == libc::EISDIR, "file over directory")?;
        ensure(errno(fs::rename("r/a", "r/other")) == libc::ENOTDIR, "directory over file")?;
        ensure(errno(fs::rename("r/none", "r/x")) == libc::ENOENT, "missing")?;
        ensure(errno(fs::rename("r/a/.", "r/x")) == libc::EBUSY, "dot")?;
        fs::create_dir("r/empty")?;
        fs::rename("r/a", "r/empty")?;
        ensure(Path::new("r/empty/b").is_dir() && !Path::new("r/a").exists(), "over an empty directory")?;
        fs::hard_link("r/other", "r/same")?;
        fs::rename("r/other", "r/same")?;
        ensure(Path::new("r/other").exists(), "both names of one file stay")?;
        Ok(fs::remove_dir_all("r")?)
    })
}

fn rename_flags() -> Holds {
    let rename = |old: &str, new: &str, flags: u32| {
        let (old, new) = (path(old), path(new));
        // SAFETY: both are strings.
        let result = unsafe {
            libc::syscall(libc::SYS_renameat2, libc::AT_FDCWD, old.as_ptr(), libc::AT_FDCWD, new.as_ptr(), flags)
        };
        call(result as i32)
    };
    holding(|| {
        fs::create_dir_all("x/dir/inner")?;
        fs::write("x/file", "f")?;
        rename("x/dir", "x/file", libc::RENAME_EXCHANGE)?;
        ensure(Path::new("x/file/inner").is_dir() && fs::read("x/dir")? == b"f", "exchanged")?;
        ensure(errno(rename("x/file", "x/none", libc::RENAME_EXCHANGE)) == libc::ENOENT, "nothing to exchange with")?;
        ensure(errno(rename("x/file", "x/file/inner", libc::RENAME_EXCHANGE)) == libc::EINVAL, "with its own child")?;
        ensure(errno(rename("x/file", "x/dir", libc::RENAME_NOREPLACE)) == libc::EEXIST, "no replacing")?;
        rename("x/file", "x/new", libc::RENAME_NOREPLACE)?;
        let both = libc::RENAME_NOREPLACE | libc::RENAME_EXCHANGE;
        ensure(errno(rename("x/new", "x/dir", both)) == libc::EINVAL, "both flags")?;
        Ok(fs::remove_dir_all("x")?)
    })
}

fn places() -> Holds {
    holding(|| {
        let home = std::env::current_dir()?;
        fs::create_dir_all("p/q")?;
        std::env::set_current_dir("p/q")?;
        fs::rename(home.join("p"), home.join("moved"))?;
        ensure(std::env::current_dir()? == home.join("moved/q"), "the place of a moved directory")?;
        ensure(fs::metadata("..")?.ino() == fs::metadata(home.join("moved"))?.ino(), "its parent")?;
        fs::remove_dir(home.join("moved/q"))?;
        ensure(errno(std::env::current_dir()) == libc::ENOENT, "the place of a removed directory")?;
        ensure(errno(File::create("late")) == libc::ENOENT, "a file in a removed directory")?;
        std::env::set_current_dir(&home)?;
        Ok(fs::remove_dir("moved")?)
    })
}

fn removed_files() -> Holds {
    holding(|| {
        fs::write("removed", "still here")?;
        let mut file = File::open("removed")?;
        fs::remove_file("removed")?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        ensure(text == "still here" && file.metadata()?.nlink() == 0, "contents and links")?;
        let shown = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        ensure(shown.to_string_lossy().ends_with("/removed (deleted)"), "its name in /proc")
    })
}

fn listings() -> Holds {
    const COUNT: usize = 3000;
    holding(|| {
        fs::create_dir("many")?;
        for index in 0..COUNT {
            File::create(format!("many/entry-with-a-rather-long-name-{index}"))?;
        }
        let mut names: Vec<_> =
            fs::read_dir("many")?.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
        names.sort();
        names.dedup();
        ensure(names.len() == COUNT, "names listed")?;
        // Removing while listing: what is not removed is seen.
        for entry in fs::read_dir("many")? {
            fs::remove_file(entry?.path())?;
        }
        Ok(fs::remove_dir("many")?)
    })
}

fn symbolic_links() -> Holds {
    holding(|| {
        fs::create_dir("s")?;
        fs::write("s/target", "t")?;
        symlink("target", "s/link")?;
        symlink("loop2", "s/loop1")?;
        symlink("loop1", "s/loop2")?;
        symlink("nowhere", "s/broken")?;
        ensure(fs::read("s/link")? == b"t" && fs::read_link("s/link")? == Path::new("target"), "followed and read")?;
        ensure(fs::symlink_metadata("s/link")?.len() == 6, "length of a link")?;
        ensure(errno(fs::read("s/loop1")) == libc::ELOOP, "a circle")?;
        ensure(errno(fs::read("s/broken")) == libc::ENOENT, "a link to nothing")?;
        fs::write("s/broken", "made")?;
        ensure(fs::read("s/nowhere")? == b"made", "made through a link")?;
        ensure(errno(fs::create_dir("s/link")) == libc::EEXIST, "mkdir on a link")?;
        ensure(errno(fs::read("s/target/")) == libc::ENOTDIR, "a file with a slash")?;
        ensure(errno(fs::read("s/link/x")) == libc::ENOTDIR, "beneath a file")?;
        ensure(errno(fs::read("x".repeat(256))) == libc::ENAMETOOLONG, "a long name")?;
        ensure(errno(fs::read("x/".repeat(2100))) == libc::ENAMETOOLONG, "a long path")?;
        Ok(fs::remove_dir_all("s")?)
    })
}

fn openings() -> Holds {
    holding(|| {
        fs::write("opened", "o")?;
        let open = |flags| errno(OpenOptions::new().read(true).custom_flags(flags).open("opened"));
        ensure(open(libc::O_DIRECTORY) == libc::ENOTDIR, "O_DIRECTORY on a file")?;
        ensure(errno(OpenOptions::new().write(true).create_new(true).open("opened")) == libc::EEXIST, "O_EXCL")?;
        ensure(errno(OpenOptions::new().write(true).open(".")) == libc::EISDIR, "writing a directory")?;
        ensure(errno(File::open("missing")) == libc::ENOENT && errno(File::open("")) == libc::ENOENT, "nothing")?;
        symlink("opened", "opened-link")?;
        let through = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open("opened-link");
        ensure(errno(through) == libc::ELOOP, "O_NOFOLLOW")?;
        let file = File::open("opened")?;
        ensure(errno((&file).write(b"x")) == libc::EBADF, "writing what was opened for reading")?;
        let name = path("opened");
        // SAFETY: a string and flags. (`OpenOptions` takes O_PATH for an access mode where libc is musl.)
        let slot = call(unsafe { libc::open(name.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) })?;
        // SAFETY: the slot was just made and is nobody else's.
        let path_only = unsafe { <File as std::os::fd::FromRawFd>::from_raw_fd(slot) };
        ensure(errno((&path_only).read(&mut [0])) == libc::EBADF, "reading what was opened with O_PATH")?;
        ensure(path_only.metadata()?.len() == 1, "attributes through O_PATH")?;
        let again = File::open(format!("/proc/self/fd/{}", path_only.as_raw_fd()))?;
        ensure(again.metadata()?.len() == 1, "opened again through /proc")
    })
}

fn times() -> Holds {
    holding(|| {
        let file = File::create("timed")?;
        let times = [libc::timespec { tv_sec: 1000, tv_nsec: 7 }, libc::timespec { tv_sec: 2000, tv_nsec: 9 }];
        // SAFETY: two times, as the call wants them.
        call(unsafe { libc::futimens(file.as_raw_fd(), times.as_ptr()) })?;
        let shown = file.metadata()?;
        ensure(
            (shown.atime(), shown.atime_nsec(), shown.mtime(), shown.mtime_nsec()) == (1000, 7, 2000, 9),
            "set times",
        )?;
        ensure(shown.ctime() > 1_700_000_000, "the change itself")?;
        let wrong = [libc::timespec { tv_sec: 0, tv_nsec: 1_000_000_000 }; 2];
        // SAFETY: two times, wrong ones.
        let refused = call(unsafe { libc::futimens(file.as_raw_fd(), wrong.as_ptr()) });
        ensure(errno(refused) == libc::EINVAL, "wrong times")?;
        (&file).write_all(b"now")?;
        ensure(file.metadata()?.mtime() > 1_700_000_000, "writing stamps")
    })
}

/// Runs `body` in a child that is user and group 1000.
fn unprivileged(body: impl FnOnce() -> Outcome) -> Outcome {
    // SAFETY: the process has one thread.
    match call(unsafe { libc::fork() })? {
        0 => {
            // SAFETY: plain numbers.
            let is_dropped = unsafe {
                libc::setgroups(0, std::ptr::null()) == 0 && libc::setgid(1000) == 0 && libc::setuid(1000) == 0
            };
            let outcome = if is_dropped { body() } else { Err("dropping privilege".into()) };
            if let Err(error) = &outcome {
                eprintln!("unprivileged: {error}");
            }
            std::process::exit(i32::from(outcome.is_err()))
        }
        child => {
            let mut status = 0;
            // SAFETY: `status` is a place for the answer.
            call(unsafe { libc::waitpid(child, &mut status, 0) })?;
            ensure(status == 0, "the unprivileged child")
        }
    }
}

fn permissions() -> Holds {
    holding(|| {
        fs::create_dir("secret")?;
        fs::write("secret/file", "s")?;
        fs::write("plain", "p")?;
        fs::set_permissions("secret", fs::Permissions::from_mode(0o700))?;
        fs::set_permissions("plain", fs::Permissions::from_mode(0o644))?;
        fs::set_permissions(".", fs::Permissions::from_mode(0o755))?;
        unprivileged(|| {
            ensure(errno(fs::read("secret/file")) == libc::EACCES, "searching")?;
            ensure(errno(fs::read_dir("secret")) == libc::EACCES, "listing")?;
            ensure(fs::read("plain")? == b"p", "reading what may be read")?;
            ensure(errno(fs::write("plain", "x")) == libc::EACCES, "writing")?;
            ensure(errno(File::create("new")) == libc::EACCES, "making")?;
            ensure(errno(fs::remove_file("plain")) == libc::EACCES, "removing")?;
            ensure(
                errno(fs::set_permissions("plain", fs::Permissions::from_mode(0o777))) == libc::EPERM,
                "changing a mode",
            )?;
            let name = path("plain");
            // SAFETY: a string and numbers.
            ensure(errno(call(unsafe { libc::chown(name.as_ptr(), 1000, 1000) })) == libc::EPERM, "changing an owner")?;
            // SAFETY: a string and a number.
            ensure(errno(call(unsafe { libc::access(name.as_ptr(), libc::W_OK) })) == libc::EACCES, "access")
        })?;
        // SAFETY: a number.
        let old = unsafe { libc::umask(0o027) };
        let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o666).open("masked")?;
        // SAFETY: a number.
        unsafe { libc::umask(old) };
        ensure(made.metadata()?.mode() & 0o7777 == 0o640, "umask")
    })
}

fn sticky() -> Holds {
    holding(|| {
        fs::create_dir("sticky")?;
        fs::set_permissions("sticky", fs::Permissions::from_mode(0o1777))?;
        fs::write("sticky/theirs", "t")?;
        unprivileged(|| {
            ensure(errno(fs::remove_file("sticky/theirs")) == libc::EPERM, "removing another's")?;
            ensure(errno(fs::rename("sticky/theirs", "sticky/mine")) == libc::EPERM, "renaming another's")?;
            fs::write("sticky/own", "o")?;
            Ok(fs::remove_file("sticky/own")?)
        })
    })
}
