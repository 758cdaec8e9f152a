//! `ptrace`: one call, many requests.

use crate::Context;
use abi::consts::ptrace;
use abi::types::{Iovec, PeekSiginfo, Siginfo, SyscallInfo, UserRegisters};
use abi::{Errno, Result, Signal, SignalSet, TraceOptions};
use alloc::vec::Vec;
use caps::Root;
use mm::user::{Sink, Source, UserPtr};
use process::signal::details::Details;
use process::tracing::request::{self, Held, Part, Queue};
use process::tracing::{self, Action, Attach, How};
use process::{gate, registry};
use zerocopy::IntoBytes;

/// NT_PRSTATUS, NT_PRFPREG and NT_X86_XSTATE: the sets of registers.
const GENERAL: u64 = 1;
const FLOATING: u64 = 2;
const EXTENDED: u64 = 0x202;
/// ARCH_GET_FS and ARCH_GET_GS.
const GET_FS: u64 = 0x1003;
const GET_GS: u64 = 0x1004;
/// More than any processor's vector state has.
const MOST_VECTORS: usize = 1 << 14;

/// Has the calling thread traced, begins and ends to trace others, or does something to a thread that is traced and stopped.
pub fn ptrace(cx: &mut Context, request: i64, pid: i32, address: u64, data: u64) -> Result<usize> {
    let request = u32::try_from(request).map_err(|_| Errno::EIO)?;
    if request == ptrace::PTRACE_TRACEME {
        return tracing::offer(cx).map(|()| 0);
    }
    gate::demand_root(cx, Root::Signal)?;
    match request {
        ptrace::PTRACE_ATTACH => attach(cx, pid, Attach::Stopping),
        ptrace::PTRACE_SEIZE if address == 0 => attach(cx, pid, Attach::Seizing(options(data)?)),
        ptrace::PTRACE_SEIZE => Err(Errno::EIO),
        ptrace::PTRACE_INTERRUPT => request::interrupt(cx, pid).map(|()| 0),
        ptrace::PTRACE_KILL => request::kill(cx, pid).map(|()| 0),
        ptrace::PTRACE_DETACH => {
            let task = request::find(cx, pid)?;
            tracing::detach(cx, &task, signal(data)?).map(|()| 0)
        }
        _ => {
            let held = request::hold(cx, pid)?;
            go_on(&held, request, data)
                .or_else(|| memory(&held, request, address, data))
                .or_else(|| registers(&held, request, address, data))
                .or_else(|| signals(&held, request, address, data))
                .unwrap_or(Err(Errno::EIO))
                .map(|value| value.0)
        }
    }
}

/// What a request returns.
struct Value(usize);

const DONE: Result<Value> = Ok(Value(0));

fn attach(cx: &Context, pid: i32, how: Attach) -> Result<usize> {
    let task = registry::find_task(pid).ok_or(Errno::ESRCH)?;
    tracing::attach(cx, &task, how).map(|()| 0)
}

fn options(word: u64) -> Result<TraceOptions> {
    u32::try_from(word).ok().and_then(TraceOptions::from_bits).ok_or(Errno::EINVAL)
}

/// The signal to go on with: EIO where there is no such signal.
fn signal(word: u64) -> Result<Option<Signal>> {
    match word {
        0 => Ok(None),
        number => i32::try_from(number).ok().and_then(Signal::new).map(Some).ok_or(Errno::EIO),
    }
}

fn go_on(held: &Held, request: u32, data: u64) -> Option<Result<Value>> {
    let how = match request {
        ptrace::PTRACE_CONT => How::Continue,
        ptrace::PTRACE_SYSCALL => How::Call,
        ptrace::PTRACE_SINGLESTEP => How::Step,
        ptrace::PTRACE_LISTEN if request::is_seized(held.task()) => How::Listen,
        _ => return None,
    };
    let signal = if how == How::Listen { Ok(None) } else { signal(data) };
    Some(signal.and_then(|signal| held.resume(Action { how, signal })).and(DONE))
}

