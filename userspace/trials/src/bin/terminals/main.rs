//! Terminals, tried on a pseudo-terminal: reading in both modes, echo, keys that send signals, job control, hanging up.

#![allow(unsafe_code, reason = "libc's calls")]
#![allow(clippy::multiple_unsafe_ops_per_block, reason = "one reason holds for a row of calls of one kind")]

mod fixture;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use fixture::*;
use trials::{Holds, Report, equal};

fn main() -> ExitCode {
    let mut report = Report::new();
    report.check("a line is delivered when it is complete, and echoed", lines());
    report.check("poll and FIONREAD count complete lines only", readiness());
    report.check("end of file is read once", end_of_file());
    report.check("VMIN and VTIME say how a raw read waits", raw_reads());
    report.check("a terminal that may not wait says EAGAIN", no_waiting());
    report.check("settings come back as they were set", settings());
    report.check("System V's structure sets the half that it has room for", short_settings());
    report.check("locked settings stay as they are", locked_settings());
    report.check("TCSAFLUSH and tcflush throw input away", flushing());
    report.check("keys end and stop the foreground", keys());
    report.check("a changed window size is told to the foreground", window_size());
    report.check("readers in the background are stopped", background_reader());
    report.check("writers in the background are stopped where TOSTOP says so", background_writer());
    report.check("tcsetpgrp takes groups of the session only", foreground_rules());
    report.check("a controlling terminal has rules", controlling_rules());
    report.check("closing the master hangs the session up", hang_up());
    report.check("closing the terminal is seen by the master", far_end_closed());
    report.check("much output passes whole and in order", bulk());
    report.finish()
}

fn lines() -> Holds {
    let pair = pair()?;
    equal(write(pair.master, b"first\nsex\x7fcond\r"), Ok(15))?;
    equal(read(pair.slave, 3), Ok(b"fir".to_vec()))?;
    equal(read(pair.slave, 100), Ok(b"st\n".to_vec()))?;
    equal(read(pair.slave, 100), Ok(b"second\n".to_vec()))?;
    equal(write(pair.slave, b"out\n"), Ok(4))?;
    let seen = read_until(pair.master, "out\r\n")?;
    equal(seen.as_str(), "first\r\nsex\x08 \x08cond\r\nout\r\n")
}

fn readiness() -> Holds {
    let pair = pair()?;
    equal(write(pair.master, b"half"), Ok(4))?;
    equal((poll(pair.slave, 50), waiting(pair.slave)), (0, 0))?;
    equal(write(pair.master, b"\nrest"), Ok(5))?;
    equal((poll(pair.slave, 5000), waiting(pair.slave)), (libc::POLLIN, 5))
}

fn end_of_file() -> Holds {
    let pair = pair()?;
    equal(write(pair.master, b"tail\x04\x04more\n"), Ok(11))?;
    equal(read(pair.slave, 100), Ok(b"tail".to_vec()))?;
    equal(read(pair.slave, 100), Ok(Vec::new()))?;
    equal(read(pair.slave, 100), Ok(b"more\n".to_vec()))
}

fn raw_reads() -> Holds {
    let pair = pair()?;
    make_raw(pair.slave, 0, 0);
    equal(read(pair.slave, 9), Ok(Vec::new()))?;
    make_raw(pair.slave, 0, 2);
    let start = Instant::now();
    equal(read(pair.slave, 9), Ok(Vec::new()))?;
    if start.elapsed() < Duration::from_millis(190) {
        return Err(format!("VTIME 2 waited {:?}", start.elapsed()));
    }
    make_raw(pair.slave, 3, 0);
    equal(write(pair.master, b"ab"), Ok(2))?;
    equal(poll(pair.slave, 50), 0)?;
    let master = pair.master;
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        write(master, b"cd")
    });
    equal(read(pair.slave, 9), Ok(b"abcd".to_vec()))?;
    equal(later.join().map_err(|_| "panicked")?, Ok(2))?;
    make_raw(pair.slave, 9, 1);
    equal(write(pair.master, b"xy"), Ok(2))?;
    equal(read(pair.slave, 9), Ok(b"xy".to_vec()))
}

fn no_waiting() -> Holds {
    let pair = pair()?;
    // SAFETY: sets a flag of an open file.
    unsafe { libc::fcntl(pair.slave, libc::F_SETFL, libc::O_RDWR | libc::O_NONBLOCK) };
    equal(read(pair.slave, 9), Err(libc::EAGAIN))?;
    equal(write(pair.master, b"partial"), Ok(7))?;
    equal(read(pair.slave, 9), Err(libc::EAGAIN))?;
    equal(write(pair.master, b"\n"), Ok(1))?;
    equal(read(pair.slave, 9), Ok(b"partial\n".to_vec()))
}

