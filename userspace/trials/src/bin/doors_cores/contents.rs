//! What a core holds, and how its process is said to have ended.

use super::Case;
use super::core_file::Core;
use super::dying::{allow, died, fall_over, fall_over_with_threads, signal};
use abi::table::number;
use libc::{SIGQUIT, SIGSEGV, SIGTERM, WCOREDUMP, WTERMSIG};
use std::sync::atomic::{AtomicU64, Ordering};
use trials::raw::{call, works};
use trials::{Holds, child, equal};

pub(crate) const CASES: &[Case] = &[
    ("a fault leaves a core with every note, and the parent is told", notes),
    ("all threads are in it, those that run on other processors too", threads),
    ("memory is in it as it was", memory),
    ("a signal that leaves none leaves none", signals),
    ("the limit on its size is kept, and none is none", limits),
    ("a process that may not be looked into leaves none", undumpable),
];

/// NT_PRSTATUS, NT_FPREGSET, NT_PRPSINFO, NT_AUXV, NT_SIGINFO and NT_FILE, with the sizes that debuggers expect.
const EXPECTED: [(u32, Option<usize>); 6] =
    [(1, Some(336)), (2, Some(512)), (3, Some(136)), (6, None), (0x5349_4749, Some(128)), (0x4649_4c45, None)];

fn ended(status: i32) -> (i32, bool) {
    (WTERMSIG(status), WCOREDUMP(status))
}

fn notes(_here: &str) -> Holds {
    let pid = child::fork(|| {
        allow(u64::MAX);
        fall_over()
    });
    let pid = pid.map_err(|error| error.to_string())?;
    let told = child::wait_id(libc::P_PID, pid as u32, libc::WEXITED | libc::WNOWAIT);
    equal(told.map_err(|error| error.to_string())?, (pid, libc::CLD_DUMPED, SIGSEGV))?;
    let (_, status) = child::wait(pid, 0).map_err(|error| error.to_string())?;
    equal(ended(status), (SIGSEGV, true))?;
    let core = Core::read("core")?;
    for (kind, size) in EXPECTED {
        let found = core.all("CORE", kind);
        equal(found.len(), 1).map_err(|why| format!("note {kind:#x}: {why}"))?;
        if let Some(size) = size {
            equal(found[0].len(), size).map_err(|why| format!("note {kind:#x}: {why}"))?;
        }
    }
    let status = core.all("CORE", 1)[0];
    let (own, details) =
        (i32::from_le_bytes(status[32..36].try_into().unwrap_or_default()), core.all("CORE", 0x5349_4749));
    equal(own, pid)?;
    // The address of the fault.
    equal(details[0][16..24].to_vec(), 0x18_u64.to_le_bytes().to_vec())?;
    let extended = core.all("LINUX", 0x202);
    equal(extended.first().is_some_and(|state| state.len() >= 832), true)?;
    let program = core.all("CORE", 3)[0];
    equal(program[40..].starts_with(b"doors_cores"), true)
}

fn threads(_here: &str) -> Holds {
    let (_, status) = died(fall_over_with_threads)?;
    equal(ended(status), (SIGSEGV, true))?;
    equal(Core::read("core")?.all("CORE", 1).len(), 3)?;
    // Seven that never enter the kernel by themselves.
    for _ in 0..5 {
        let busy = || {
            let counts: [AtomicU64; 7] = Default::default();
            std::thread::scope(|scope| {
                for count in &counts {
                    scope.spawn(|| {
                        loop {
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
                while counts.iter().any(|count| count.load(Ordering::Relaxed) == 0) {
                    std::thread::yield_now();
                }
                fall_over()
            })
        };
        let (_, status) = died(busy)?;
        equal(ended(status), (SIGSEGV, true))?;
        let core = Core::read("core")?;
        equal((core.all("CORE", 1).len(), core.all("CORE", 2).len()), (8, 8))?;
    }
    Ok(())
}

/// Whatever the compiler thinks of it.
static MARK: AtomicU64 = AtomicU64::new(0x1122_3344);

fn memory(_here: &str) -> Holds {
    let text = "a text on the heap".repeat(1000);
    let (_, status) = died(|| {
        MARK.store(0x5566_7788_99aa, Ordering::Relaxed);
        fall_over()
    })?;
    equal(ended(status), (SIGSEGV, true))?;
    let core = Core::read("core")?;
    let found = core.memory(&raw const MARK as usize).and_then(|memory| memory.get(..8));
    equal(found, Some(&0x5566_7788_99aa_u64.to_le_bytes()[..]))?;
    let heap = core.memory(text.as_ptr() as usize).and_then(|memory| memory.get(..text.len()));
    equal(heap == Some(text.as_bytes()), true)
}

fn signals(_here: &str) -> Holds {
    equal(ended(died(|| signal(SIGTERM))?.1), (SIGTERM, false))?;
    equal(std::path::Path::new("core").exists(), false)?;
    equal(ended(died(|| signal(SIGQUIT))?.1), (SIGQUIT, true))?;
    Core::read("core").map(drop)
}

fn limits(_here: &str) -> Holds {
    let limited = |bytes| {
        died(move || {
            allow(bytes);
            fall_over()
        })
    };
    equal(ended(limited(0)?.1), (SIGSEGV, false))?;
    equal(std::path::Path::new("core").exists(), false)?;
    equal(ended(limited(10_000)?.1), (SIGSEGV, true))?;
    let size = std::fs::metadata("core").map_err(|error| error.to_string())?.len();
    equal(size <= 10_000 && size > 5_000, true)
}

fn undumpable(_here: &str) -> Holds {
    let (_, status) = died(|| {
        let _ = call(number::prctl, &[libc::PR_SET_DUMPABLE as usize, 0]);
        fall_over()
    })?;
    equal(ended(status), (SIGSEGV, false))?;
    works(call(number::access, &[trials::raw::text("core"), 0]).map_or(Ok(0), |_| Err(abi::Errno::EEXIST)))
}