fn memory(held: &Held, request: u32, address: u64, data: u64) -> Option<Result<Value>> {
    Some(match request {
        ptrace::PTRACE_PEEKTEXT | ptrace::PTRACE_PEEKDATA => peek(held, address, data),
        ptrace::PTRACE_POKETEXT | ptrace::PTRACE_POKEDATA => poke(held, address, data),
        ptrace::PTRACE_PEEKUSR => held.user_word(address).and_then(|word| write(data, &word)),
        ptrace::PTRACE_POKEUSR => held.set_user_word(address, data).and(DONE),
        _ => return None,
    })
}

fn peek(held: &Held, address: u64, to: u64) -> Result<Value> {
    let mut word = [0; 8];
    held.space()?.copy_from(address, &mut word).map_err(|_| Errno::EIO)?;
    write(to, &u64::from_le_bytes(word))
}

fn poke(held: &Held, address: u64, word: u64) -> Result<Value> {
    held.space()?.copy_to(address, &word.to_le_bytes()).map_err(|_| Errno::EIO)?;
    DONE
}

fn write<T: IntoBytes + zerocopy::Immutable>(to: u64, value: &T) -> Result<Value> {
    UserPtr::new(to).write(value)?;
    DONE
}

fn registers(held: &Held, request: u32, address: u64, data: u64) -> Option<Result<Value>> {
    Some(match request {
        ptrace::PTRACE_GETREGS => held.registers().and_then(|registers| write(data, &registers)),
        ptrace::PTRACE_SETREGS => set_registers(held, data),
        ptrace::PTRACE_GETFPREGS => get_vectors(held, Part::Legacy, data, usize::MAX).map(|_| Value(0)),
        ptrace::PTRACE_SETFPREGS => set_vectors(held, Part::Legacy, data, 512).and(DONE),
        ptrace::PTRACE_GETREGSET => get_set(held, address, data),
        ptrace::PTRACE_SETREGSET => set_set(held, address, data),
        ptrace::PTRACE_ARCH_PRCTL => base(held, address, data),
        _ => return None,
    })
}

fn set_registers(held: &Held, from: u64) -> Result<Value> {
    let registers: UserRegisters = UserPtr::new(from).read()?;
    held.set_registers(&registers).and(DONE)
}

fn base(held: &Held, to: u64, which: u64) -> Result<Value> {
    let registers = held.registers()?;
    match which {
        GET_FS => write(to, &registers.fs_base),
        GET_GS => write(to, &registers.gs_base),
        _ => Err(Errno::EINVAL),
    }
}

/// Writes as much of the vector state as there is room for; how much that was.
fn get_vectors(held: &Held, part: Part, to: u64, room: usize) -> Result<usize> {
    // A copy, since user memory is not written under a lock.
    let mut copy: Vec<u8> = mm::alloc::try_vec(MOST_VECTORS)?;
    held.vectors(part, |bytes| {
        let count = bytes.len().min(room).min(MOST_VECTORS);
        copy.extend_from_slice(&bytes[..count]);
    })?;
    Sink::from_user(to, copy.len()).write(&copy)?;
    Ok(copy.len())
}

fn set_vectors(held: &Held, part: Part, from: u64, len: usize) -> Result<usize> {
    let mut copy: Vec<u8> = mm::alloc::try_vec(MOST_VECTORS)?;
    copy.resize(len.min(MOST_VECTORS), 0);
    let count = Source::from_user(from, copy.len()).copy_to(&mut copy)?;
    held.set_vectors(part, &copy[..count])?;
    Ok(count)
}

/// A set of registers, into a buffer whose length becomes that of what was written.
fn get_set(held: &Held, set: u64, data: u64) -> Result<Value> {
    let place: UserPtr<Iovec> = UserPtr::new(data);
    let mut buffer = place.read()?;
    let room = buffer.length as usize;
    let count = match set {
        GENERAL => {
            let registers = held.registers()?;
            let bytes = registers.as_bytes();
            let count = bytes.len().min(room);
            Sink::from_user(buffer.base, count).write(&bytes[..count])?
        }
        FLOATING => get_vectors(held, Part::Legacy, buffer.base, room)?,
        EXTENDED => get_vectors(held, Part::Whole, buffer.base, room)?,
        _ => return Err(Errno::EINVAL),
    };
    buffer.length = count as u64;
    place.write(&buffer)?;
    DONE
}

