//! The other routes: calls that name a process, timers, terminals, the end of a parent.

use super::kit::{Case, Stepper, block, give_up_signals, got, is_pending, take};
use abi::table::number;
use abi::types::{Sigevent, Siginfo};
use abi::{Errno, Result};
use caps::Rights;
use libc::{O_NOCTTY, O_RDWR, SIGUSR1, SIGWINCH};
use trials::child::{self, in_child};
use trials::lend::without;
use trials::pledged::enter_capability_mode;
use trials::raw::{call, fails, open, works};
use trials::{Holds, equal};

pub(crate) const CASES: &[Case] = &[
    ("no call signals another process by its id without the root capability", by_id),
    ("a descriptor signals with its right, and not without", by_descriptor),
    ("another user's process is not signalled", by_user),
    ("timers signal nobody else", by_timer),
    ("a terminal's foreground is not signalled without the terminal", by_terminal),
    ("the end of a parent signals only who asked for it itself", by_end),
];

/// `sigqueue` with details of one's own.
fn queue(call_number: u64, ids: &[usize]) -> Result<usize> {
    let info = Siginfo { signal: SIGUSR1, code: -1, ..Siginfo::default() };
    let words = [ids, &[SIGUSR1 as usize, &raw const info as usize]].concat();
    call(call_number, &words)
}

