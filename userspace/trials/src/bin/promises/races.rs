//! Threads that race with a pledge: once it has returned, nothing that it took is used any more, by whichever thread.
//!
//! What a thread did is seen from outside: it makes directories, and each raises the link count of the one around them.
//! A call that went on after the pledge would raise it later than the pledge returned.

use crate::Case;
use std::ffi::CString;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU32};
use trials::child::{doze, own_id};
use trials::pledged::{Ended, REFUSED, child, code, ends, pledge};
use trials::{Holds, all, number_argument};

pub const CASES: &[Case] = &[
    ("a thread in the middle of a call has left it when a pledge returns", spinning),
    ("threads begun meanwhile are bound too", beginning),
    ("blocked calls begin anew under the pledge", blocked),
    ("threads that pledge at once do not wait for each other", mutual),
    ("pledging while others fork leaves no child with more", forking),
    ("pledging while another thread executes binds the program or comes too late", executing),
];

/// How often each race is run.
fn rounds() -> u64 {
    number_argument("--rounds", 20)
}

/// A directory whose entries are counted through its slot.
struct Yard {
    path: String,
    slot: OwnedFd,
    made: AtomicU32,
}

impl Yard {
    fn new(name: &str) -> Result<Self, String> {
        let path = format!("/tmp/promises.{}.{name}", own_id());
        let opened = fs::create_dir(&path).and_then(|()| fs::File::open(&path));
        Ok(Self { path, slot: opened.map_err(|error| error.to_string())?.into(), made: AtomicU32::new(0) })
    }

    /// Makes one more directory.
    fn make(&self) -> i64 {
        let mut name = *b"................\0";
        let mut number = self.made.fetch_add(1, SeqCst);
        for digit in name[..16].iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        // SAFETY: the name ends in NUL.
        i64::from(unsafe { libc::mkdirat(self.slot.as_raw_fd(), name.as_ptr().cast(), 0o700) })
    }

    fn count(&self) -> u64 {
        // SAFETY: all zeros is a valid value, and the place is valid.
        unsafe {
            let mut stat: libc::stat = std::mem::zeroed();
            libc::fstat(self.slot.as_raw_fd(), &mut stat);
            stat.st_nlink
        }
    }

    /// Whether nothing more is made from now on.
    fn is_quiet(&self) -> bool {
        let now = self.count();
        for _ in 0..50 {
            std::thread::yield_now();
            if self.count() != now {
                return false;
            }
        }
        doze(2);
        self.count() == now
    }
}

