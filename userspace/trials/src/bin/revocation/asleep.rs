//! Threads and children that are known to sleep in a call.

use std::sync::mpsc::channel;

use abi::Result;
use abi::table::number;
use trials::raw::call;
use trials::{Holds, child};

/// Runs `blocks` in a thread; once that sleeps, runs `act`; what `blocks` came to.
pub(crate) fn interrupted_by<T: Send>(
    blocks: impl FnOnce() -> Result<T> + Send,
    act: impl FnOnce() -> Result<usize>,
) -> Result<T> {
    let (tell, told) = channel();
    std::thread::scope(|scope| {
        let thread = scope.spawn(move || {
            let _ = tell.send(call(number::gettid, &[]).unwrap_or(0));
            blocks()
        });
        let id = told.recv().unwrap_or(0);
        wait_until_asleep(&format!("/proc/self/task/{id}/stat"));
        act()?;
        thread.join().unwrap_or(Err(abi::Errno::EIO))
    })
}

/// The same with a child, which holds what `blocks` is to come to.
pub(crate) fn child_interrupted_by(blocks: impl FnOnce() -> Holds, act: impl FnOnce() -> Result<usize>) -> Holds {
    let failed = |error: std::io::Error| error.to_string();
    let child = child::fork(|| match blocks() {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("in the child: {why}");
            1
        }
    });
    let child = child.map_err(failed)?;
    wait_until_asleep(&format!("/proc/{child}/stat"));
    act().map_err(|errno| errno.to_string())?;
    let (_, status) = child::wait(child, 0).map_err(failed)?;
    if status == 0 { Ok(()) } else { Err(format!("the child ended with {status:#x}")) }
}

/// Looks at a `stat` file until it says that its subject sleeps.
pub(crate) fn wait_until_asleep(path: &str) {
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['S', 'Z'])) {
            return;
        }
        std::thread::yield_now();
    }
}

/// Wakes one who waits on a word, which may be about to wait again.
pub(crate) fn wake_one(word: usize) -> Result<usize> {
    loop {
        if call(number::futex, &[word, libc::FUTEX_WAKE as usize, 1, 0, 0, 0])? == 1 {
            return Ok(1);
        }
        std::thread::yield_now();
    }
}