/// Every call that names the process `id`.
fn by_name(id: usize) -> [(&'static str, Result<usize>); 7] {
    let signal = SIGUSR1 as usize;
    [
        ("kill", call(number::kill, &[id, signal])),
        ("kill, as a question", call(number::kill, &[id, 0])),
        ("tkill", call(number::tkill, &[id, signal])),
        ("tgkill", call(number::tgkill, &[id, id, signal])),
        ("rt_sigqueueinfo", queue(number::rt_sigqueueinfo, &[id])),
        ("rt_tgsigqueueinfo", queue(number::rt_tgsigqueueinfo, &[id, id])),
        ("pidfd_open", call(number::pidfd_open, &[id, 0])),
    ]
}

/// A process that gets SIGUSR1, and looks whether it has.
fn victim<T>(body: impl FnOnce(i32) -> std::result::Result<T, String>, is_hit: bool) -> Holds {
    got("blocking", block(SIGUSR1))?;
    let look = || equal(is_pending(SIGUSR1), is_hit).map_err(|why| format!("pending: {why}"));
    let victim = Stepper::start(&[&look])?;
    body(victim.pid)?;
    victim.step()?;
    victim.end()
}

fn by_id() -> Holds {
    victim(
        |id| {
            for give_up in [give_up_signals as fn() -> Holds, || got("capability mode", enter_capability_mode())] {
                in_child(|| {
                    give_up()?;
                    for (name, result) in by_name(id as usize) {
                        fails(result, Errno::ECAPMODE).map_err(|why| format!("{name}: {why}"))?;
                    }
                    for group in [0, -1, -i64::from(child::group())] {
                        fails(call(number::kill, &[group as usize, SIGUSR1 as usize]), Errno::ECAPMODE)?;
                    }
                    got("blocking", block(SIGUSR1))?;
                    // Oneself may always be named.
                    works(call(number::kill, &[child::own_id() as usize, SIGUSR1 as usize]))
                })?;
            }
            Ok(())
        },
        false,
    )?;
    victim(|id| by_name(id as usize).into_iter().try_for_each(|(name, sent)| got(name, sent).map(drop)), true)
}

fn by_descriptor() -> Holds {
    let send = |slot: usize| call(number::pidfd_send_signal, &[slot, SIGUSR1 as usize, 0, 0]);
    let open = |id: i32| got("a descriptor", call(number::pidfd_open, &[id as usize, 0]));
    let contained = |slot: usize, expected: Result<usize>| {
        in_child(|| {
            got("capability mode", enter_capability_mode())?;
            equal(send(slot), expected)
        })
    };
    victim(|id| contained(got("limiting", without(open(id)?, Rights::PDKILL))?, Err(Errno::ENOTCAPABLE)), false)?;
    victim(|id| contained(open(id)?, Ok(0)), true)
}

fn by_user() -> Holds {
    victim(
        |id| {
            in_child(|| {
                works(call(number::setresuid, &[1000, 1000, 1000]))?;
                for (name, result) in by_name(id as usize) {
                    // To hold a descriptor is not to signal by it.
                    let expected = if name == "pidfd_open" { result } else { Err(Errno::EPERM) };
                    equal(result, expected).map_err(|why| format!("{name}: {why}"))?;
                }
                Ok(())
            })
        },
        false,
    )
}

/// SIGEV_THREAD_ID.
const TO_THREAD: i32 = 4;

fn by_timer() -> Holds {
    victim(
        |id| {
            let mut timer = 0_i32;
            let to = |thread: i32| {
                let mut event = Sigevent { signal: SIGUSR1, notify: TO_THREAD, ..Sigevent::default() };
                event.thread = thread;
                event
            };
            let event = to(id);
            let make = |event: &Sigevent, timer: &mut i32| {
                let words = [libc::CLOCK_MONOTONIC as usize, &raw const *event as usize, &raw mut *timer as usize];
                call(number::timer_create, &words)
            };
            fails(make(&event, &mut timer), Errno::EINVAL)?;
            works(make(&to(child::own_id()), &mut timer))
        },
        false,
    )
}

const TIOCGPTN: usize = 0x8004_5430;
const TIOCSPTLCK: usize = 0x4004_5431;
const TIOCSWINSZ: usize = 0x5414;
const TIOCSPGRP: usize = 0x5410;
const TIOCSTI: usize = 0x5412;

fn by_terminal() -> Holds {
    got("blocking", block(SIGWINCH))?;
    got("a session", child::start_session())?;
    let master = got("the master", open("/dev/ptmx", O_RDWR | O_NOCTTY))?;
    let (mut name, unlocked) = (0_u32, 0_i32);
    works(call(number::ioctl, &[master, TIOCSPTLCK, &raw const unlocked as usize]))?;
    works(call(number::ioctl, &[master, TIOCGPTN, &raw mut name as usize]))?;
    let terminal = got("the terminal", open(&format!("/dev/pts/{name}"), O_RDWR))?;
    let (size, group) = ([7_u16; 4], child::group());
    let resize = |slot| call(number::ioctl, &[slot, TIOCSWINSZ, size.as_ptr() as usize]);
    in_child(|| {
        got("capability mode", enter_capability_mode())?;
        fails(resize(terminal), Errno::ECAPMODE)?;
        fails(resize(master), Errno::ECAPMODE)?;
        fails(call(number::ioctl, &[terminal, TIOCSPGRP, &raw const group as usize]), Errno::ECAPMODE)?;
        let typed = call(number::ioctl, &[terminal, TIOCSTI, c"\x03".as_ptr() as usize]);
        equal(matches!(typed, Err(Errno::ECAPMODE | Errno::EIO)), true)
    })?;
    equal(is_pending(SIGWINCH), false)?;
    works(resize(terminal))?;
    got("taking", take(SIGWINCH)).map(drop)
}

fn by_end() -> Holds {
    let asks = |signal: usize| call(number::prctl, &[libc::PR_SET_PDEATHSIG as usize, signal]);
    got("blocking", block(SIGUSR1))?;
    works(asks(SIGUSR1 as usize))?;
    let mut found = 0_i32;
    in_child(|| {
        // It is not inherited: whoever did not ask is not signalled.
        works(call(number::prctl, &[libc::PR_GET_PDEATHSIG as usize, &raw mut found as usize]))?;
        equal(found, 0)
    })?;
    fails(asks(65), Errno::EINVAL)?;
    // A grandchild that asked is told when the child ends.
    let [from, to] = got("a pipe", trials::raw::pipe())?;
    let middle = got(
        "a child",
        child::fork(|| {
            let parent = child::own_id();
            let orphan = child::fork(|| {
                let asked = asks(SIGUSR1 as usize).is_ok() && child::parent() == parent;
                let told = trials::raw::write(to, b"r").is_ok() && take(SIGUSR1).is_ok();
                let _ = trials::raw::write(to, if asked && told { b"y" } else { b"n" });
                0
            });
            // Until it has asked.
            let ready = trials::raw::read(from, 1);
            i32::from(orphan.is_err() || ready.is_err())
        }),
    )?;
    let (_, status) = got("waiting", child::wait(middle, 0))?;
    equal(status, 0)?;
    equal(got("hearing", trials::raw::read(from, 1))?, b"y".to_vec())
}