impl Drop for Yard {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Runs a race in children, round after round, each with a yard of its own.
fn race(name: &str, body: impl Fn(&'static Yard) -> i32) -> Holds {
    for _ in 0..rounds() {
        let yard: &'static Yard = Box::leak(Box::new(Yard::new(name)?));
        let found = ends(child(|| body(yard)), Ended::With(0));
        let _ = fs::remove_dir_all(&yard.path);
        found?;
    }
    Ok(())
}

/// Begins threads that make directories until they may not any more.
fn begin_makers(yard: &'static Yard, count: usize) {
    static READY: AtomicU32 = AtomicU32::new(0);
    for _ in 0..count {
        std::thread::spawn(|| {
            READY.fetch_add(1, SeqCst);
            while yard.make() == 0 {}
        });
    }
    while (READY.load(SeqCst) as usize) < count {
        std::thread::yield_now();
    }
    while yard.count() < 20 {
        std::thread::yield_now();
    }
}

fn spinning() -> Holds {
    race("spinning", |yard| {
        begin_makers(yard, 3);
        if pledge(Some("stdio error"), None).is_err() {
            return 99;
        }
        i32::from(!yard.is_quiet()) + if code(yard.make()) == REFUSED { 0 } else { 2 }
    })
}

fn beginning() -> Holds {
    race("beginning", |yard| {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        std::thread::spawn(|| {
            loop {
                let begun = std::thread::Builder::new().stack_size(64 << 10).spawn(|| {
                    STARTED.fetch_add(1, SeqCst);
                    yard.make();
                });
                let _ = begun.map(std::thread::JoinHandle::join);
            }
        });
        while STARTED.load(SeqCst) < 5 {
            std::thread::yield_now();
        }
        if pledge(Some("stdio error"), None).is_err() {
            return 99;
        }
        i32::from(!yard.is_quiet())
    })
}

fn blocked() -> Holds {
    race("blocked", |yard| {
        static DONE: AtomicBool = AtomicBool::new(false);
        let path = CString::new(format!("{}/fifo", yard.path)).unwrap_or_default();
        // SAFETY: the path ends in NUL.
        unsafe { libc::mkfifo(path.as_ptr(), 0o600) };
        let opener = path.clone();
        let thread = std::thread::spawn(move || {
            DONE.store(false, SeqCst);
            // SAFETY: the path ends in NUL. Nobody writes, so this waits.
            let result = code(i64::from(unsafe { libc::open(opener.as_ptr(), libc::O_RDONLY) }));
            DONE.store(true, SeqCst);
            result
        });
        doze(2);
        if DONE.load(SeqCst) || pledge(Some("stdio error"), None).is_err() {
            return 99;
        }
        i32::from(thread.join().unwrap_or(98) != REFUSED)
    })
}

fn mutual() -> Holds {
    race("mutual", |_| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    let words = ["stdio rpath wpath cpath", "stdio rpath wpath", "stdio rpath", "stdio"];
                    // Another may have gone further already.
                    words.iter().filter(|words| pledge(Some(words), None).is_ok()).count()
                })
            })
            .collect();
        let last_worked = threads.into_iter().map(|thread| thread.join().unwrap_or(0)).all(|count| count >= 1);
        i32::from(!last_worked)
    })
}

fn forking() -> Holds {
    race("forking", |yard| {
        static FORKED: AtomicU32 = AtomicU32::new(0);
        static PLEDGED: AtomicBool = AtomicBool::new(false);
        static WRONG: AtomicBool = AtomicBool::new(false);
        let forker = std::thread::spawn(|| {
            loop {
                let is_late = PLEDGED.load(SeqCst);
                // A child begun after the pledge has it; one begun before may have made its directory.
                let found = child(|| if is_late && yard.make() == 0 { 1 } else { 0 });
                FORKED.fetch_add(1, SeqCst);
                WRONG.fetch_or(!matches!(found, Ok(Ended::With(0))), SeqCst);
                if is_late {
                    return;
                }
            }
        });
        while FORKED.load(SeqCst) < 3 {
            std::thread::yield_now();
        }
        if pledge(Some("stdio proc error"), None).is_err() {
            return 99;
        }
        PLEDGED.store(true, SeqCst);
        let ended = forker.join().is_ok();
        i32::from(!ended || WRONG.load(SeqCst))
    })
}

fn executing() -> Holds {
    all((0..rounds()).map(|round| {
        let found = child(|| {
            let mut pipe = [0; 2];
            // SAFETY: the array has room for two; the slots are this child's own.
            unsafe {
                libc::pipe2(pipe.as_mut_ptr(), libc::O_NONBLOCK);
                libc::dup2(pipe[0], crate::asking::TOLD);
            }
            std::thread::spawn(move || {
                for _ in 0..round * 50 {
                    std::hint::spin_loop();
                }
                let program = c"/proc/self/exe".as_ptr();
                let arguments = [program, c"executed".as_ptr(), c"race".as_ptr(), std::ptr::null()];
                // SAFETY: all texts end in NUL, the array in null.
                unsafe { libc::execv(program, arguments.as_ptr()) };
            });
            let pledged = pledge(None, Some("stdio error"));
            if pledged.is_err() {
                return 99;
            }
            // Reached only if the program was not executed yet: it must be bound then, and is told so.
            // SAFETY: the byte is valid.
            unsafe { libc::write(pipe[1], c"x".as_ptr().cast(), 1) };
            trials::child::pause();
            96
        });
        match found {
            Ok(Ended::With(0)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }))
}
