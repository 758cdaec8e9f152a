//! The vector state of threads.

use core::arch::asm;

use arch::fpu::{FpuState, SignalImage};

use super::{Verdict, check};

/// Fills the 16 XMM registers (and with AVX the upper halves of YMM0) with a pattern.
fn fill(pattern: u64) {
    // SAFETY: kernel code keeps nothing in vector registers.
    unsafe {
        asm!(
            "movq xmm0, {0}", "movq xmm7, {0}", "movq xmm15, {0}", "ldmxcsr [{1}]",
            in(reg) pattern, in(reg) &(0x1f80_u32 | (pattern as u32 & 0x3f)),
        );
    }
    if has_avx() {
        // SAFETY: as above, and the processor has AVX, which the kernel has enabled.
        unsafe { asm!("vinsertf128 ymm0, ymm0, xmm0, 1", "vinsertf128 ymm15, ymm15, xmm15, 1") };
    }
}

/// What [`fill`] filled: the low word of three registers, MXCSR, and an upper half.
fn observe() -> [u64; 5] {
    let (a, b, c): (u64, u64, u64);
    let mut control = 0_u32;
    // SAFETY: reads vector registers.
    unsafe {
        asm!("movq {0}, xmm0", "movq {1}, xmm7", "movq {2}, xmm15", "stmxcsr [{3}]",
            out(reg) a, out(reg) b, out(reg) c, in(reg) &raw mut control);
    }
    let mut upper = c;
    if has_avx() {
        // SAFETY: as above; XMM7 is put back by the caller's next restore.
        unsafe { asm!("vextractf128 xmm7, ymm15, 1", "movq {}, xmm7", out(reg) upper) };
    }
    [a, b, c, control.into(), upper]
}

fn has_avx() -> bool {
    SignalImage::size() > 832
}

fn expected(pattern: u64) -> [u64; 5] {
    [pattern, pattern, pattern, 0x1f80 | pattern & 0x3f, pattern]
}

const A: u64 = 0x1111_2222_3333_4401;
const B: u64 = 0x5555_6666_7777_8802;

/// Two threads' states, exchanged as the scheduler does it.
pub fn switches() -> Verdict {
    let mut a = FpuState::new().map_err(|_| "no memory")?;
    let mut b = FpuState::new().map_err(|_| "no memory")?;
    a.restore();
    check(observe()[3] == 0x1f80, "a new state has a wrong MXCSR")?;
    fill(A);
    a.save();
    b.restore();
    check(observe()[0] == 0, "a new state is not empty")?;
    fill(B);
    for _ in 0..100 {
        b.save();
        a.restore();
        check(observe() == expected(A), "the first state is damaged")?;
        a.restore();
        a.save();
        b.restore();
        check(observe() == expected(B), "the second state is damaged")?;
        b.restore();
    }
    b.save();
    let copy = b.try_clone().map_err(|_| "no memory")?;
    b.reset();
    b.restore();
    check(observe()[0] == 0, "a reset state is not empty")?;
    copy.restore();
    check(observe() == expected(B), "a copied state is damaged")
}

/// A handler sees the state, and its changes come back.
pub fn signal_frame() -> Verdict {
    let initial = FpuState::new().map_err(|_| "no memory")?;
    initial.restore();
    fill(A);
    let mut image = SignalImage::new();
    image.capture().map_err(|_| "no memory")?;
    // XMM0 lies at byte 160 of the legacy region.
    check(image.bytes()[160..168] == A.to_le_bytes(), "XMM0 is not in the frame")?;
    image.bytes_mut()[160..168].copy_from_slice(&B.to_le_bytes());
    initial.restore();
    check(image.load().is_ok(), "a good frame was refused")?;
    let seen = observe();
    check(seen[0] == B && seen[2] == A && seen[4] == A, "the frame did not come back")?;
    // Registers back in their initial state: the frame shows that, and nothing of the past.
    initial.restore();
    image.capture().map_err(|_| "no memory")?;
    check(image.bytes()[160..416].iter().all(|byte| *byte == 0), "the frame has values of the past")
}

/// Whatever a program writes to its frame, restoring it does not fault.
pub fn forged_frames() -> Verdict {
    let state = FpuState::new().map_err(|_| "no memory")?;
    state.restore();
    for at in 0..SignalImage::size() {
        for value in [0xff, 0x80, 0x01] {
            let mut forged = SignalImage::new();
            forged.capture().map_err(|_| "no memory")?;
            forged.bytes_mut()[at] ^= value;
            let _ = forged.load();
            state.restore();
        }
    }
    let wild = SignalImage::new().read_from(0xffff_8000_0000_0000);
    check(wild.is_err(), "a frame in the kernel was taken")
}