fn settings() -> Holds {
    let pair = pair()?;
    let mut wanted = get_settings(pair.slave);
    wanted.c_lflag &= !libc::ECHO;
    wanted.c_cc[libc::VINTR] = b'x';
    equal(set_settings(pair.slave, libc::TCSADRAIN, &wanted), 0)?;
    let found = get_settings(pair.slave);
    equal((found.c_lflag, found.c_iflag, found.c_oflag), (wanted.c_lflag, wanted.c_iflag, wanted.c_oflag))?;
    equal(found.c_cc, wanted.c_cc)?;
    // The master's settings are the terminal's.
    equal(get_settings(pair.master).c_lflag, wanted.c_lflag)?;
    equal(write(pair.master, b"quiet\n"), Ok(6))?;
    equal(read(pair.slave, 99), Ok(b"quiet\n".to_vec()))?;
    equal(poll(pair.master, 50), 0)
}

/// Requests for `struct termio`, which the crate of constants leaves out.
const TCGETA: libc::Ioctl = 0x5405;
const TCSETAW: libc::Ioctl = 0x5407;

fn short_settings() -> Holds {
    /// `struct termio` of <asm-generic/termios.h>.
    #[derive(Default)]
    #[repr(C)]
    struct Short {
        flags: [u16; 4],
        line: u8,
        characters: [u8; 8],
    }
    let pair = pair()?;
    let whole = get_settings(pair.slave);
    let mut short = Short::default();
    // SAFETY: the structure is the one that the request fills.
    equal(unsafe { libc::ioctl(pair.slave, TCGETA, &mut short) }, 0)?;
    equal(u32::from(short.flags[3]), whole.c_lflag & 0xffff)?;
    equal(short.characters[libc::VINTR], whole.c_cc[libc::VINTR])?;
    short.flags[3] &= !(libc::ECHO as u16);
    short.characters[libc::VINTR] = b'x';
    // SAFETY: the structure is the one that the request reads.
    equal(unsafe { libc::ioctl(pair.slave, TCSETAW, &short) }, 0)?;
    let found = get_settings(pair.slave);
    equal(found.c_lflag, whole.c_lflag & !libc::ECHO)?;
    equal((found.c_cc[libc::VINTR], found.c_cc[libc::VLNEXT]), (b'x', whole.c_cc[libc::VLNEXT]))
}

fn locked_settings() -> Holds {
    let pair = pair()?;
    let before = get_settings(pair.slave);
    // SAFETY: all zeroes lock nothing.
    let mut locked: libc::termios = unsafe { std::mem::zeroed() };
    locked.c_lflag = libc::ECHO;
    locked.c_cc[libc::VINTR] = 1;
    // SAFETY: the structure is the one that the request reads.
    equal(unsafe { libc::ioctl(pair.slave, libc::TIOCSLCKTRMIOS, &locked) }, 0)?;
    let mut wanted = before;
    wanted.c_lflag &= !(libc::ECHO | libc::ICANON);
    wanted.c_cc[libc::VINTR] = b'x';
    wanted.c_cc[libc::VQUIT] = b'y';
    equal(set_settings(pair.slave, libc::TCSANOW, &wanted), 0)?;
    let found = get_settings(pair.slave);
    equal(found.c_lflag, before.c_lflag & !libc::ICANON)?;
    equal((found.c_cc[libc::VINTR], found.c_cc[libc::VQUIT]), (before.c_cc[libc::VINTR], b'y'))
}

fn flushing() -> Holds {
    let pair = pair()?;
    equal(write(pair.master, b"gone\n"), Ok(5))?;
    equal(set_settings(pair.slave, libc::TCSAFLUSH, &get_settings(pair.slave)), 0)?;
    equal(waiting(pair.slave), 0)?;
    equal(write(pair.master, b"gone\n"), Ok(5))?;
    // SAFETY: a request on an open file.
    equal(unsafe { libc::tcflush(pair.slave, libc::TCIFLUSH) }, 0)?;
    equal(write(pair.master, b"kept\n"), Ok(5))?;
    equal(read(pair.slave, 99), Ok(b"kept\n".to_vec()))
}