fn set_set(held: &Held, set: u64, data: u64) -> Result<Value> {
    let place: UserPtr<Iovec> = UserPtr::new(data);
    let mut buffer = place.read()?;
    let len = buffer.length as usize;
    let count = match set {
        GENERAL => {
            let mut registers = held.registers()?;
            let bytes = registers.as_mut_bytes();
            let count = bytes.len().min(len);
            Source::from_user(buffer.base, count).copy_to(&mut bytes[..count])?;
            held.set_registers(&registers)?;
            count
        }
        FLOATING => set_vectors(held, Part::Legacy, buffer.base, len.min(512))?,
        EXTENDED => set_vectors(held, Part::Whole, buffer.base, len)?,
        _ => return Err(Errno::EINVAL),
    };
    buffer.length = count as u64;
    place.write(&buffer)?;
    DONE
}

fn signals(held: &Held, request: u32, address: u64, data: u64) -> Option<Result<Value>> {
    Some(match request {
        ptrace::PTRACE_SETOPTIONS => options(data).and_then(|options| held.set_options(options)).and(DONE),
        ptrace::PTRACE_GETEVENTMSG => held.message().and_then(|message| write(data, &message)),
        ptrace::PTRACE_GETSIGINFO => held.details().and_then(|details| write(data, &details.to_siginfo())),
        ptrace::PTRACE_SETSIGINFO => set_details(held, data),
        ptrace::PTRACE_GETSIGMASK if address != 8 => Err(Errno::EINVAL),
        ptrace::PTRACE_GETSIGMASK => held.blocked().and_then(|blocked| write(data, &blocked.bits())),
        ptrace::PTRACE_SETSIGMASK => set_mask(held, address, data),
        ptrace::PTRACE_PEEKSIGINFO => pending(held, address, data),
        ptrace::PTRACE_GET_SYSCALL_INFO => call(held, address, data),
        _ => return None,
    })
}

fn set_details(held: &Held, from: u64) -> Result<Value> {
    let info: Siginfo = UserPtr::new(from).read()?;
    held.set_details(Details::from_siginfo(&info).map_err(|_| Errno::EINVAL)?).and(DONE)
}

fn set_mask(held: &Held, size: u64, from: u64) -> Result<Value> {
    if size != 8 {
        return Err(Errno::EINVAL);
    }
    let bits: u64 = UserPtr::new(from).read()?;
    held.set_blocked(SignalSet::from_bits(bits)).and(DONE)
}

fn pending(held: &Held, wanted: u64, to: u64) -> Result<Value> {
    let wanted: PeekSiginfo = UserPtr::new(wanted).read()?;
    let of = match wanted.flags {
        0 => Queue::Thread,
        ptrace::PTRACE_PEEKSIGINFO_SHARED => Queue::Process,
        _ => return Err(Errno::EINVAL),
    };
    let most = u64::try_from(wanted.count).map_err(|_| Errno::EINVAL)?;
    let mut told = 0;
    while told < most {
        let Some(index) = wanted.offset.checked_add(told) else { break };
        let Some(details) = held.pending(index, of)? else { break };
        write(to + told * size_of::<Siginfo>() as u64, &details.to_siginfo())?;
        told += 1;
    }
    Ok(Value(told as usize))
}

/// Writes what is known of the call, as much as there is room for; how much it would be.
fn call(held: &Held, room: u64, to: u64) -> Result<Value> {
    let (info, known): (SyscallInfo, usize) = held.call()?;
    let count = known.min(room as usize);
    Sink::from_user(to, count).write(&info.as_bytes()[..count])?;
    Ok(Value(known))
}
