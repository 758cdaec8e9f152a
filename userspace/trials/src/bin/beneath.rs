//! Paths that stay beneath a directory: openat2's limits, and directory slots of a process without a file tree of its own,
//! also while others move the directories about. `beneath [rounds N]`.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use abi::Errno;
use abi::table::number;
use libc::{O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_WRONLY};
use trials::child::in_child;
use trials::raw::{AT_FDCWD, call, close, fails, open, open_at, text, works};
use trials::{Holds, Report, child, number_argument};

const NO_XDEV: u64 = 1;
const NO_MAGICLINKS: u64 = 2;
const NO_SYMLINKS: u64 = 4;
const BENEATH: u64 = 8;
const IN_ROOT: u64 = 16;

/// How many threads try to get out at once.
const THREADS: usize = 4;

fn main() -> ExitCode {
    let here = format!("/tmp/beneath-{}", std::process::id());
    let mut report = Report::new();
    if let Err(error) = make_tree(&here) {
        eprintln!("FAILED making the tree: {error}");
        return ExitCode::FAILURE;
    }
    report.check("openat2 stays beneath where it must", in_child(|| limits(&here)));
    report.check("openat2 takes the directory for the root", in_child(|| in_root(&here)));
    report.check("openat2 follows no links where it must not", in_child(|| links(&here)));
    report.check("openat2 does not get out of a moving directory", in_child(|| race(&here, try_beneath, || Ok(()))));
    if tessera::system::is_tessera() {
        report.check("without a file tree, slots lead no further than beneath", in_child(|| capability_mode(&here)));
        report.check("every call stays beneath a slot", in_child(|| every_call(&here)));
        report.check("slots do not lead out of a moving directory", in_child(|| race(&here, try_contained, enter)));
    }
    let _ = fs::remove_dir_all(&here);
    report.finish()
}

/// `cage/file`, `cage/sub/deep/`, links out of the cage, and `secret` on every level above it.
fn make_tree(here: &str) -> std::io::Result<()> {
    fs::create_dir_all(format!("{here}/world/cage/sub/deep"))?;
    fs::write(format!("{here}/world/cage/file"), "file")?;
    for secret in ["secret", "world/secret"] {
        fs::write(format!("{here}/{secret}"), "secret")?;
    }
    let link = |target: &str, name: &str| symlink(target, format!("{here}/world/cage/{name}"));
    link("../secret", "out")?;
    link(&format!("{here}/secret"), "absolute")?;
    link("/file", "rooted")?;
    link("sub/../file", "inside")?;
    link(&format!("{here}/new"), "dangling")
}

fn cage(here: &str) -> Result<usize, String> {
    open(&format!("{here}/world/cage"), O_RDONLY | O_DIRECTORY).map_err(|errno| errno.to_string())
}

fn open_within(directory: usize, path: &str, resolve: u64) -> abi::Result<usize> {
    let how = [O_RDONLY as u64, 0, resolve];
    call(number::openat2, &[directory, text(path), how.as_ptr() as usize, size_of_val(&how)])
}

fn limits(here: &str) -> Holds {
    let cage = cage(here)?;
    for path in ["file", "sub/../file", "inside", "sub/deep/../../file", "./file"] {
        works(open_within(cage, path, BENEATH)).map_err(|why| format!("{path}: {why}"))?;
    }
    for path in ["..", "../cage/file", "sub/../../secret", "out", "absolute", "/", "dangling", "sub/deep/../../.."] {
        fails(open_within(cage, path, BENEATH), Errno::EXDEV).map_err(|why| format!("{path}: {why}"))?;
    }
    fails(open_within(cage, "none/../../secret", BENEATH), Errno::ENOENT)?;
    fails(open_within(cage, "file", BENEATH | IN_ROOT), Errno::EINVAL)?;
    fails(open_within(cage, "file", 1 << 20), Errno::EINVAL)
}

fn in_root(here: &str) -> Holds {
    let cage = cage(here)?;
    for path in ["/file", "rooted", "../file", "../../../file", "sub/../../../file", "/sub/deep/../../../file"] {
        works(open_within(cage, path, IN_ROOT)).map_err(|why| format!("{path}: {why}"))?;
    }
    for path in ["absolute", "out", "/secret", "../secret"] {
        fails(open_within(cage, path, IN_ROOT), Errno::ENOENT).map_err(|why| format!("{path}: {why}"))?;
    }
    Ok(())
}

fn links(here: &str) -> Holds {
    let cage = cage(here)?;
    fails(open_within(cage, "inside", NO_SYMLINKS), Errno::ELOOP)?;
    works(open_within(cage, "file", NO_SYMLINKS))?;
    works(open_within(cage, "inside", NO_MAGICLINKS))?;
    let own = format!("/proc/self/fd/{cage}");
    fails(open_within(AT_FDCWD, &own, NO_MAGICLINKS), Errno::ELOOP)?;
    fails(open_within(AT_FDCWD, &own, NO_SYMLINKS), Errno::ELOOP)?;
    works(open_within(AT_FDCWD, &own, 0))?;
    let proc = open("/proc/self", O_PATH | O_DIRECTORY).map_err(|errno| errno.to_string())?;
    fails(open_within(proc, "cwd", BENEATH), Errno::EXDEV)?;
    fails(open_within(AT_FDCWD, "/proc/self", NO_XDEV), Errno::EXDEV)
}

fn enter() -> Holds {
    works(call(number::cap_enter, &[]))
}