fn keys() -> Holds {
    for (key, signal) in [(b'\x03', libc::SIGINT), (b'\x1c', libc::SIGQUIT)] {
        let pair = pair()?;
        let child = in_session(&pair, |terminal| {
            let _ = write(terminal, b"ready\n");
            pause()
        })?;
        read_until(pair.master, "ready\r\n")?;
        equal(write(pair.master, &[key]), Ok(1))?;
        let status = wait_for(child, 0);
        equal((libc::WIFSIGNALED(status), libc::WTERMSIG(status)), (true, signal))?;
    }
    let pair = pair()?;
    // The leader's own group would be orphaned, and so not stopped: a member of it is.
    let child = in_session(&pair, |terminal| {
        let member = in_group(|| pause());
        // SAFETY: requests on an open file; a leader that is not in the foreground may only do this with the signal
        // ignored.
        unsafe {
            libc::signal(libc::SIGTTOU, libc::SIG_IGN);
            libc::tcsetpgrp(terminal, member);
        }
        let _ = write(terminal, b"ready\n");
        let status = wait_for(member, libc::WUNTRACED);
        let is_stopped = libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGTSTP;
        // SAFETY: ends the member.
        unsafe { libc::kill(member, libc::SIGKILL) };
        i32::from(!is_stopped)
    })?;
    read_until(pair.master, "ready\r\n")?;
    equal(write(pair.master, b"\x1a"), Ok(1))?;
    equal(wait_for(child, 0), 0)
}

