//! The sleeping locks under contention, parked by the host's own threads, and the rank checker.
#![allow(missing_docs)]

use std::cell::UnsafeCell;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::thread;

use sync::park::{Hooks, Token};
use sync::ranks::{TestInner, TestOuter, TestSpinInner, TestSpinOuter};
use sync::{HeldList, Mutex, RwMutex, SpinLock};

#[repr(align(8))]
struct Me {
    thread: thread::Thread,
    held: UnsafeCell<HeldList>,
}

thread_local! {
    // Leaked: a token may be used a moment after the thread has gone on.
    static ME: &'static Me = Box::leak(Box::new(Me { thread: thread::current(), held: UnsafeCell::new(HeldList::new()) }));
}

static HOOKS: Hooks = Hooks {
    urgency: |_| 0,
    lend: |_, _| {},
    take_back: |_| {},
    has_lenders: || false,
    current: || NonZeroUsize::new(ME.with(|me| std::ptr::from_ref(*me).addr())).unwrap(),
    park: thread::park,
    unpark,
    held: || NonNull::new(ME.with(|me| me.held.get())),
};

fn unpark(token: Token) {
    // SAFETY: tokens are addresses of leaked values.
    unsafe { &*std::ptr::with_exposed_provenance::<Me>(token.get()) }.thread.unpark();
}

fn set_up() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| sync::park::install(&HOOKS));
    ME.with(|me| std::ptr::from_ref(*me).expose_provenance());
}

#[test]
fn mutex_excludes_and_serves_everybody() {
    set_up();
    let shared = Arc::new(Mutex::<_, TestOuter>::new(0_u64));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let shared = shared.clone();
            thread::spawn(move || {
                set_up();
                for round in 0..2000 {
                    let mut value = shared.lock();
                    let seen = *value;
                    if round % 64 == 0 {
                        thread::yield_now();
                    }
                    *value = seen + 1;
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*shared.lock(), 16_000);
}

#[test]
fn rw_mutex_keeps_writers_alone() {
    set_up();
    let shared = Arc::new(RwMutex::<_, TestOuter>::new((0_u64, 0_u64)));
    let reads = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..8)
        .map(|index| {
            let (shared, reads) = (shared.clone(), reads.clone());
            thread::spawn(move || {
                set_up();
                for round in 0..1000 {
                    if (round + index) % 4 == 0 {
                        let mut pair = shared.write();
                        pair.0 += 1;
                        thread::yield_now();
                        pair.1 += 1;
                        let pair = pair.downgrade();
                        assert_eq!(pair.0, pair.1);
                    } else {
                        let pair = shared.read();
                        assert_eq!(pair.0, pair.1);
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*shared.read(), (2000, 2000));
    assert_eq!(reads.load(Ordering::Relaxed), 6000);
}

#[test]
fn two_mutexes_of_a_class_are_taken_by_address() {
    set_up();
    let pair = [Mutex::<_, TestInner>::new(1), Mutex::<_, TestInner>::new(2)];
    let (b, a) = pair[1].lock_two(&pair[0]);
    assert_eq!((*a, *b), (1, 2));
}

// The checker stops for good at its first complaint, so each complaint has a process of its own.
#[test]
fn order_violations_are_named() {
    if std::env::var_os("SYNC_TEST_CHILD").is_some() {
        return violate();
    }
    for which in ["spinning", "sleeping", "sleep-under-spin"] {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["order_violations_are_named", "--exact", "--nocapture"])
            .env("SYNC_TEST_CHILD", which)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let expected = match which {
            "spinning" => "taking TestSpinOuter (rank 170) while holding TestSpinInner (rank 171)",
            "sleeping" => "taking TestOuter (rank 90) while holding TestInner (rank 91)",
            _ => "may sleep with preemption off",
        };
        assert!(text.contains(expected), "{which}: {text}");
    }
}

fn violate() {
    set_up();
    let (outer, inner) = (Mutex::<_, TestOuter>::new(()), Mutex::<_, TestInner>::new(()));
    let (spin_outer, spin_inner) = (SpinLock::<_, TestSpinOuter>::new(()), SpinLock::<_, TestSpinInner>::new(()));
    match std::env::var("SYNC_TEST_CHILD").as_deref() {
        Ok("spinning") => {
            let _held = spin_inner.lock();
            let _wrong = spin_outer.lock();
        }
        Ok("sleeping") => {
            let _held = inner.lock();
            let _wrong = outer.lock();
        }
        _ => {
            let _held = spin_outer.lock();
            let _wrong = outer.lock();
        }
    }
}