fn capability_mode(here: &str) -> Holds {
    let cage = cage(here)?;
    enter()?;
    for path in ["file", "sub/../file", "inside", "sub/deep/../../file", "."] {
        works(open_at(cage, path, O_RDONLY)).map_err(|why| format!("{path}: {why}"))?;
    }
    for path in ["..", "../cage/file", "sub/../../secret", "out", "absolute", "rooted", "/", "/proc/self", "dangling"] {
        fails(open_at(cage, path, O_RDONLY), Errno::ENOTCAPABLE).map_err(|why| format!("{path}: {why}"))?;
    }
    fails(open_at(cage, "dangling", O_WRONLY | O_CREAT), Errno::ENOTCAPABLE)?;
    fails(open(&format!("{here}/secret"), O_RDONLY), Errno::ECAPMODE)?;
    fails(open("file", O_RDONLY), Errno::ECAPMODE)?;
    fails(call(number::chdir, &[text("/")]), Errno::ECAPMODE)?;
    // What was asked for beside it still counts.
    fails(open_within(cage, "inside", NO_SYMLINKS), Errno::ELOOP)?;
    let sub = open_at(cage, "sub", O_RDONLY | O_DIRECTORY).map_err(|errno| errno.to_string())?;
    fails(open_at(sub, "../file", O_RDONLY), Errno::ENOTCAPABLE)
}

fn every_call(here: &str) -> Holds {
    let cage = cage(here)?;
    enter()?;
    let memory = vec![0_u8; 4096];
    let memory = memory.as_ptr() as usize;
    for path in ["../secret", "sub/../../secret", "out/x", "/secret"] {
        let path = text(path);
        let inside = text("file");
        let calls: &[(u64, &[usize])] = &[
            (number::openat, &[cage, path, 0]),
            (number::mkdirat, &[cage, path, 0o700]),
            (number::mknodat, &[cage, path, libc::S_IFIFO as usize | 0o600, 0]),
            (number::fchownat, &[cage, path, 0, 0, 0]),
            (number::futimesat, &[cage, path, 0]),
            (number::newfstatat, &[cage, path, memory, 0]),
            (number::unlinkat, &[cage, path, 0]),
            (number::renameat, &[cage, path, cage, inside]),
            (number::renameat, &[cage, inside, cage, path]),
            (number::linkat, &[cage, path, cage, text("new"), 0]),
            (number::linkat, &[cage, inside, cage, path, 0]),
            (number::symlinkat, &[inside, cage, path]),
            (number::readlinkat, &[cage, path, memory, 64]),
            (number::fchmodat, &[cage, path, 0o600]),
            (number::faccessat, &[cage, path, 0]),
            (number::utimensat, &[cage, path, 0, 0]),
            (number::renameat2, &[cage, path, cage, inside, 2]),
            (number::statx, &[cage, path, 0, 0xfff, memory]),
            (number::execveat, &[cage, path, 0, 0, 0]),
        ];
        for (number, words) in calls {
            fails(call(*number, words), Errno::ENOTCAPABLE).map_err(|why| format!("call {number}: {why}"))?;
        }
    }
    Ok(())
}

/// What must never lead to a secret, whatever moves meanwhile.
const TRIES: [&str; 4] = ["sub/../secret", "sub/deep/../../secret", "sub/../../secret", "sub/deep/../../../secret"];

fn try_beneath(cage: usize, path: &str) -> abi::Result<usize> {
    open_within(cage, path, BENEATH)
}

fn try_contained(cage: usize, path: &str) -> abi::Result<usize> {
    open_at(cage, path, O_RDONLY)
}

/// Another process moves a directory out of the cage and back, while threads, after `before`, go through it and up.
fn race(here: &str, attempt: fn(usize, &str) -> abi::Result<usize>, before: fn() -> Holds) -> Holds {
    let rounds = number_argument("rounds", 3000) as usize;
    let cage = cage(here)?;
    let (inside, outside) = (format!("{here}/world/cage/sub"), format!("{here}/world/sub"));
    let mover = child::fork(|| {
        loop {
            let moved = fs::rename(&inside, &outside).and_then(|()| fs::rename(&outside, &inside));
            if moved.is_err() {
                return 1;
            }
        }
    })
    .map_err(|error| error.to_string())?;
    before()?;
    let (found, met, escaped) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 0..rounds {
                    match attempt(cage, TRIES[round % TRIES.len()]) {
                        Ok(slot) => {
                            found.fetch_add(1, Ordering::Relaxed);
                            let _ = close(slot);
                        }
                        Err(Errno::ENOENT) => _ = met.fetch_add(1, Ordering::Relaxed),
                        Err(Errno::EXDEV | Errno::ENOTCAPABLE | Errno::EAGAIN) => {
                            escaped.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(errno) => eprintln!("another error: {errno}"),
                    }
                }
            });
        }
    });
    let (found, met, escaped) = (found.into_inner(), met.into_inner(), escaped.into_inner());
    eprintln!("{met} not found, {escaped} refused, {found} found");
    stop(mover, &inside, &outside)?;
    if found == 0 && met + escaped == THREADS * rounds { Ok(()) } else { Err(format!("{found} times out")) }
}

/// Ends the mover. In capability mode nobody can be signalled; then it goes with the trial's end, which `main` sees to.
fn stop(mover: i32, inside: &str, outside: &str) -> Holds {
    if child::kill(mover, libc::SIGKILL).is_ok() {
        child::wait(mover, 0).map_err(|error| error.to_string())?;
        if fs::metadata(inside).is_err() {
            fs::rename(outside, inside).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}