fn window_size() -> Holds {
    extern "C" fn on_change(_signal: i32) {}
    let pair = pair()?;
    let child = in_session(&pair, |terminal| {
        // SAFETY: the handler does nothing; the mask and the size have their places.
        unsafe {
            let mut changes: libc::sigset_t = std::mem::zeroed();
            libc::sigaddset(&mut changes, libc::SIGWINCH);
            libc::sigprocmask(libc::SIG_BLOCK, &changes, std::ptr::null_mut());
            libc::signal(libc::SIGWINCH, on_change as *const () as libc::sighandler_t);
            let _ = write(terminal, b"ready\n");
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::sigsuspend(&none);
            let mut size: libc::winsize = std::mem::zeroed();
            libc::ioctl(terminal, libc::TIOCGWINSZ, &mut size);
            i32::from((size.ws_row, size.ws_col) != (7, 77))
        }
    })?;
    read_until(pair.master, "ready\r\n")?;
    let size = libc::winsize { ws_row: 7, ws_col: 77, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the size is there.
    equal(unsafe { libc::ioctl(pair.master, libc::TIOCSWINSZ, &size) }, 0)?;
    equal(wait_for(child, 0), 0)
}

fn background_reader() -> Holds {
    let pair = pair()?;
    let child = in_session(&pair, |terminal| {
        let member = in_group(|| i32::from(read(terminal, 9) != Ok(b"x\n".to_vec())));
        let status = wait_for(member, libc::WUNTRACED);
        if !libc::WIFSTOPPED(status) || libc::WSTOPSIG(status) != libc::SIGTTIN {
            return 1;
        }
        // In the foreground and continued, it reads on.
        // SAFETY: requests on an open file and a child.
        unsafe {
            libc::tcsetpgrp(terminal, member);
            libc::kill(-member, libc::SIGCONT);
        }
        let _ = write(terminal, b"ready\n");
        if wait_for(member, 0) != 0 {
            return 2;
        }
        // One that ignores the signal gets an error instead.
        // SAFETY: as above.
        unsafe {
            libc::signal(libc::SIGTTOU, libc::SIG_IGN);
            libc::tcsetpgrp(terminal, libc::getpid());
        }
        let member = in_group(|| {
            // SAFETY: ignores a signal.
            unsafe { libc::signal(libc::SIGTTIN, libc::SIG_IGN) };
            i32::from(read(terminal, 9) != Err(libc::EIO))
        });
        if wait_for(member, libc::WUNTRACED) == 0 { 0 } else { 3 }
    })?;
    read_until(pair.master, "ready\r\n")?;
    equal(write(pair.master, b"x\n"), Ok(2))?;
    equal(wait_for(child, 0), 0)
}

fn background_writer() -> Holds {
    let pair = pair()?;
    let child = in_session(&pair, |terminal| {
        let member = in_group(|| i32::from(write(terminal, b"free\n") != Ok(5)));
        if wait_for(member, libc::WUNTRACED) != 0 {
            return 1;
        }
        let mut settings = get_settings(terminal);
        settings.c_lflag |= libc::TOSTOP;
        set_settings(terminal, libc::TCSANOW, &settings);
        let member = in_group(|| i32::from(write(terminal, b"held\n") != Ok(5)));
        let status = wait_for(member, libc::WUNTRACED);
        if !libc::WIFSTOPPED(status) || libc::WSTOPSIG(status) != libc::SIGTTOU {
            return 2;
        }
        // SAFETY: ends the member.
        unsafe { libc::kill(member, libc::SIGKILL) };
        wait_for(member, 0);
        // Settings may be changed from the background only by who ignores the signal.
        let member = in_group(|| {
            // SAFETY: ignores a signal.
            unsafe { libc::signal(libc::SIGTTOU, libc::SIG_IGN) };
            i32::from(set_settings(terminal, libc::TCSANOW, &settings) != 0 || write(terminal, b"may\n") != Ok(4))
        });
        if wait_for(member, libc::WUNTRACED) == 0 { 0 } else { 3 }
    })?;
    let seen = read_until(pair.master, "may\r\n")?;
    equal(wait_for(child, 0), 0)?;
    equal((seen.contains("free"), seen.contains("held")), (true, false))
}

fn foreground_rules() -> Holds {
    let pair = pair()?;
    let child = in_session(&pair, |terminal| {
        // SAFETY: requests on an open file.
        unsafe {
            let own = libc::getpid();
            let is_own = foreground(terminal) == own && libc::tcgetsid(terminal) == own;
            let none = libc::tcsetpgrp(terminal, 0x03ff_ffff) == -1 && last_error() == libc::ESRCH;
            let negative = libc::tcsetpgrp(terminal, -5) == -1 && last_error() == libc::EINVAL;
            let foreign = libc::tcsetpgrp(terminal, libc::getppid()) == -1;
            let foreign = foreign && matches!(last_error(), libc::EPERM | libc::ESRCH);
            i32::from(!(is_own && none && negative && foreign))
        }
    })?;
    equal(wait_for(child, 0), 0)?;
    // Whose terminal it is not is told so.
    equal((foreground(pair.slave), last_error()), (-1, libc::ENOTTY))
}

fn controlling_rules() -> Holds {
    let pair = pair()?;
    let other = fixture::pair()?;
    let child = in_session(&pair, |terminal| {
        // SAFETY: requests on open files, and a path that ends in NUL.
        unsafe {
            let again = libc::ioctl(terminal, libc::TIOCSCTTY, 0) == 0;
            let second = libc::ioctl(other.slave, libc::TIOCSCTTY, 0) == -1 && last_error() == libc::EPERM;
            let own = libc::open(c"/dev/tty".as_ptr(), libc::O_RDWR);
            let written = write(own, b"by name\n") == Ok(8);
            let member = libc::fork();
            if member == 0 {
                libc::setsid();
                let none = libc::open(c"/dev/tty".as_ptr(), libc::O_RDWR) == -1 && last_error() == libc::ENXIO;
                let taken = libc::ioctl(terminal, libc::TIOCSCTTY, 0) == -1 && last_error() == libc::EPERM;
                libc::_exit(i32::from(!(none && taken)));
            }
            i32::from(!(again && second && written && wait_for(member, 0) == 0))
        }
    })?;
    read_until(pair.master, "by name\r\n")?;
    equal(wait_for(child, 0), 0)
}

fn hang_up() -> Holds {
    let mut pair = pair()?;
    let child = in_session(&pair, |terminal| {
        let _ = write(terminal, b"ready\n");
        pause()
    })?;
    read_until(pair.master, "ready\r\n")?;
    close(std::mem::replace(&mut pair.master, -1));
    let status = wait_for(child, 0);
    equal((libc::WIFSIGNALED(status), libc::WTERMSIG(status)), (true, libc::SIGHUP))?;
    equal(read(pair.slave, 9), Ok(Vec::new()))?;
    equal(write(pair.slave, b"x"), Err(libc::EIO))?;
    let hung = poll(pair.slave, 0);
    if hung & libc::POLLHUP != 0 { Ok(()) } else { Err(format!("poll says {hung:#x}")) }
}

fn far_end_closed() -> Holds {
    let mut pair = pair()?;
    equal(write(pair.slave, b"last words"), Ok(10))?;
    close(std::mem::replace(&mut pair.slave, -1));
    equal(read(pair.master, 99), Ok(b"last words".to_vec()))?;
    equal(poll(pair.master, 5000) & libc::POLLHUP, libc::POLLHUP)?;
    equal(read(pair.master, 99), Err(libc::EIO))
}

fn bulk() -> Holds {
    const LINES: usize = 20_000;
    let pair = pair()?;
    let slave = pair.slave;
    let writer = std::thread::spawn(move || {
        let text: String = (0..LINES).map(|number| format!("{number}\n")).collect();
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match write(slave, rest) {
                Ok(count) => rest = &rest[count..],
                Err(errno) => return Err(format!("errno {errno}")),
            }
        }
        Ok(())
    });
    let seen = read_until(pair.master, &format!("\n{}\r\n", LINES - 1))?;
    writer.join().map_err(|_| "panicked")??;
    equal(seen.lines().enumerate().all(|(number, line)| line == number.to_string()), true)
}
