//! Pseudo-terminals, files and children, as the trials use them.

/// A pseudo-terminal's two ends.
pub struct Pair {
    /// The end of whoever types.
    pub master: i32,
    /// The terminal.
    pub slave: i32,
}

impl Drop for Pair {
    fn drop(&mut self) {
        close(self.master);
        close(self.slave);
    }
}

/// Closes a file, if it is one.
pub fn close(file: i32) {
    if file >= 0 {
        // SAFETY: the caller has done with the file.
        unsafe { libc::close(file) };
    }
}

/// The number of the last error.
pub fn last_error() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// The result of a call that is to succeed.
pub fn demand(result: i32, what: &str) -> Result<i32, String> {
    if result < 0 { Err(format!("{what}: {}", std::io::Error::last_os_error())) } else { Ok(result) }
}

/// Opens a pseudo-terminal.
pub fn pair() -> Result<Pair, String> {
    let (mut master, mut slave) = (-1, -1);
    let null = std::ptr::null_mut();
    // SAFETY: the two numbers have their places; name, settings and size are left out.
    demand(unsafe { libc::openpty(&mut master, &mut slave, null, null.cast(), null.cast()) }, "openpty")?;
    Ok(Pair { master, slave })
}

/// Writes, or says why not.
pub fn write(file: i32, bytes: &[u8]) -> Result<usize, i32> {
    // SAFETY: the bytes are there.
    let count = unsafe { libc::write(file, bytes.as_ptr().cast(), bytes.len()) };
    usize::try_from(count).map_err(|_| last_error())
}

/// Reads at most `len` bytes, or says why not.
pub fn read(file: i32, len: usize) -> Result<Vec<u8>, i32> {
    let mut bytes = vec![0; len];
    // SAFETY: there is room for `len` bytes.
    let count = unsafe { libc::read(file, bytes.as_mut_ptr().cast(), len) };
    let count = usize::try_from(count).map_err(|_| last_error())?;
    bytes.truncate(count);
    Ok(bytes)
}

/// Reads until `end` has come.
pub fn read_until(file: i32, end: &str) -> Result<String, String> {
    let mut text = String::new();
    while !text.contains(end) {
        if poll(file, 10_000) & libc::POLLIN == 0 {
            return Err(format!("waited for {end:?}, have {text:?}"));
        }
        text += &String::from_utf8_lossy(&read(file, 4096).map_err(|errno| format!("errno {errno} after {text:?}"))?);
    }
    Ok(text)
}

/// What a file is ready for, after so many milliseconds at most.
pub fn poll(file: i32, timeout_ms: i32) -> i16 {
    let mut entry = libc::pollfd { fd: file, events: libc::POLLIN, revents: 0 };
    // SAFETY: one entry, which is there.
    unsafe { libc::poll(&mut entry, 1, timeout_ms) };
    entry.revents
}

/// How many bytes FIONREAD counts.
pub fn waiting(file: i32) -> i32 {
    let mut count = -1;
    // SAFETY: the number has its place.
    unsafe { libc::ioctl(file, libc::FIONREAD, &mut count) };
    count
}

/// A terminal's settings.
pub fn get_settings(file: i32) -> libc::termios {
    // SAFETY: all zeros is a `termios`, and there is room for one.
    unsafe {
        let mut settings = std::mem::zeroed();
        libc::tcgetattr(file, &mut settings);
        settings
    }
}

/// Sets them.
pub fn set_settings(file: i32, when: i32, settings: &libc::termios) -> i32 {
    // SAFETY: the settings are there.
    unsafe { libc::tcsetattr(file, when, settings) }
}

/// Makes a terminal raw, with VMIN and VTIME.
pub fn make_raw(file: i32, minimum: u8, tenths: u8) {
    let mut settings = get_settings(file);
    // SAFETY: the settings are there.
    unsafe { libc::cfmakeraw(&mut settings) };
    settings.c_cc[libc::VMIN] = minimum;
    settings.c_cc[libc::VTIME] = tenths;
    set_settings(file, libc::TCSANOW, &settings);
}

/// Runs `body` in a child that leads a session with the terminal as its own; its exit code is what `body` returns. The
/// terminal's end stays open here.
pub fn in_session(pair: &Pair, body: impl FnOnce(i32) -> i32) -> Result<i32, String> {
    // SAFETY: the child runs `body` and ends.
    let child = demand(unsafe { libc::fork() }, "fork")?;
    if child == 0 {
        close(pair.master);
        // SAFETY: requests that touch no memory.
        let code = unsafe {
            libc::alarm(20);
            let is_set = libc::setsid() > 0 && libc::ioctl(pair.slave, libc::TIOCSCTTY, 0) == 0;
            if is_set { body(pair.slave) } else { 99 }
        };
        // SAFETY: ends the child without running what is the parent's.
        unsafe { libc::_exit(code) };
    }
    Ok(child)
}

/// Forks within a session; the child runs `body` in a group of its own.
pub fn in_group(body: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child runs `body` and ends.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::setpgid(0, 0);
            libc::_exit(body());
        }
        libc::setpgid(child, child);
        child
    }
}

/// The status of a child.
pub fn wait_for(child: i32, options: i32) -> i32 {
    let mut status = -1;
    // SAFETY: the status has its place.
    unsafe { libc::waitpid(child, &mut status, options) };
    status
}

/// Waits for signals, for ever.
pub fn pause() -> ! {
    loop {
        // SAFETY: waits for a signal.
        unsafe { libc::pause() };
    }
}

/// The group in the foreground.
pub fn foreground(file: i32) -> i32 {
    // SAFETY: a request on an open file.
    unsafe { libc::tcgetpgrp(file) }
}
